// Weights of float convolutions in the order their kernels read them (float_conv_task.h).
#ifndef NAE_CODEC_PACK_FLOAT_CONV_H_
#define NAE_CODEC_PACK_FLOAT_CONV_H_

#include <cstdint>
#include <vector>

#include "codec/float_conv_task.h"
#include "codec/float_graph.h"
#include "codec/tensor.h"

namespace nae {

enum class FloatConvKind : uint8_t { direct, bfloat16, int16, winograd };

struct PackedFloatConv {
    FloatConvKind kind = FloatConvKind::direct;
    AlignedFloats weights;              // direct and winograd
    AlignedBfloat16s bfloat16_weights;  // bfloat16
    AlignedVector16 int16_weights;      // int16
    AlignedFloats unit;                 // int16: [co], of its sums
    float scale = 0;                    // int16: of its inputs
    std::vector<float> bias;
};

// How a convolution may be computed where the input channels are even and Winograd's algorithm does not serve.
struct PairsAllowed {
    bool bfloat16 = false;
    float int16_limit = 0;  // int16 if positive: inputs are within this
};
PackedFloatConv pack_float_conv(const FloatNode& node, int in_channels, const PairsAllowed& allowed);

}  // namespace nae

#endif  // NAE_CODEC_PACK_FLOAT_CONV_H_
