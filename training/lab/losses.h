// Losses of the laboratory. Pictures are [N, c, h, w] in 0..1.
#pragma once

#include "codec/torch/libtorch.h"

namespace nae::training {

// Structural similarity of each picture, [N] (Wang, Bovik, Sheikh, Simoncelli 2004): 11x11 Gaussian window of sigma 1.5,
// K1 = 0.01, K2 = 0.03, windows inside the picture only, each channel by itself, then the mean. The same numbers as
// viewer/core/ssim.h.
torch::Tensor ssim(const torch::Tensor& a, const torch::Tensor& b);

// Mean squared error of each picture, [N].
torch::Tensor mse(const torch::Tensor& a, const torch::Tensor& b);

// Binary cross-entropy of each picture in nats, summed over its pixels, [N] (Kingma and Welling 2014).
torch::Tensor cross_entropy(const torch::Tensor& made, const torch::Tensor& picture);

// Kullback–Leibler divergence of N(mean, exp(log_variance)) from N(0, 1) in nats, summed over all but the first
// dimension, [N].
torch::Tensor kl_divergence(const torch::Tensor& mean, const torch::Tensor& log_variance);

}  // namespace nae::training
