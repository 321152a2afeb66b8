// Weights of float convolutions in the order their kernels read them (float_conv_task.h).
#ifndef NAE_CODEC_PACK_FLOAT_CONV_H_
#define NAE_CODEC_PACK_FLOAT_CONV_H_

#include <cstdint>
#include <vector>

#include "codec/float_conv_task.h"
#include "codec/float_graph.h"

namespace nae {

enum class FloatConvKind : uint8_t { direct, bfloat16, winograd };

struct PackedFloatConv {
    FloatConvKind kind = FloatConvKind::direct;
    AlignedFloats weights;              // direct and winograd
    AlignedBfloat16s bfloat16_weights;  // bfloat16
    std::vector<float> bias;
};

// bfloat16: where the input channels are even and Winograd's algorithm does not serve.
PackedFloatConv pack_float_conv(const FloatNode& node, int in_channels, bool bfloat16);

}  // namespace nae

#endif  // NAE_CODEC_PACK_FLOAT_CONV_H_
