// Rate models used in training: how many bits the entropy coder will need.
#pragma once

#include "codec/torch/libtorch.h"

namespace nae::training {

// Bits of `v` under a zero-mean Gaussian of standard deviation `scale` integrated over [v - 1/2, v + 1/2]
// (Ballé et al. 2018, "Variational image compression with a scale hyperprior"). Both tensors float32, same shape, in
// units of the quantisation step. With additive uniform noise on v this is the differentiable stand-in for the rate.
// Scales are bounded below at kMinScale, with the gradient of the bound passed only where it would raise the scale.
constexpr double kMinScale = 0.11;
torch::Tensor gaussian_bits(const torch::Tensor& v, const torch::Tensor& scale);

// The same for a zero-mean logistic distribution: heavier tails, used for the hyper-latent.
torch::Tensor logistic_bits(const torch::Tensor& v, const torch::Tensor& scale);

// The integer that the encoder would take for `v` (choose_symbols() in codec/latent_quantiser.h): the nearest, or the
// next one toward zero where that lowers bits + weight * squared error. Tensors of one shape, except that weight may
// broadcast; float32, in units of the quantisation step. No gradient.
torch::Tensor rate_aware_round(const torch::Tensor& v, const torch::Tensor& scale,
                               const torch::Tensor& weight);

// round() whose gradient is the identity (straight-through estimator).
torch::Tensor round_straight_through(const torch::Tensor& v);

}  // namespace nae::training
