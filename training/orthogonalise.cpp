#include "training/orthogonalise.h"

namespace nae::training {

torch::Tensor orthogonalise(const torch::Tensor& g, torch::ScalarType working) {
    // Coefficients of Jordan et al.: steepest at zero, so that five rounds suffice; they do not converge to 1.
    constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
    const bool tall = g.size(0) > g.size(1);
    torch::Tensor x = g.to(working).contiguous();
    // The iteration starts from g over its norm; small matrices are scaled in its stead.
    const torch::Tensor scale =
        x.norm(2, torch::kFloat).clamp_min(1e-18).reciprocal();  // its square is finite
    for (int round = 0; round < 5; ++round) {
        torch::Tensor gram = tall ? torch::mm(x.t(), x) : torch::mm(x, x.t());
        if (round == 0) gram.mul_(scale * scale);
        torch::Tensor polynomial = gram * kB + torch::mm(gram, gram) * kC;
        polynomial.diagonal().add_(kA);
        if (round == 0) polynomial.mul_(scale);
        x = tall ? torch::mm(x, polynomial) : torch::mm(polynomial, x);
    }
    return x.contiguous();
}

}  // namespace nae::training
