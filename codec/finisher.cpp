#include "codec/finisher.h"

namespace nae {
namespace {

constexpr int64_t kRowsAtOnce = 32;  // that a thread hands on

}  // namespace

Finisher::Finisher(const Model& model, int quality_centi, const Kernels& kernels) {
    if (!model.lap.empty()) lapper_.emplace(model.lap, kernels);
    if (!model.restoration.empty())
        restorer_.emplace(model.restoration, quality_centi, model.output_frac_bits, kernels);
}

// What the restoration filter looks at.
Rect Finisher::filtered(const Rect& window, const Extents& raster) const {
    return restorer_ ? Restorer::required(window, raster) : window;
}

Rect Finisher::required(const Rect& window, const Extents& raster) const {
    const Rect pixels = filtered(window, raster);
    return lapper_ ? Lapper::required(pixels, raster) : pixels;
}

Status Finisher::run(const CellRows& made, const Rect& available, const Extents& raster, const Rect& window,
                     ThreadTeam* team, const Row& row) const {
    if (!lapper_) return restorer_->run(made, available, raster, window, team, row);
    const Rect held = required(window, raster);
    if (!available.contains(held))
        return Status(ErrorCode::internal, "pixels that the overlap of blocks needs are missing");
    Tensor16 lapped;
    NAE_RETURN_IF_ERROR(lapper_->run(made, held, raster, lapped, team));
    if (restorer_) return restorer_->run(CellRows(lapped, held, 1), held, raster, window, team, row);
    return share(team, div_up(window.h, kRowsAtOnce), [&](int64_t i) {
        const int64_t first = window.y + i * kRowsAtOnce,
                      end = std::min(first + kRowsAtOnce, window.bottom());
        for (int64_t y = first; y < end; ++y)
            NAE_RETURN_IF_ERROR(
                row(y, lapped.pixel(static_cast<int>(y - held.y), static_cast<int>(window.x - held.x))));
        return Status();
    });
}

}  // namespace nae
