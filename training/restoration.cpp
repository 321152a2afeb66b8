#include "training/restoration.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "training/restoration_kernels.h"

namespace nae::training {
namespace {

using torch::Tensor;

int quality_centi_of(float quality) { return 100 + int(std::lround(double(quality) * 9900)); }

class Restore : public torch::autograd::Function<Restore> {
  public:
    static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& blocks, const Tensor& quality,
                          const RestorationFilter* filter, int64_t frac_bits) {
        // [N, H/8, W/8, 192] in memory.
        const Tensor in = blocks.detach().permute({0, 2, 3, 1}).contiguous();
        Tensor out = torch::empty_like(in);
        const Tensor q = quality.detach().to(torch::kFloat).contiguous();
        const RestorationPlane plane{in.size(1) * 8, in.size(2) * 8, 128.0F * float(1 << frac_bits)};
        for (int64_t i = 0; i < in.size(0); ++i)
            restore_forward(plane, filter->at(quality_centi_of(q.data_ptr<float>()[i])), int(frac_bits),
                            in[i].data_ptr<float>(), out[i].data_ptr<float>());
        ctx->save_for_backward({in, q});
        ctx->saved_data["filter"] = int64_t(reinterpret_cast<intptr_t>(filter));
        ctx->saved_data["frac_bits"] = frac_bits;
        return out.permute({0, 3, 1, 2});
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = ctx->get_saved_variables();
        const auto* filter =
            reinterpret_cast<const RestorationFilter*>(intptr_t(ctx->saved_data["filter"].toInt()));
        const int64_t frac_bits = ctx->saved_data["frac_bits"].toInt();
        const Tensor &in = saved[0], &q = saved[1];
        const Tensor upstream = gradients[0].permute({0, 2, 3, 1}).contiguous();
        Tensor out = torch::empty_like(in);
        const RestorationPlane plane{in.size(1) * 8, in.size(2) * 8, 128.0F * float(1 << frac_bits)};
        for (int64_t i = 0; i < in.size(0); ++i)
            restore_backward(plane, filter->at(quality_centi_of(q.data_ptr<float>()[i])), int(frac_bits),
                             in[i].data_ptr<float>(), upstream[i].data_ptr<float>(),
                             out[i].data_ptr<float>());
        return {out.permute({0, 3, 1, 2}), Tensor(), Tensor(), Tensor()};
    }
};

}  // namespace

Tensor restore(const Tensor& blocks, const Tensor& quality, const RestorationFilter& filter,
               int output_frac_bits) {
    return Restore::apply(blocks, quality, &filter, output_frac_bits);
}

}  // namespace nae::training
