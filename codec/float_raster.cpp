#include "codec/float_raster.h"

#include <algorithm>

namespace nae {
void FloatRaster::create(int height, int width, int channels, int border, const RowRange& held) {
    h = height;
    w = width;
    c = channels;
    border_ = border;
    held_ = held;
    other_ = nullptr;
    // Tiles are counted from the raster's first row, whichever is held first.
    const int64_t fill = border == 0 ? 0 : kFloatTile - 1;
    stride_ = (width + fill + 2 * ptrdiff_t{border}) * channels;
    origin_ = border * (stride_ + channels);
    const int64_t rows = held.end - held.first + fill + 2 * int64_t{border};
    data_.resize(static_cast<size_t>(rows) * static_cast<size_t>(stride_));
    if (border == 0) return;
    float* const first = data_.data();
    float* const end = first + data_.size();
    const ptrdiff_t side = ptrdiff_t{border} * c;
    if (held.first == 0) std::fill(first, row(0) - side, 0.0F);
    for (int64_t y = held.first; y < held.end; ++y) {
        std::fill(row(y) - side, row(y), 0.0F);
        float* const right = row(y) + ptrdiff_t{w} * c;
        std::fill(right, row(y + 1) - side, 0.0F);
    }
    if (held.end == h) std::fill(row(h) - side, end, 0.0F);
}

void FloatRaster::refer_to(const float* values, int64_t first, int height, int width, int channels) {
    h = height;
    w = width;
    c = channels;
    border_ = 0;
    held_ = RowRange{first, height};
    stride_ = ptrdiff_t{width} * channels;
    origin_ = 0;
    data_ = AlignedFloats();
    other_ = values;
}

}  // namespace nae
