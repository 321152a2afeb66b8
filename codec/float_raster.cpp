#include "codec/float_raster.h"

#include <algorithm>

namespace nae {
namespace {

int64_t framed(int extent, int border) {
    if (border == 0) return extent;
    return (int64_t{extent} + kFloatTile - 1) / kFloatTile * kFloatTile + 2 * int64_t{border};
}

}  // namespace

void FloatRaster::create(int height, int width, int channels, int border) {
    h = height;
    w = width;
    c = channels;
    stride_ = framed(width, border) * channels;
    origin_ = border * (stride_ + channels);
    data_.resize(static_cast<size_t>(framed(height, border)) * static_cast<size_t>(framed(width, border)) *
                 static_cast<size_t>(channels));
    if (border == 0) return;
    float* const first = data_.data();
    float* const end = first + data_.size();
    std::fill(first, row(0) - ptrdiff_t{border} * c, 0.0F);
    for (int64_t y = 0; y < h; ++y) {
        std::fill(row(y) - ptrdiff_t{border} * c, row(y), 0.0F);
        float* const right = row(y) + ptrdiff_t{w} * c;
        std::fill(right, y + 1 < h ? row(y + 1) - ptrdiff_t{border} * c : end, 0.0F);
    }
}

}  // namespace nae
