// Convolutions of real values in fixed point: twice the multiply-adds of floats, and of bfloat16 as some processors compute it,
// where there is AVX512_VNNI. For what is known to be small: the pixels that the encoder's networks read.
#ifndef NAE_CODEC_CONV_INT16_H_
#define NAE_CODEC_CONV_INT16_H_

#include <cstddef>
#include <cstdint>

#include "codec/float_conv_task.h"

namespace nae {

// Magnitudes of inputs are at most this; sums of products with a channel's weights stay within 32 bits.
constexpr int kMostInt16Input = 8191;

// Whether this processor, and this build, can do the other two.
bool has_int16();
void conv_int16(const Int16ConvTask& task);
// scale * value, rounded to the nearest integer, ties to even; saturated.
void to_int16(const float* in, float scale, int16_t* out, size_t n);

}  // namespace nae

#endif  // NAE_CODEC_CONV_INT16_H_
