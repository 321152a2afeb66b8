#include "training/rate.h"

#include <array>
#include <cmath>

#include "training/cuda/kernels.h"
#include "training/cuda/stream.h"
#include "training/rate_kernels.h"

namespace nae::training {
namespace {

constexpr double kMinProbability = 1e-9;
constexpr double kLog2E = 1.4426950408889634;
constexpr double kSqrtHalf = 0.7071067811865476;

class LowerBound : public torch::autograd::Function<LowerBound> {
  public:
    static torch::Tensor forward(torch::autograd::AutogradContext* ctx, const torch::Tensor& x,
                                 double bound) {
        ctx->save_for_backward({x});
        ctx->saved_data["bound"] = bound;
        return x.clamp_min(bound);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list grad) {
        const torch::Tensor x = ctx->get_saved_variables()[0];
        const double bound = ctx->saved_data["bound"].toDouble();
        // Gradient descent moves against the gradient: a negative gradient raises x and may pass.
        return {grad[0] * ((x >= bound) | (grad[0] < 0)), torch::Tensor()};
    }
};

// As operators, where there is no kernel: bits and both derivatives.
std::array<torch::Tensor, 3> gaussian_bits_tensors(const torch::Tensor& v, const torch::Tensor& s) {
    const torch::Tensor a = v.abs();
    const torch::Tensor inv = s.reciprocal();
    const torch::Tensor hi = (0.5 - a).mul_(inv), lo = (-0.5 - a).mul_(inv);
    const torch::Tensor p =
        (torch::erfc(hi * -kSqrtHalf) - torch::erfc(lo * -kSqrtHalf)).mul_(0.5).clamp_min_(kMinProbability);
    constexpr double kInvSqrt2Pi = 0.3989422804014327;
    const torch::Tensor fh = (hi * hi).mul_(-0.5).exp_().mul_(kInvSqrt2Pi);
    const torch::Tensor fl = (lo * lo).mul_(-0.5).exp_().mul_(kInvSqrt2Pi);
    const torch::Tensor scale = inv * kLog2E / p;
    const torch::Tensor dv = (fh - fl).mul_(scale).mul_(v.sign());  // d bits / d v
    const torch::Tensor ds = (fh * hi - fl * lo).mul_(scale);       // d bits / d s
    return {p.log2().neg_(), dv, ds};
}

bool has_kernels(torch::Device device) {
#ifdef NAE_WITH_CUDA
    return device.is_cpu() || device.is_cuda();
#else
    return device.is_cpu();
#endif
}

// Whether both can be walked through as one array.
bool side_by_side(const torch::Tensor& a, const torch::Tensor& b) {
    return a.device() == b.device() && has_kernels(a.device()) && a.scalar_type() == torch::kFloat &&
           b.scalar_type() == torch::kFloat && a.sizes() == b.sizes() && a.strides() == b.strides() &&
           a.is_non_overlapping_and_dense();
}

// The forward pass already computes both derivatives: cheaper than recording twenty small operations.
class GaussianBits : public torch::autograd::Function<GaussianBits> {
  public:
    static torch::Tensor forward(torch::autograd::AutogradContext* ctx, const torch::Tensor& v,
                                 const torch::Tensor& s) {
        if (!side_by_side(v, s)) {
            const auto [bits, dv, ds] = gaussian_bits_tensors(v, s);
            ctx->save_for_backward({dv, ds});
            return bits;
        }
        const torch::Tensor bits = torch::empty_like(v), dv = torch::empty_like(v), ds = torch::empty_like(v);
        const auto run = [&](auto&& kernel) {
            kernel(v.numel(), v.data_ptr<float>(), s.data_ptr<float>(), float(kMinProbability),
                   bits.data_ptr<float>(), dv.data_ptr<float>(), ds.data_ptr<float>());
        };
#ifdef NAE_WITH_CUDA
        if (v.is_cuda())
            run([](auto... a) { gaussian_bits_cuda(current_stream(), a...); });
        else
#endif
            run(gaussian_bits_kernel);
        ctx->save_for_backward({dv, ds});
        return bits;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list grad) {
        const auto saved = ctx->get_saved_variables();
        return {grad[0] * saved[0], grad[0] * saved[1]};
    }
};

}  // namespace

torch::Tensor gaussian_bits(const torch::Tensor& v, const torch::Tensor& scale) {
    return GaussianBits::apply(v, LowerBound::apply(scale, kMinScale));
}

torch::Tensor logistic_bits(const torch::Tensor& v, const torch::Tensor& scale) {
    const torch::Tensor s = LowerBound::apply(scale, kMinScale);
    const torch::Tensor a = v.abs();
    const torch::Tensor p = torch::sigmoid((0.5 - a) / s) - torch::sigmoid((-0.5 - a) / s);
    return -LowerBound::apply(p, kMinProbability).log2();
}

torch::Tensor rate_aware_round(const torch::Tensor& v, const torch::Tensor& scale,
                               const torch::Tensor& weight) {
    const torch::NoGradGuard no_grad;
    if (side_by_side(v, scale)) {
        const torch::Tensor weights = torch::empty_like(v).copy_(weight), symbols = torch::empty_like(v);
        const auto run = [&](auto&& kernel) {
            kernel(v.numel(), v.data_ptr<float>(), scale.data_ptr<float>(), weights.data_ptr<float>(),
                   float(kMinScale), float(kMinProbability), symbols.data_ptr<float>());
        };
#ifdef NAE_WITH_CUDA
        if (v.is_cuda())
            run([](auto... a) { rate_aware_round_cuda(current_stream(), a...); });
        else
#endif
            run(rate_aware_round_kernel);
        return symbols;
    }
    const torch::Tensor a = v.abs(), nearest = a.round(),
                        inv = scale.clamp_min(kMinScale).reciprocal() * kSqrtHalf;
    // Twice the probabilities of `nearest` and of one less.
    const torch::Tensor inner = torch::erfc((nearest - 0.5) * inv);
    const torch::Tensor here = (inner - torch::erfc((nearest + 0.5) * inv)).clamp_min_(kMinProbability);
    const torch::Tensor below = (torch::erfc((nearest - 1.5) * inv) - inner).clamp_min_(kMinProbability);
    const torch::Tensor saved = (below / here).log2_();
    const torch::Tensor error = a - nearest;  // one less adds (error + 1)^2 - error^2
    const torch::Tensor down = (saved > weight * (2 * error + 1)) & (nearest > 0);
    return (nearest - down.to(torch::kFloat)) * v.sign();
}

torch::Tensor round_straight_through(const torch::Tensor& v) { return v + (v.round() - v).detach(); }

}  // namespace nae::training
