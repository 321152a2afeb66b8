#include "training/pca_start.h"

#include "codec/torch/graph_runner.h"

namespace nae::training {

PcaStart shapes_only(int channels) { return {torch::zeros({channels, 768}), torch::ones({channels}), 0}; }

PcaStart learn_pca(CropSampler& sampler, int channels, int batches) {
    torch::NoGradGuard no_grad;
    torch::Tensor covariance = torch::zeros({768, 768}, torch::kDouble);
    int64_t count = 0;
    for (int i = 0; i < batches; ++i) {
        const torch::Tensor b = space_to_depth(sampler.training_batch(16).blocks, 2);
        const torch::Tensor x = b.permute({0, 2, 3, 1}).reshape({-1, 768});
        covariance += x.t().matmul(x).to(torch::kDouble);
        count += x.size(0);
    }
    covariance /= double(count);
    const auto [values, vectors] = torch::linalg_eigh(covariance);
    PcaStart out;
    out.basis = vectors.t().flip(0).narrow(0, 0, channels).to(torch::kFloat).contiguous();
    const torch::Tensor falling = values.flip(0).clamp_min(0);
    out.stddev = falling.narrow(0, 0, channels).sqrt().to(torch::kFloat).contiguous();
    out.discarded = falling.narrow(0, channels, 768 - channels).sum().item<double>() / 768 * 128 * 128;
    return out;
}

}  // namespace nae::training
