#include "training/orthogonalise.h"

namespace nae::training {

torch::Tensor orthogonalise(const torch::Tensor& g, torch::ScalarType working) {
    // Coefficients of Jordan et al.: steepest at zero, so that five rounds suffice; they do not converge to 1.
    constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
    const bool tall = g.size(-2) > g.size(-1);
    torch::Tensor x = g.to(working).contiguous();
    // The iteration starts from g over its norm; small matrices are scaled in its stead.
    const torch::Tensor norm =
        x.dim() == 2 ? x.norm(2, torch::kFloat) : x.norm(2, {-2, -1}, true, torch::kFloat);
    const torch::Tensor scale = norm.clamp_min(1e-18).reciprocal();  // its square is finite
    for (int round = 0; round < 5; ++round) {
        torch::Tensor gram = tall ? torch::matmul(x.mT(), x) : torch::matmul(x, x.mT());
        if (round == 0) gram.mul_(scale * scale);
        torch::Tensor polynomial = gram * kB + torch::matmul(gram, gram) * kC;
        polynomial.diagonal(0, -2, -1).add_(kA);
        if (round == 0) polynomial.mul_(scale);
        x = tall ? torch::matmul(x, polynomial) : torch::matmul(polynomial, x);
    }
    return x.contiguous();
}

}  // namespace nae::training
