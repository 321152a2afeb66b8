#include "codec/torch/refine.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <limits>

namespace nae {
namespace {

using torch::Tensor;

constexpr double kFirstShare = 0.7, kLastShare = 0.1;  // of the symbols that would gain by moving
// Change of all symbols at which the curvature is measured: small against a step, large against rounding errors.
constexpr double kProbe = 0.1;
constexpr int64_t kCell = 16;  // pixels per latent position and axis

// NHWC in memory, [1, c, h, w] logically, without a copy.
template <class T>
Tensor planes(const T* data, int64_t h, int64_t w, int64_t c, torch::ScalarType type) {
    return torch::from_blob(const_cast<T*>(data), {1, h, w, c}, type).permute({0, 3, 1, 2});
}

class Refinement {
  public:
    Refinement(const FloatGraph& synthesis, const std::vector<NodeTensors>& tensors, const nae_refinement& t)
        : synthesis_(synthesis), tensors_(tensors), t_(t) {
        const int64_t h = t.h, w = t.w, c = t.channels;
        mean_ = planes(t.mean, h, w, c, torch::kFloat);
        step_ = planes(t.step, 1, 1, c, torch::kFloat);
        const Tensor index = planes(t.index, h, w, c, torch::kByte);
        free_ = (planes(t.free, h, w, 1, torch::kByte) != 0) & (index != 0);
        target_ = planes(t.target, kCell * h, kCell * w, 3, torch::kFloat);
        weight_ = planes(t.weight, kCell * h, kCell * w, 1, torch::kFloat);
        bits_ = torch::from_blob(const_cast<float*>(t.bits), {int64_t{t.tables} * t.magnitudes});
        rows_ = index.to(torch::kLong) * int64_t{t.magnitudes};
    }

    std::string run(int16_t* symbols) {
        Tensor now = planes(symbols, t_.h, t_.w, t_.channels, torch::kShort).to(torch::kFloat), best = now;
        double least = std::numeric_limits<double>::infinity();
        const Tensor half = 0.5 * curvature(now);
        for (int round = 0; round < t_.rounds; ++round) {
            if (t_.go_on != nullptr && t_.go_on(t_.user) == 0) return "stopped";
            const Tensor bits = cost(now);
            Tensor slope;
            const double total =
                error(now, &slope) + torch::where(free_, bits, torch::zeros({})).sum().item<double>();
            if (total < least) least = total, best = now;
            const Tensor down = half - slope + cost(now - 1) - bits, up = half + slope + cost(now + 1) - bits;
            const double share =
                kFirstShare + (kLastShare - kFirstShare) * round / std::max(1, t_.rounds - 1);
            const Tensor moves = free_ & (torch::minimum(up, down) < 0) & (chance() < share);
            now = torch::where(moves, torch::where(down < up, now - 1, now + 1), now);
        }
        planes(symbols, t_.h, t_.w, t_.channels, torch::kShort).copy_(best);
        return {};
    }

  private:
    Tensor chance() { return torch::rand(mean_.sizes(), generator_); }

    // What symbols cost, each by its table.
    Tensor cost(const Tensor& symbols) const {
        return torch::take(bits_, rows_ + symbols.abs().clamp_max(t_.magnitudes - 1).to(torch::kLong));
    }

    Tensor pixels(const Tensor& symbols) const {
        const Tensor latent = mean_ + symbols * step_;
        return run_float_graph(synthesis_, tensors_, latent.contiguous(torch::MemoryFormat::ChannelsLast)) *
               t_.pixel_unit;
    }

    double error(const Tensor& symbols, Tensor* slope) const {
        const torch::AutoGradMode with_grad(true);
        const Tensor at = symbols.detach().clone().requires_grad_(true);
        const Tensor off = pixels(at).clamp(-128, 127) - target_;
        const Tensor sum = (off.square() * weight_).sum() * t_.bits_per_error;
        *slope = torch::autograd::grad({sum}, {at})[0];
        return sum.item<double>();
    }

    // Diagonal of the error's Hessian J'J, the mean of each channel: v * J'J v for random signs v.
    Tensor curvature(const Tensor& symbols) {
        const Tensor signs = (chance() < 0.5).to(torch::kFloat) * 2 - 1;
        const Tensor moved = pixels(symbols + signs * kProbe);
        const torch::AutoGradMode with_grad(true);
        const Tensor at = symbols.detach().clone().requires_grad_(true);
        const Tensor out = pixels(at);
        const Tensor along = (moved - out.detach()) / kProbe * weight_;
        const Tensor product = torch::autograd::grad({(out * along).sum()}, {at})[0];
        return ((product * signs).mean({2, 3}, true) * (2 * t_.bits_per_error)).clamp_min(0);
    }

    const FloatGraph& synthesis_;
    const std::vector<NodeTensors>& tensors_;
    const nae_refinement& t_;
    Tensor mean_, step_, free_, target_, weight_, bits_, rows_;
    at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(1);
};

}  // namespace

std::string refine_symbols(const FloatGraph& synthesis, const std::vector<NodeTensors>& tensors,
                           const nae_refinement& task, int16_t* symbols) {
    if (task.h < 1 || task.w < 1 || task.channels < 1 || task.tables < 1 || task.magnitudes < 1)
        return "a refinement of nothing";
    const torch::NoGradGuard no_grad;
    return Refinement(synthesis, tensors, task).run(symbols);
}

}  // namespace nae
