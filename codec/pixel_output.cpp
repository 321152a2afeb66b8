#include "codec/pixel_output.h"

#include <cstring>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

template <class Sample>
void write_samples(const TensorView16& values, int channel, const SampleTable& table, uint8_t* data,
                   ptrdiff_t pixel_stride, ptrdiff_t row_stride) {
    for (int y = 0; y < values.h; ++y) {
        const int16_t* in = values.pixel(y, 0);
        uint8_t* out = data + y * row_stride;
        for (int x = 0; x < values.w; ++x, in += 3, out += pixel_stride) {
            const auto sample =
                static_cast<Sample>(table(channel >= 0 ? in[channel] : in[0] + in[1] + in[2]));
            std::memcpy(out, &sample, sizeof(sample));
        }
    }
}

}  // namespace

void write_pixels(const Kernels& kernels, const TensorView16& values, int frac_bits, int bands, uint8_t* data,
                  ptrdiff_t pixel_stride, ptrdiff_t row_stride, ptrdiff_t band_stride) {
    for (int y = 0; y < values.h; ++y) {
        const int16_t* in = values.pixel(y, 0);
        uint8_t* row = data + y * row_stride;
        if (bands == 1) {
            for (ptrdiff_t x = 0; x < values.w; ++x) {
                row[x * pixel_stride] = gray_from(in[3 * x] + in[3 * x + 1] + in[3 * x + 2], frac_bits);
            }
        } else if (pixel_stride == 1) {
            kernels.planes(in, static_cast<size_t>(values.w), frac_bits,
                           {row, row + band_stride, row + 2 * band_stride});
        } else if (pixel_stride == 3 && band_stride == 1) {
            // Interleaved like the tensor: one run of samples, which compilers vectorise.
            const ptrdiff_t samples = ptrdiff_t{3} * values.w;
            for (ptrdiff_t i = 0; i < samples; ++i) row[i] = sample_from(in[i], frac_bits);
        } else {
            for (ptrdiff_t x = 0; x < values.w; ++x) {
                for (ptrdiff_t b = 0; b < 3; ++b) {
                    row[x * pixel_stride + b * band_stride] = sample_from(in[3 * x + b], frac_bits);
                }
            }
        }
    }
}

void write_band(const TensorView16& values, int channel, const SampleTable& table, size_t sample_bytes,
                uint8_t* data, ptrdiff_t pixel_stride, ptrdiff_t row_stride) {
    if (sample_bytes == 1) {
        write_samples<uint8_t>(values, channel, table, data, pixel_stride, row_stride);
    } else if (sample_bytes == 2) {
        write_samples<uint16_t>(values, channel, table, data, pixel_stride, row_stride);
    } else {
        write_samples<uint32_t>(values, channel, table, data, pixel_stride, row_stride);
    }
}

}  // namespace nae
