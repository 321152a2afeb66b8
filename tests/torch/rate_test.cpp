#include "training/rate.h"

#include <cmath>

#include "tests/torch/catch_after_torch.h"

using namespace nae::training;

namespace {

double gaussian_reference(double v, double s) {
    const double k = 1 / std::sqrt(2.0);
    return -std::log2(0.5 * (std::erf((v + 0.5) / s * k) - std::erf((v - 0.5) / s * k)));
}

}  // namespace

TEST_CASE("Gaussian bits and their gradients") {
    for (double v : {0.0, 0.3, -1.7, 4.0})
        for (double s : {0.2, 0.9, 3.0}) {
            if (gaussian_reference(v, s) > 25) continue;  // below the probability floor of training
            torch::Tensor tv = torch::full({1}, v).set_requires_grad(true),
                          ts = torch::full({1}, s).set_requires_grad(true);
            const torch::Tensor bits = gaussian_bits(tv, ts);
            CHECK(double(bits.item<float>()) == Approx(gaussian_reference(v, s)).epsilon(1e-3).margin(1e-4));
            bits.sum().backward();
            const double e = 1e-4;
            const double dv = (gaussian_reference(v + e, s) - gaussian_reference(v - e, s)) / (2 * e);
            const double ds = (gaussian_reference(v, s + e) - gaussian_reference(v, s - e)) / (2 * e);
            CHECK(double(tv.grad().item<float>()) == Approx(dv).epsilon(5e-3).margin(2e-3));
            CHECK(double(ts.grad().item<float>()) == Approx(ds).epsilon(5e-3).margin(2e-3));
        }
}

TEST_CASE("Probabilities of all integers sum to one") {
    for (double s : {0.3, 2.0}) {
        const torch::Tensor v = torch::arange(-40, 41).to(torch::kFloat), scale = torch::full_like(v, s);
        CHECK(double(torch::exp2(-gaussian_bits(v, scale)).sum().item<float>()) == Approx(1).epsilon(1e-4));
        CHECK(double(torch::exp2(-logistic_bits(v, scale)).sum().item<float>()) == Approx(1).epsilon(1e-4));
    }
}

TEST_CASE("A scale below its bound can still grow") {
    torch::Tensor s = torch::full({1}, 0.01).set_requires_grad(true);
    gaussian_bits(torch::full({1}, 0.8), s).sum().backward();
    CHECK(s.grad().item<float>() < 0);
}

TEST_CASE("Rate-aware rounding takes the cheaper of two neighbours") {
    constexpr double kFloor = 0.5e-9;  // no symbol counts as rarer than this
    std::vector<float> values;
    for (int i = -900; i <= 900; ++i) values.push_back(static_cast<float>(i * 0.0131 + 0.0007));
    int lowered = 0, close = 0;
    for (const double scale : {0.05, 0.2, 0.7, 2.0, 9.0})
        for (const double weight : {0.0, 0.4, 3.0, 50.0}) {
            const torch::Tensor v = torch::tensor(values);
            const torch::Tensor rounded =
                rate_aware_round(v, torch::full_like(v, scale), torch::full({1}, weight));
            for (size_t i = 0; i < values.size(); ++i) {
                const double size = std::abs(double(values[i])), nearest = std::round(size);
                const auto cost = [&](double symbol) {
                    const double bits = gaussian_reference(symbol, std::max(scale, kMinScale));
                    return std::min(bits, -std::log2(kFloor)) + weight * (size - symbol) * (size - symbol);
                };
                const double gain = nearest > 0 ? cost(nearest) - cost(nearest - 1) : -1;
                if (std::abs(gain) < 1e-3) {
                    ++close;  // to be decided by single precision
                    continue;
                }
                lowered += gain > 0;
                const double expected = std::copysign(gain > 0 ? nearest - 1 : nearest, values[i]);
                CAPTURE(values[i], scale, weight);
                CHECK(double(rounded[static_cast<int64_t>(i)].item<float>()) == expected);
            }
        }
    CHECK(lowered > 1000);
    CHECK(close < 1000 + 1801 * 2);  // with weight 0, both below the floor
}

TEST_CASE("Rates in one pass are those of the operators") {
    torch::manual_seed(9);
    // Dense and side by side for the kernel; every second value of twice as many for the operators.
    const torch::Tensor v = torch::randn({4000, 2}) * torch::tensor({2.0, 0.3});
    const torch::Tensor scale = torch::exp(torch::randn({4000, 2}));
    const auto both = [&](auto f) {
        const torch::Tensor strided_v = torch::stack({v, v}, 2).select(2, 0),
                            strided_scale = torch::stack({scale, scale}, 2).select(2, 0);
        std::vector<torch::Tensor> out;
        for (const bool kernel : {true, false}) {
            torch::Tensor a = (kernel ? v : strided_v).detach(),
                          b = (kernel ? scale : strided_scale).detach();
            REQUIRE(a.is_non_overlapping_and_dense() == kernel);
            f(a, b, out);
        }
        return out;
    };
    const auto bits = both([](torch::Tensor& a, torch::Tensor& b, std::vector<torch::Tensor>& out) {
        a.set_requires_grad(true), b.set_requires_grad(true);
        const torch::Tensor r = gaussian_bits(a, b);
        r.sum().backward();
        out.insert(out.end(), {r.detach(), a.grad(), b.grad()});
    });
    for (size_t i = 0; i < 3; ++i) {
        // Where a probability is at its floor, roundings decide on which side.
        const torch::Tensor usual = bits[0] < 24;
        CHECK(usual.sum().item<int64_t>() > 7000);
        CHECK(torch::allclose(bits[i].masked_select(usual), bits[i + 3].masked_select(usual), 2e-3, 2e-4));
    }
    const auto symbols = both([](torch::Tensor& a, torch::Tensor& b, std::vector<torch::Tensor>& out) {
        out.push_back(rate_aware_round(a, b, torch::full({1}, 2.0)));
    });
    CHECK((symbols[0] != symbols[1]).sum().item<int64_t>() < 8);  // ties of single precision
}
