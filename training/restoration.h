// The restoration filter (codec/restoration_filter.h) as part of a network that is trained.
#pragma once

#include "codec/restoration_filter.h"
#include "codec/torch/libtorch.h"

namespace nae::training {

// What the filter makes of pictures, differentiable with respect to their pixels; which class a block has counts as given.
//   blocks   [N, 192, H/8, W/8], channels last: space_to_depth(8) of RGB, each (sample - 128) / 128
//   quality  [N], 0 .. 1
// Samples beyond black and white count as these, before and after, as in the decoder; their gradient is passed on all the
// same, so that one on the wrong side can come back. Unlike in the decoder nothing is rounded. filter must outlive the graph.
// Thread-safe; float32 on the CPU.
torch::Tensor restore(const torch::Tensor& blocks, const torch::Tensor& quality,
                      const RestorationFilter& filter, int output_frac_bits);

}  // namespace nae::training
