#include "training/post_filter_gain.h"

#include <cmath>

#include "training/post_filter_batch.h"

namespace nae::training {
namespace {

// Samples, minus 128, as sample_from() (codec/pixel_output.h) has them.
torch::Tensor as_samples(const torch::Tensor& pixels) { return (pixels + 0.5).floor().clamp(-128, 127); }

double squared_error(const torch::Tensor& pixels, const torch::Tensor& original) {
    return (as_samples(pixels) - original).square().mean().item<double>();
}

}  // namespace

Result<PostFilterGains> post_filter_gains(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                          const PostFilterRun& run) {
    constexpr double kLeast = 1e-3;  // a crop without any error neither gains nor loses
    PostFilterGains sums;
    std::map<int, int> counts;
    for (const CodedCropView& crop : crops) {
        const PostFilterBatch whole = whole_crop(crop, head);
        NAE_ASSIGN_OR_RETURN(const torch::Tensor filtered, run(crop));
        const double before = squared_error(whole.decoded, whole.original),
                     after = squared_error(filtered, whole.original);
        sums[crop.quality_centi] += 10 * std::log10((before + kLeast) / (after + kLeast));
        ++counts[crop.quality_centi];
    }
    for (auto& [quality, sum] : sums) sum /= counts[quality];
    return sums;
}

Result<PostFilterGains> post_filter_gains(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                          const PostFilterNet& net) {
    const torch::NoGradGuard no_grad;
    const torch::Device device = net.bias.device();
    return post_filter_gains(crops, head, [&](const CodedCropView& crop) -> Result<torch::Tensor> {
        const PostFilterBatch whole = whole_crop(crop, head);
        const torch::Tensor added = net.forward(whole.decoded.to(device), whole.quality.to(device));
        return whole.decoded + added.cpu();
    });
}

}  // namespace nae::training
