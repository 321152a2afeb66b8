#include "training/lab/losses.h"

#include <cmath>

namespace nae::training {
namespace {

constexpr int kWindow = 11;
constexpr double kSigma = 1.5, kC1 = 0.01 * 0.01, kC2 = 0.03 * 0.03;

// [n - 10, n]: row i holds the Gaussian window's weights for the values i .. i + 10.
torch::Tensor windows(int64_t n) {
    const torch::Tensor at = torch::arange(kWindow) - kWindow / 2;
    const torch::Tensor g = torch::exp(at * at / (-2 * kSigma * kSigma));
    torch::Tensor out = torch::zeros({n - kWindow + 1, n});
    for (int64_t i = 0; i < out.size(0); ++i) out[i].narrow(0, i, kWindow).copy_(g / g.sum());
    return out;
}

// Weighted means over windows; the window is the product of a row and a column. As products of matrices: convolutions of
// one channel are several times slower.
torch::Tensor blur(const torch::Tensor& x) {
    return torch::matmul(windows(x.size(2)), torch::matmul(x, windows(x.size(3)).t()));
}

}  // namespace

torch::Tensor ssim(const torch::Tensor& a, const torch::Tensor& b) {
    const torch::Tensor all = blur(torch::cat({a, b, a * a, b * b, a * b}));
    const auto part = all.chunk(5);
    const torch::Tensor ab = part[0] * part[1], aa = part[0] * part[0], bb = part[1] * part[1];
    const torch::Tensor map =
        (2 * ab + kC1) * (2 * (part[4] - ab) + kC2) / ((aa + bb + kC1) * (part[2] - aa + part[3] - bb + kC2));
    return map.mean({1, 2, 3});
}

torch::Tensor mse(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).square().mean({1, 2, 3}); }

torch::Tensor cross_entropy(const torch::Tensor& made, const torch::Tensor& picture) {
    return torch::binary_cross_entropy(made, picture, {}, at::Reduction::None).sum({1, 2, 3});
}

torch::Tensor kl_divergence(const torch::Tensor& mean, const torch::Tensor& log_variance) {
    return (0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)).flatten(1).sum(1);
}

}  // namespace nae::training
