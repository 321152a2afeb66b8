#include "codec/pixel_output.h"

namespace nae {

void write_pixels(const TensorView16& values, int frac_bits, int bands, uint8_t* data, ptrdiff_t pixel_stride,
                  ptrdiff_t row_stride, ptrdiff_t band_stride) {
    for (int y = 0; y < values.h; ++y) {
        const int16_t* in = values.pixel(y, 0);
        uint8_t* row = data + y * row_stride;
        if (bands == 1) {
            for (ptrdiff_t x = 0; x < values.w; ++x) {
                row[x * pixel_stride] = gray_from(in[3 * x] + in[3 * x + 1] + in[3 * x + 2], frac_bits);
            }
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

}  // namespace nae
