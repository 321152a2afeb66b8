#include "training/restoration_batch.h"

#include <ATen/Parallel.h>

#include "training/cuda/kernels.h"
#include "training/cuda/stream.h"

namespace nae::training {
namespace {

using torch::Tensor;

// [N, H/8, W/8, 192] as it lies in memory, and what the loops need beside it.
RestorationBatch batch_of(const Tensor& cells, const Tensor& quality, const std::vector<Tensor>& tables,
                          const std::vector<int64_t>& sizes, const Tensor& planes, const Tensor& classes) {
    RestorationBatch b;
    b.count = int32_t(cells.size(0));
    b.height = int32_t(cells.size(1) * 8);
    b.width = int32_t(cells.size(2) * 8);
    b.sets = int32_t(sizes[0]);
    b.activities = int32_t(sizes[1]);
    b.scale = 128.0F * float(1 << sizes[2]);
    b.to_sixteenths = 0.25F * 16.0F / float(1 << sizes[2]);
    b.quality = quality.data_ptr<float>();
    b.clips = tables[0].data_ptr<float>();
    b.thresholds = tables[1].data_ptr<int32_t>();
    b.taps = tables[2].data_ptr<float>();
    b.offsets = tables[3].data_ptr<int8_t>();
    b.planes = planes.data_ptr<float>();
    b.classes = classes.data_ptr<int32_t>();
    return b;
}

template <class Job>
void for_each_index(int64_t n, const Job& job) {
    at::parallel_for(0, n, 4096, [&](int64_t i, int64_t end) {
        for (; i < end; ++i) job(int32_t(i));
    });
}

void run_forward(bool on_gpu, const RestorationBatch& b, const float* in, float* out) {
#ifdef NAE_WITH_CUDA
    if (on_gpu) return restore_forward_cuda(current_stream(), b, in, out);
#endif
    TORCH_CHECK(!on_gpu, "built without CUDA");
    const int64_t pixels = int64_t(b.count) * b.height * b.width;
    for_each_index(pixels, [&](int32_t i) { unpack_pixel(b, i, in); });
    for_each_index(pixels / 16, [&](int32_t i) { classify_block(b, i); });
    for_each_index(pixels, [&](int32_t i) { filter_pixel(b, i, out); });
}

void run_backward(bool on_gpu, const RestorationBatch& b, const float* gradient, float* out) {
#ifdef NAE_WITH_CUDA
    if (on_gpu) return restore_backward_cuda(current_stream(), b, gradient, out);
#endif
    TORCH_CHECK(!on_gpu, "built without CUDA");
    for_each_index(int64_t(b.count) * b.height * b.width,
                   [&](int32_t i) { filter_gradient_pixel(b, i, gradient, out); });
}

class RestoreBatch : public torch::autograd::Function<RestoreBatch> {
  public:
    static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& blocks, const Tensor& quality,
                          const std::vector<Tensor>& tables, const std::vector<int64_t>& sizes) {
        const Tensor in = blocks.detach().permute({0, 2, 3, 1}).contiguous();
        const Tensor q = quality.detach().to(torch::kFloat).contiguous();
        const int64_t n = in.size(0), height = in.size(1) * 8, width = in.size(2) * 8;
        TORCH_CHECK(n * height * width < (int64_t{1} << 29), "the batch is too large for the filter");
        const Tensor planes = torch::empty({n, 4, height, width}, in.options());
        const Tensor classes = torch::empty({n, height / 4, width / 4}, in.options().dtype(torch::kInt));
        const Tensor out = torch::empty_like(in);
        run_forward(in.is_cuda(), batch_of(in, q, tables, sizes, planes, classes), in.data_ptr<float>(),
                    out.data_ptr<float>());
        ctx->save_for_backward({q, planes, classes, tables[0], tables[1], tables[2], tables[3]});
        ctx->saved_data["sizes"] = sizes;
        return out.permute({0, 3, 1, 2});
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = ctx->get_saved_variables();
        const std::vector<int64_t> sizes = ctx->saved_data["sizes"].toIntVector();
        const Tensor upstream = gradients[0].permute({0, 2, 3, 1}).contiguous();
        const Tensor out = torch::empty_like(upstream);
        const std::vector<Tensor> tables(saved.begin() + 3, saved.end());
        run_backward(upstream.is_cuda(), batch_of(upstream, saved[0], tables, sizes, saved[1], saved[2]),
                     upstream.data_ptr<float>(), out.data_ptr<float>());
        return {out.permute({0, 3, 1, 2}), Tensor(), Tensor(), Tensor()};
    }
};

}  // namespace

RestorationTensors::RestorationTensors(const RestorationFilter& filter, int output_frac_bits,
                                       torch::Device device)
    : sets_(int64_t(filter.sets.size())), activities_(filter.activities), frac_bits_(output_frac_bits) {
    std::vector<float> clips, taps;
    std::vector<int32_t> thresholds;
    std::vector<int8_t> offsets;
    constexpr float kUnit = 1.0F / (1 << kRestorationShift);
    for (const RestorationSet& set : filter.sets) {
        clips.push_back(set.clip);
        // Activities are below 2^31; a threshold beyond is never reached.
        for (const uint32_t t : set.thresholds)
            thresholds.push_back(int32_t(std::min(t, uint32_t{INT32_MAX})));
        for (const RestorationTaps& all : set.taps)
            for (const RestorationTap& tap : all) {
                taps.push_back(float(tap.linear) * kUnit);
                taps.push_back(float(tap.clipped) * kUnit);
            }
    }
    for (const PixelOffset& o : kRestorationOffsets) {
        offsets.push_back(int8_t(o.dy));
        offsets.push_back(int8_t(o.dx));
    }
    const auto put = [&](auto& values, torch::ScalarType type) {
        return torch::from_blob(values.data(), {int64_t(values.size())}, torch::dtype(type))
            .clone()
            .to(device);
    };
    clips_ = put(clips, torch::kFloat);
    thresholds_ = put(thresholds, torch::kInt);
    taps_ = put(taps, torch::kFloat);
    offsets_ = put(offsets, torch::kChar);
}

Tensor RestorationTensors::restore(const Tensor& blocks, const Tensor& quality) const {
    return RestoreBatch::apply(blocks, quality, std::vector<Tensor>{clips_, thresholds_, taps_, offsets_},
                               std::vector<int64_t>{sets_, activities_, frac_bits_});
}

}  // namespace nae::training
