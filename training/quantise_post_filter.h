// A trained post-filter's network as the integer graph of a model file.
#pragma once

#include <vector>

#include "codec/post_filter.h"
#include "format/status.h"
#include "training/coded_crops.h"
#include "training/post_filter_net.h"

namespace nae::training {

struct QuantisePostFilterOptions {
    int sets = 25;          // qualities, evenly spaced from 1 to 100; 1..64
    double headroom = 1.5;  // units of inner tensors leave so much above the largest value seen
};

// The whitening becomes part of the first convolution. Pixels, and what is added to them, are counted in
// 2^-frac_bits grey levels, inner tensors in units that keep what `calibration` shows of them within
// ±kActivationLimit / headroom; tensors that meet in an addition share one. A set's bias is what the quality
// adds to the first convolution's, in that one's accumulator; its multipliers are the last convolution's
// times the quality's scale, which therefore is held above zero. Errors: invalid_argument (no calibration
// crops, number of sets); internal (the network cannot be expressed).
Result<PostFilter> quantise_post_filter(
    const PostFilterNet& net, const std::vector<CodedCropView>& calibration, const CodedCropsHead& head,
    const QuantisePostFilterOptions& options = QuantisePostFilterOptions());

}  // namespace nae::training
