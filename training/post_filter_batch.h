// Batches for the post-filter's training, out of coded crops.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/torch/libtorch.h"
#include "training/coded_crops.h"

namespace nae::training {

// float32; pixels in grey levels around mid grey, [N, 3, S, S], channels-last in memory.
struct PostFilterBatch {
    torch::Tensor decoded, original;
    torch::Tensor quality;  // [N], 1..100
};

// N random parts of `size` x `size` pixels (even, at most the crops') of random crops, each at an even place,
// mirrored and turned at random. All chance comes from `seed`. crops: not empty.
PostFilterBatch draw_post_filter_batch(const std::vector<CodedCropView>& crops, const CodedCropsHead& head,
                                       int n, int size, uint64_t seed);

// A whole crop.
PostFilterBatch whole_crop(const CodedCropView& crop, const CodedCropsHead& head);

}  // namespace nae::training
