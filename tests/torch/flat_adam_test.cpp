#include "training/flat_adam.h"

#include "tests/torch/catch_after_torch.h"

using namespace nae::training;

TEST_CASE("The fused step is Adam") {
    torch::manual_seed(5);
    const torch::Tensor w0 = torch::randn({4, 3, 3, 3}), target = torch::randn({4, 3, 3, 3});
    FlatAdam fused(torch::kCPU, torch::kFloat);
    const int i = fused.add("w", w0, false);
    fused.seal();
    torch::Tensor reference = w0.clone().set_requires_grad(true);
    torch::optim::Adam adam({reference}, torch::optim::AdamOptions(1e-2).betas({0.9, 0.999}).eps(1e-8));
    for (int step = 0; step < 20; ++step) {
        (fused.leaf(i) - target).square().sum().backward();
        CHECK(fused.step(1e-2, 1e9, 0.9) > 0);
        adam.zero_grad();
        (reference - target).square().sum().backward();
        adam.step();
    }
    CHECK(torch::allclose(fused.value(i, false), reference, 1e-4, 1e-5));
    CHECK_FALSE(torch::allclose(fused.value(i, true), reference, 1e-4, 1e-5));  // the average lags behind
}

TEST_CASE("A step without a finite gradient changes nothing") {
    FlatAdam a(torch::kCPU, torch::kBFloat16);
    const int i = a.add("w", torch::ones({8}), true);
    a.seal();
    (a.leaf(i) * std::numeric_limits<float>::quiet_NaN()).sum().backward();
    CHECK_FALSE(std::isfinite(a.step(0.1, 1, 0.9)));
    CHECK(torch::equal(a.value(i, false), torch::ones({8})));
    CHECK(a.steps() == 0);
}
