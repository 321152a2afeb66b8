// What a convolution of the encoder's float networks is told, whichever kernel computes it.
#ifndef NAE_CODEC_FLOAT_CONV_TASK_H_
#define NAE_CODEC_FLOAT_CONV_TASK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace nae {

// One convolution, dense tensors; the input already contains the zeros around the picture.
template <class T>
struct DenseConvTask {
    int kernel = 1, stride = 1;
    int in_channels = 0, out_channels = 0;
    const T* in = nullptr;  // tap (0, 0) of output (0, 0)
    ptrdiff_t in_row = 0;   // values from one input row to the next
    int h = 0, w = 0;       // output
    float* out = nullptr;
    const T* weights = nullptr;   // in the kernel's order, padded with zeros
    const float* bias = nullptr;  // padded to a multiple of 16
};

// Weights [co / 16][ky][kx][ci][16].
using FloatConvTask = DenseConvTask<float>;
// bfloat16; weights [co / 16][ky][kx][ci / 2][16][2], so that the input channels must be even.
using Bfloat16ConvTask = DenseConvTask<uint16_t>;

// Where P pixels of the output from `first` on, row by row, are read from and written to; past the last one that one again.
template <int P, class T>
inline void locate_pixels(const DenseConvTask<T>& t, int64_t first, const T* (&in)[P], float* (&out)[P]) {
    const int64_t last = int64_t{t.h} * t.w - 1;
    for (int p = 0; p < P; ++p) {
        const int64_t i = std::min(first + p, last), y = i / t.w, x = i % t.w;
        in[p] = t.in + y * t.stride * t.in_row + x * t.stride * t.in_channels;
        out[p] = t.out + i * t.out_channels;
    }
}

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_CONV_TASK_H_
