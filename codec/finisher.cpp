#include "codec/finisher.h"

#include <cstring>
#include <utility>
#include <vector>

#include "codec/engine_kernels.h"
#include "codec/post_filter_engines.h"

namespace nae {
namespace {

constexpr int64_t kRowsAtOnce = 32;  // that a thread hands on

// Hands on the rows of a window as they are.
Status pass_on(const CellRows& pixels, const Rect& window, ThreadTeam* team, const Finisher::Row& row) {
    return share(team, div_up(window.h, kRowsAtOnce), [&](int64_t i) {
        std::vector<int16_t> buffer(static_cast<size_t>(window.w) * kPixelChannels);
        const int64_t first = window.y + i * kRowsAtOnce,
                      end = std::min(first + kRowsAtOnce, window.bottom());
        for (int64_t y = first; y < end; ++y)
            NAE_RETURN_IF_ERROR(row(y, pixels.row(y, window.x, window.w, buffer.data())));
        return Status();
    });
}

}  // namespace

Result<std::unique_ptr<const Finisher>> Finisher::create(const ReadyModel& model, int quality_centi,
                                                         EngineLevel level, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    std::unique_ptr<Finisher> finisher(new Finisher());
    const Model& m = model.model;
    if (!m.lap.empty()) finisher->lapper_.emplace(m.lap, *kernels);
    if (!m.restoration.empty())
        finisher->restorer_.emplace(m.restoration, quality_centi, m.output_frac_bits, *kernels);
    if (model.post_filter != nullptr) {
        NAE_ASSIGN_OR_RETURN(PackedGraph graph, model.post_filter->get(quality_centi));
        finisher->polisher_.emplace(std::move(graph), level, limits);
    }
    return std::unique_ptr<const Finisher>(std::move(finisher));
}

Rect Finisher::polished(const Rect& window, const Extents& raster) const {
    return polisher_ ? polisher_->required(window, raster) : window;
}

Rect Finisher::filtered(const Rect& window, const Extents& raster) const {
    return restorer_ ? Restorer::required(window, raster) : window;
}

Rect Finisher::required(const Rect& window, const Extents& raster) const {
    const Rect last = polished(window, raster);
    if (last.empty()) return Rect{};
    const Rect pixels = filtered(last, raster);
    return lapper_ ? Lapper::required(pixels, raster) : pixels;
}

Status Finisher::run_filters(const CellRows& made, const Rect& available, const Extents& raster,
                             const Rect& window, ThreadTeam* team, const Row& row) const {
    if (!lapper_) {
        if (restorer_) return restorer_->run(made, available, raster, window, team, row);
        return pass_on(made, window, team, row);
    }
    const Rect held = Lapper::required(filtered(window, raster), raster);
    if (!available.contains(held))
        return Status(ErrorCode::internal, "pixels that the overlap of blocks needs are missing");
    Tensor16 lapped;
    NAE_RETURN_IF_ERROR(lapper_->run(made, held, raster, lapped, team));
    const CellRows rows(lapped, held, 1);
    if (restorer_) return restorer_->run(rows, held, raster, window, team, row);
    return pass_on(rows, window, team, row);
}

Status Finisher::run(const CellRows& made, const Rect& available, const Extents& raster, const Rect& window,
                     ThreadTeam* team, const Row& row) const {
    if (!polisher_) return run_filters(made, available, raster, window, team, row);
    const Rect held = polished(window, raster);
    Tensor16 pixels(static_cast<int>(held.h), static_cast<int>(held.w), kPixelChannels);
    const auto keep = [&](int64_t y, const int16_t* rgb) {
        std::memcpy(pixels.pixel(static_cast<int>(y - held.y), 0), rgb,
                    static_cast<size_t>(held.w) * kPixelChannels * sizeof(int16_t));
        return Status();
    };
    NAE_RETURN_IF_ERROR(run_filters(made, available, raster, held, team, keep));
    return polisher_->run(pixels, held, raster, window, team, row);
}

}  // namespace nae
