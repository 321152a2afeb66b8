// What a post-filter gains on held-out crops, in decibels of what a reader sees: samples of 8 bits, before
// and after.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "codec/torch/libtorch.h"
#include "format/status.h"
#include "training/coded_crops.h"
#include "training/post_filter_net.h"

namespace nae::training {

// By quality in hundredths: mean over its crops of 10 log10(squared error before / after).
using PostFilterGains = std::map<int, double>;

// filtered: [1, 3, S, S] float32 grey levels around mid grey, for a crop.
using PostFilterRun = std::function<Result<torch::Tensor>(const CodedCropView& crop)>;
// Errors: those of `run`.
Result<PostFilterGains> post_filter_gains(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                          const PostFilterRun& run);

// Of the network, on the device that its tensors are on.
Result<PostFilterGains> post_filter_gains(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                          const PostFilterNet& net);

}  // namespace nae::training
