// Convolutions of bfloat16 values with float sums: twice the multiply-adds of floats where the processor has AVX512_BF16.
// For the encoder's networks, which are trained in that precision; nothing that a decoder computes.
#ifndef NAE_CODEC_CONV_BFLOAT16_H_
#define NAE_CODEC_CONV_BFLOAT16_H_

#include <cstddef>
#include <cstdint>

#include "codec/float_conv_task.h"

namespace nae {

// Whether this processor, and this build, can do the other two.
bool has_bfloat16();
void conv_bfloat16(const Bfloat16ConvTask& task);
// The nearest bfloat16 of each value, ties to even.
void to_bfloat16(const float* in, uint16_t* out, size_t n);

}  // namespace nae

#endif  // NAE_CODEC_CONV_BFLOAT16_H_
