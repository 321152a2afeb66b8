#include "codec/polisher.h"

#include <algorithm>

namespace nae {
namespace {

// Rows of pixels that go through the network at once. Around them 16 rows on either side are computed partly: a tenth more work
// with 128, a quarter with 64, a half with 32. More would only take more memory, 35 kB for each row of 512 pixels.
constexpr int64_t kStripRows = 128;
// A strip has so many times the rows that the network reaches on either side, at least.
constexpr int64_t kRowsPerReach = 2;
// Strips begin at multiples of this, so that what a network makes of cells is computed once.
constexpr int64_t kAlignment = 16;

// As many rows as there are for each thread, within reason: small pictures keep all of them busy, too. needed: what the window
// depends on.
int64_t strip_rows(const Rect& window, const Rect& needed, const ThreadTeam* team) {
    const int64_t each = div_up(window.h, team != nullptr ? team->threads() : 1);
    const int64_t reach = std::max(window.y - needed.y, needed.bottom() - window.bottom());
    const int64_t least = std::max(kRowsPerReach * reach, kAlignment);
    return div_up(std::clamp(each, least, std::max(least, kStripRows)), kAlignment) * kAlignment;
}

}  // namespace

Status Polisher::run(const Tensor16& pixels, const Rect& available, const Extents& raster, const Rect& window,
                     ThreadTeam* team, const Row& row) const {
    const Rect needed = required(window, raster);
    if (needed.empty() || !available.contains(needed))
        return Status(ErrorCode::internal, "pixels that the post-filter needs are missing");
    const int64_t rows = strip_rows(window, needed, team), first = window.y / kAlignment * kAlignment;
    return share(team, div_up(window.bottom() - first, rows), [&](int64_t i) {
        const Rect strip = intersect(Rect{window.x, first + i * rows, window.w, rows}, window);
        Tensor16 out;
        NAE_RETURN_IF_ERROR(
            Engine::run(graph_, raster, pixels, available, strip, out, level_, limits_).in("post-filter"));
        for (int64_t y = strip.y; y < strip.bottom(); ++y)
            NAE_RETURN_IF_ERROR(row(y, out.pixel(static_cast<int>(y - strip.y), 0)));
        return Status();
    });
}

}  // namespace nae
