// Training crops cut on the device that trains: the packed pictures lie in its memory, and only where the crops are is sent.
#pragma once

#include "codec/torch/libtorch.h"
#include "training/crop_sampler.h"

namespace nae::training {

class DeviceCrops {
  public:
    // Copies the pixels to the device: about as many bytes as the packed file has.
    DeviceCrops(const PackedPictures& pictures, torch::Device device);

    // The crops of these plans, cut_size pixels a side, as CropSampler::training_batch() would give them, on the device; where
    // `size` is smaller, reduced to that (bicubic, antialiased, rounded to 8 bits).
    Batch batch(const std::vector<CropPlan>& plans, int cut_size, int size) const;
    Batch batch(const std::vector<CropPlan>& plans, int size) const { return batch(plans, size, size); }

  private:
    torch::Tensor cut(const std::vector<CropPlan>& plans, int size) const;  // [N, size, size, 3], 0 .. 255

    const PackedPictures& pictures_;
    torch::Tensor pixels_;  // all bytes of the packed file
};

}  // namespace nae::training
