// The rasters between the operators of a float network.
#ifndef NAE_CODEC_FLOAT_RASTER_H_
#define NAE_CODEC_FLOAT_RASTER_H_

#include <cstddef>
#include <cstdint>

#include "codec/float_conv_task.h"

namespace nae {

// Rows [first, end) of a raster.
struct RowRange {
    int64_t first = 0, end = INT64_MAX;

    bool empty() const { return first >= end; }
};

// Rows of a raster of h x w x c values, channel fastest, with zeros around the raster for convolutions to read: `border`
// pixels on each side, and at the right and below as many more as fill the last tile of Winograd's algorithm. Without a
// border rows are dense.
class FloatRaster {
  public:
    int h = 0, w = 0, c = 0;

    // held: the rows that are in memory. The zeros are set, the values are not.
    void create(int height, int width, int channels, int border, const RowRange& held);
    // Dense rows from `first` on in somebody else's memory, which must outlive this. Only to be read.
    void refer_to(const float* values, int64_t first, int height, int width, int channels);

    ptrdiff_t row_stride() const { return stride_; }  // values from one row to the next
    float* row(int64_t y) { return data_.data() + origin_ + (y - held_.first) * stride_; }
    const float* row(int64_t y) const {
        return (other_ != nullptr ? other_ : data_.data()) + origin_ + (y - held_.first) * stride_;
    }
    // Pixel (y - reach, -reach), reach at most the border.
    const float* corner(int64_t y, int reach) const { return row(y) - reach * (stride_ + c); }
    // Values from a place in the raster to the end of its memory.
    size_t left_from(const float* place) const {
        return static_cast<size_t>(data_.data() + data_.size() - place);
    }

    // row_stride() values: a row and the zeros beside it.
    float* whole_row(int64_t y) { return row(y) - ptrdiff_t{border_} * c; }
    const float* whole_row(int64_t y) const { return row(y) - ptrdiff_t{border_} * c; }

  private:
    int border_ = 0;
    RowRange held_{0, 0};
    ptrdiff_t stride_ = 0, origin_ = 0;
    AlignedFloats data_;
    const float* other_ = nullptr;
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_RASTER_H_
