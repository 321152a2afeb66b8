#include "codec/polisher.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "codec/cell_rows.h"

namespace nae {
namespace {

// Rows of pixels that go through the network at once
const int64_t kStripRows = std::getenv("STRIP") ? std::atoi(std::getenv("STRIP")) : 64;
const int64_t kColumns = std::getenv("COLS") ? std::atoi(std::getenv("COLS")) : 4096;
const bool kByRows = std::getenv("BYROWS") != nullptr;

}  // namespace

Status Polisher::run(const Tensor16& pixels, const Rect& available, const Extents& raster, const Rect& window,
                     ThreadTeam* team, const Row& row) const {
    if (window.empty()) return Status(ErrorCode::internal, "an empty window of the post-filter");
    const int64_t first = window.y / kStripRows, end = div_up(window.bottom(), kStripRows);
    const int64_t columns = div_up(window.w, kColumns);
    const auto body = [&](int64_t i, ThreadTeam* inner) {
        const Rect strip = intersect(
            Rect{window.x + i % columns * kColumns, (first + i / columns) * kStripRows, kColumns, kStripRows},
            window);
        Tensor16 out;
        NAE_RETURN_IF_ERROR(Engine::run(graph_, raster, pixels, available, strip, out, level_, limits_, inner)
                                .in("post-filter"));
        for (int64_t y = strip.y; y < strip.bottom(); ++y)
            NAE_RETURN_IF_ERROR(row(y, out.pixel(static_cast<int>(y - strip.y), 0)));
        return Status();
    };
    const int64_t n = (end - first) * columns;
    if (kByRows) {
        for (int64_t i = 0; i < n; ++i) NAE_RETURN_IF_ERROR(body(i, team));
        return Status();
    }
    return share(team, n, [&](int64_t i) { return body(i, nullptr); });
}

}  // namespace nae
