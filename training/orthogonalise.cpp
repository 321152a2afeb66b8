#include "training/orthogonalise.h"

namespace nae::training {

torch::Tensor orthogonalise(const torch::Tensor& g, torch::ScalarType working) {
    // Coefficients of Jordan et al.: steepest at zero, so that five rounds suffice; they do not converge to 1.
    constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
    const bool tall = g.size(0) > g.size(1);
    torch::Tensor x = (tall ? g.t() : g).to(torch::kFloat);
    x = (x / (x.norm() + 1e-20)).to(working).contiguous();
    for (int round = 0; round < 5; ++round) {
        const torch::Tensor gram = torch::mm(x, x.t());
        const torch::Tensor polynomial = gram * kB + torch::mm(gram, gram) * kC;
        x = x * kA + torch::mm(polynomial, x);
    }
    return (tall ? x.t() : x).to(torch::kFloat).contiguous();
}

}  // namespace nae::training
