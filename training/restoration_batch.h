// The restoration filter as part of a network that is trained on a GPU: restoration.h for whole batches, the tables of the
// filter as tensors beside them. It runs on the CPU as well, slowly, so that it is tested and rehearsed without a GPU.
#pragma once

#include "codec/restoration_filter.h"
#include "codec/torch/libtorch.h"

namespace nae::training {

class RestorationTensors {
  public:
    // The filter must be valid and not empty; it is copied.
    RestorationTensors(const RestorationFilter& filter, int output_frac_bits, torch::Device device);

    // What restore() says. blocks and quality on the device of this object. Thread-safe.
    torch::Tensor restore(const torch::Tensor& blocks, const torch::Tensor& quality) const;

  private:
    int64_t sets_, activities_, frac_bits_;
    torch::Tensor clips_, thresholds_, taps_, offsets_;  // those of RestorationBatch
};

}  // namespace nae::training
