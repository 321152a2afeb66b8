// One convolution in integers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/torch/libtorch.h"

namespace nae::training {

// All activations, the network's input included, are kept within ±kActivationLimit: 13 bits and sign.
constexpr int kActivationLimit = 8191;

struct IntegerConv {
    std::vector<int16_t> weights;     // [out][ky][kx][in]
    std::vector<int32_t> bias, mult;  // [out]
    std::vector<double> scale;        // [out]: steps of the accumulator in a real 1
};

struct ConvUnits {
    std::vector<double> in, out;  // real values of one integer step, per channel
    std::vector<double> most_bias =
        {};  // [out], real: magnitudes that the bias may get later; empty: its own
    int input_limit = kActivationLimit;  // magnitude of the input's integers
};

// w: [out, in, k, k] real weights; b: [out]. Each output channel has the largest scale of its weights that
// int16, the proof of the engine's bounds (|bias| + Σ|w|·input_limit < 2^31) and mult's range allow. `what`
// begins messages. Throws std::runtime_error when there is none.
IntegerConv quantise_conv(const torch::Tensor& w, const torch::Tensor& b, const ConvUnits& units,
                          const std::string& what);

}  // namespace nae::training
