#include "training/flat_adam.h"

#include <torch/optim/adam.h>

#include "tests/torch/catch_after_torch.h"
#include "training/orthogonalise.h"

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
        fused.step(1e-2, 1e9, 0.9);
        CHECK(fused.norm() > 0);
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
    a.step(0.1, 1, 0.9);
    CHECK_FALSE(std::isfinite(a.norm()));
    CHECK(torch::equal(a.value(i, false), torch::ones({8})));
    CHECK(a.steps() == 0);
}

TEST_CASE("A state without the parameters that came later can be gone on from, another cannot") {
    FlatAdam before(torch::kCPU, torch::kFloat), after(torch::kCPU, torch::kFloat),
        other(torch::kCPU, torch::kFloat);
    before.add("w", torch::full({4}, 2.0), false);
    before.seal();
    after.add("w", torch::zeros({4}), false);
    after.later_parameters();
    const int later = after.add("scale", torch::full({3}, 5.0), false);
    after.seal();
    other.add("w", torch::zeros({6}), false);
    other.seal();
    REQUIRE(after.restore(before.state(), 7));
    CHECK(after.steps() == 7);
    CHECK(torch::equal(after.leaf(0).detach(), torch::full({4}, 2.0)));
    CHECK(torch::equal(after.leaf(later).detach(), torch::full({3}, 5.0)));
    CHECK_FALSE(other.restore(before.state(), 7));  // smaller, but not by what came later
    CHECK_FALSE(before.restore(after.state(), 7));
    CHECK(after.restore(after.state(), 9));
}

TEST_CASE("Orthogonalised matrices have singular values near one") {
    torch::manual_seed(3);
    for (const auto& shape : {std::pair<int, int>{24, 90}, {90, 24}, {32, 32}}) {
        const torch::Tensor g = torch::randn({shape.first, shape.second}) * 1e-3;
        const torch::Tensor o = orthogonalise(g, torch::kFloat);
        REQUIRE(o.sizes() == g.sizes());
        const torch::Tensor s = torch::linalg_svdvals(o);
        CHECK(s.max().item<double>() < 1.3);
        CHECK(s.median().item<double>() > 0.6);
    }
    const torch::Tensor several = torch::randn({3, 10, 20});
    CHECK(torch::allclose(orthogonalise(several, torch::kFloat)[1], orthogonalise(several[1], torch::kFloat),
                          1e-4, 1e-5));
    CHECK(orthogonalise(torch::zeros({4, 6}), torch::kFloat).abs().max().item<double>() == 0);
}

TEST_CASE("A step with tensors, as on a GPU, is the step of the loops") {
    torch::manual_seed(8);
    FlatAdam loops(torch::kCPU, torch::kFloat), tensors(torch::kCPU, torch::kFloat);
    tensors.use_tensors();
    std::vector<torch::Tensor> start = {torch::randn({8, 4, 3, 3}), torch::randn({8, 4, 3, 3}),
                                        torch::randn({16, 8}), torch::randn({16})};
    for (FlatAdam* o : {&loops, &tensors}) {
        for (size_t i = 0; i < start.size(); ++i)
            o->add("w" + std::to_string(i), start[i], i != 3, i == 3 ? 5.0 : 1.0, i < 3);
        o->seal();
        o->use_muon(true);
    }
    for (int step = 0; step < 10; ++step) {
        for (FlatAdam* o : {&loops, &tensors}) {
            torch::Tensor loss = torch::zeros({});
            for (size_t i = 0; i < start.size(); ++i)  // the last gets no gradient at first
                if (i != 3 || step > 4) loss = loss + (o->leaf(int(i)) - double(i)).square().sum();
            loss.backward();
            o->step(1e-2, 5.0, 0.9);
        }
        CHECK(loops.norm() == Approx(tensors.norm()).epsilon(1e-4));
    }
    for (int i = 0; i < 3; ++i)
        for (const bool averaged : {false, true})
            CHECK(torch::allclose(loops.value(i, averaged), tensors.value(i, averaged), 1e-3, 1e-4));
    CHECK(torch::equal(tensors.leaf(0).detach(), tensors.value(0, false)));
    tensors.refresh(true);
    CHECK(torch::equal(tensors.leaf(0).detach(), tensors.value(0, true)));
}

TEST_CASE("A step with tensors without a finite gradient stops at what momentum is left") {
    FlatAdam a(torch::kCPU, torch::kBFloat16);
    a.use_tensors();
    const int i = a.add("w", torch::ones({8}), true);
    a.seal();
    (a.leaf(i) * std::numeric_limits<float>::quiet_NaN()).sum().backward();
    a.step(0.1, 1, 0.9);
    CHECK_FALSE(std::isfinite(a.norm()));
    CHECK(torch::equal(a.value(i, false), torch::ones({8})));
}

TEST_CASE("Muon moves hidden weights only, and downhill") {
    torch::manual_seed(5);
    const torch::Tensor w0 = torch::randn({8, 4, 3, 3}), target = torch::randn({8, 4, 3, 3});
    FlatAdam plain(torch::kCPU, torch::kFloat), muon(torch::kCPU, torch::kFloat);
    for (FlatAdam* o : {&plain, &muon}) {
        o->add("hidden", w0, false, 1.0, true);
        o->add("other", w0, false);
        o->seal();
    }
    muon.use_muon(true);
    double first = 0, last = 0;
    for (int step = 0; step < 60; ++step) {
        for (FlatAdam* o : {&plain, &muon}) {
            const torch::Tensor loss =
                (o->leaf(0) - target).square().sum() + (o->leaf(1) - target).square().sum();
            loss.backward();
            if (o == &muon) (step == 0 ? first : last) = loss.item<double>();
            o->step(5e-2, 1e9, 0.9);
        }
    }
    CHECK(last < 0.5 * first);
    CHECK(torch::allclose(plain.value(1, false), muon.value(1, false)));
    CHECK_FALSE(torch::allclose(plain.value(0, false), muon.value(0, false), 1e-3, 1e-3));
}
