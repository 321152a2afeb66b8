// The rasters between the operators of a float network.
#ifndef NAE_CODEC_FLOAT_RASTER_H_
#define NAE_CODEC_FLOAT_RASTER_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "codec/float_conv_task.h"

namespace nae {

// h x w x c values, channel fastest, with zeros around them for convolutions to read: `border` pixels on each side, and at
// the right and below as many more as fill the last tile of Winograd's algorithm. Without a border rows are dense.
class FloatRaster {
  public:
    int h = 0, w = 0, c = 0;

    // The zeros are set, the values are not.
    void create(int height, int width, int channels, int border);

    ptrdiff_t row_stride() const { return stride_; }  // values from one row to the next
    float* row(int64_t y) { return data_.data() + origin_ + y * stride_; }
    const float* row(int64_t y) const { return data_.data() + origin_ + y * stride_; }
    // Pixel (-reach, -reach), reach at most the border.
    ptrdiff_t corner(int reach) const { return origin_ - reach * (stride_ + c); }
    const AlignedFloats& memory() const { return data_; }
    AlignedFloats take() { return std::move(data_); }

  private:
    ptrdiff_t stride_ = 0, origin_ = 0;
    AlignedFloats data_;
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_RASTER_H_
