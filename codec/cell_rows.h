// Rows of pixels out of cells: what a depth_to_space of block b makes of its input, without making it.
#ifndef NAE_CODEC_CELL_ROWS_H_
#define NAE_CODEC_CELL_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "codec/region.h"
#include "codec/tensor.h"

namespace nae {

constexpr int kPixelChannels = 3;

// Cells that pixels of a rectangle lie in.
inline Rect cells_of(const Rect& pixels, int64_t b) {
    const int64_t x = pixels.x / b, y = pixels.y / b;
    return Rect{x, y, div_up(pixels.right(), b) - x, div_up(pixels.bottom(), b) - y};
}

// Pixels of 3 values in cells of b x b, row by row within a cell. Views `values`, which must outlive it.
class CellRows {
  public:
    // values: the cells `cells` of a raster of cells, dense, 3 b^2 channels.
    CellRows(const Tensor16& values, const Rect& cells, int b) : values_(&values), cells_(cells), b_(b) {}

    // Pixels x .. x + n - 1 of row y of the raster: in place where cells have one pixel, else copied to `buffer`, which has
    // room for 3 n values.
    const int16_t* row(int64_t y, int64_t x, int64_t n, int16_t* buffer) const {
        const int64_t dy = y % b_;
        const int16_t* cell =
            values_->pixel(static_cast<int>(y / b_ - cells_.y), static_cast<int>(x / b_ - cells_.x)) +
            dy * b_ * kPixelChannels;
        if (b_ == 1) return cell;
        int16_t* to = buffer;
        const int64_t skipped = x % b_, first = std::min(n, (b_ - skipped) % b_);
        if (first > 0) {  // the rest of a cell
            std::memcpy(to, cell + skipped * kPixelChannels, bytes(first));
            to += first * kPixelChannels;
            cell += values_->c;
        }
        int64_t left = n - first;
        // A size the compiler knows: a copy is then three instructions instead of a call.
        constexpr int64_t kUsual = 8;
        for (; b_ == kUsual && left >= kUsual;
             left -= kUsual, to += kUsual * kPixelChannels, cell += values_->c)
            std::memcpy(to, cell, bytes(kUsual));
        for (; left > 0; left -= b_, to += b_ * kPixelChannels, cell += values_->c)
            std::memcpy(to, cell, bytes(std::min(left, b_)));
        return buffer;
    }

  private:
    static constexpr size_t bytes(int64_t pixels) {
        return static_cast<size_t>(pixels) * kPixelChannels * sizeof(int16_t);
    }

    const Tensor16* values_;
    Rect cells_;
    int64_t b_;
};

}  // namespace nae

#endif  // NAE_CODEC_CELL_ROWS_H_
