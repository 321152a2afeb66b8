// The last step of decoding: synthesis output to samples.
#ifndef NAE_CODEC_PIXEL_OUTPUT_H_
#define NAE_CODEC_PIXEL_OUTPUT_H_

#include <cstddef>
#include <cstdint>

#include "codec/sample_table.h"
#include "codec/tensor.h"

namespace nae {

struct Kernels;  // codec/engine_kernels.h

// One sample: v in units of 2^-F around mid-gray.
//   pixel = clamp(((v + 2^(F-1)) >> F) + 128, 0, 255)
inline uint8_t sample_from(int32_t v, int frac_bits) {
    const int32_t pixel = ((v + (1 << (frac_bits - 1))) >> frac_bits) + 128;
    return static_cast<uint8_t>(pixel < 0 ? 0 : pixel > 255 ? 255 : pixel);
}

// Mean of the three channels, rounded to nearest; sum = r + g + b.
//   gray = clamp(floor((2 sum + 3 2^F) / (6 2^F)) + 128, 0, 255)
inline uint8_t gray_from(int32_t sum, int frac_bits) {
    // Adding 128 whole steps first makes the dividend non-negative where the result is, so that division
    // floors.
    const int32_t n = 2 * sum + (3 << frac_bits) + 128 * (6 << frac_bits);
    if (n < 0) return 0;
    const int32_t gray = n / (6 << frac_bits);
    return static_cast<uint8_t>(gray > 255 ? 255 : gray);
}

// Writes all of `values` (h x w x 3) as `bands` (1 or 3) bands; strides in bytes.
void write_pixels(const Kernels& kernels, const TensorView16& values, int frac_bits, int bands, uint8_t* data,
                  ptrdiff_t pixel_stride, ptrdiff_t row_stride, ptrdiff_t band_stride);

// Writes one band of `values` through its table: channel 0 .. 2, or the sum of all three for gray (channel -1),
// as samples of 1, 2 or 4 bytes; strides in bytes.
void write_band(const TensorView16& values, int channel, const SampleTable& table, size_t sample_bytes,
                uint8_t* data, ptrdiff_t pixel_stride, ptrdiff_t row_stride);

}  // namespace nae

#endif  // NAE_CODEC_PIXEL_OUTPUT_H_
