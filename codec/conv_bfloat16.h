// Convolutions of bfloat16 values with float sums: twice the multiply-adds of floats where the processor has AVX512_BF16.
// For the encoder's networks, which are trained in that precision; nothing that a decoder computes.
#ifndef NAE_CODEC_CONV_BFLOAT16_H_
#define NAE_CODEC_CONV_BFLOAT16_H_

#include <cstddef>
#include <cstdint>

namespace nae {

// One convolution, dense tensors; the input already contains the zeros around the picture.
struct Bfloat16ConvTask {
    int kernel = 1, stride = 1;
    int in_channels = 0, out_channels = 0;  // the first even
    const uint16_t* in = nullptr;           // tap (0, 0) of output (0, 0)
    ptrdiff_t in_row = 0;                   // values from one input row to the next
    int h = 0, w = 0;                       // output
    float* out = nullptr;
    const uint16_t* weights = nullptr;  // [co / 16][ky][kx][ci / 2][16][2], padded with zeros
    const float* bias = nullptr;        // padded to a multiple of 16
};

// Whether this processor, and this build, can do the other two.
bool has_bfloat16();
void conv_bfloat16(const Bfloat16ConvTask& task);
// The nearest bfloat16 of each value, ties to even.
void to_bfloat16(const float* in, uint16_t* out, size_t n);

}  // namespace nae

#endif  // NAE_CODEC_CONV_BFLOAT16_H_
