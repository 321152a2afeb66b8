#include "codec/lapper.h"

#include <algorithm>
#include <cstring>

namespace nae {
namespace {

// Pixels are mixed within [16 k - 8, 16 k + 8); those before the first border and behind the last one stay alone.
int64_t begin_of(int64_t at) {
    return std::max<int64_t>((at + kLapReach) / kLapSide * kLapSide - kLapReach, 0);
}
int64_t end_of(int64_t at, int64_t extent) {
    return std::min(div_up(at + kLapReach, kLapSide) * kLapSide - kLapReach, extent);
}

}  // namespace

Rect Lapper::required(const Rect& window, const Extents& raster) {
    if (window.empty()) return Rect{};
    const int64_t x = begin_of(window.x), y = begin_of(window.y);
    return {x, y, end_of(window.right(), raster.w) - x, end_of(window.bottom(), raster.h) - y};
}

Status Lapper::run(const CellRows& pixels, const Rect& window, const Extents& raster, Tensor16& out,
                   ThreadTeam* team) const {
    if (window.empty() || window != required(window, raster))
        return Status(ErrorCode::internal, "a window that cuts pixels off from those they are mixed with");
    out.resize(static_cast<int>(window.h), static_cast<int>(window.w), kPixelChannels);
    // Rows that are mixed with each other are 16, at the top and the bottom of the raster 8.
    const int64_t groups = div_up(window.bottom() + kLapReach, kLapSide) - (window.y + kLapReach) / kLapSide;
    return share(team, groups, [&](int64_t i) {
        const int64_t y0 = begin_of(window.y + i * kLapSide);
        const int64_t y1 = end_of(y0 + 1, raster.h);
        for (int64_t y = y0; y < y1; ++y) {
            int16_t* const to = out.pixel(static_cast<int>(y - window.y), 0);
            const int16_t* const made = pixels.row(y, window.x, window.w, to);
            if (made != to)
                std::memcpy(to, made, static_cast<size_t>(window.w * kPixelChannels) * sizeof(int16_t));
        }
        LapTask t;
        t.lap = &lap_;
        t.pixels = out.pixel(static_cast<int>(y0 - window.y), 0);
        t.row = static_cast<ptrdiff_t>(window.w) * kPixelChannels;
        t.h = static_cast<int>(y1 - y0);
        t.w = window.w;
        t.first_border = window.x == 0 ? kLapSide : kLapReach;
        kernels_.lap(t);
        return Status();
    });
}

}  // namespace nae
