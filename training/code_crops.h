// Codes crops of packed pictures and decodes them again, in this process.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "codec/model.h"
#include "format/status.h"
#include "training/coded_crops.h"
#include "training/packed_pictures.h"

namespace nae::training {

// Qualities at which each held-out crop is coded.
constexpr int kHeldOutQualities[] = {10, 30, 50, 65, 80};

struct CodeCropsOptions {
    int size = 384;  // side of a crop in pixels: a multiple of 64, 64 .. 512
    int training =
        3500;  // random crops, each at a random quality: a quarter of them from each quarter of the scale
    int held_out = 24;         // centres of at most so many held-out pictures, each at all kHeldOutQualities
    double gray_share = 0.08;  // of training crops, turned gray
    uint64_t seed = 1;
    int threads = 1;  // each codes a crop of its own
};

// What the integer decoder makes of a crop of size x size RGB pixels, size a multiple of 16 up to 512, coded
// at EFFORT 1 (without a search: dozens of crops a second, and decoded pictures of the same kind).
// Thread-safe. Errors: those of encode().
Result<CodedCrop> code_crop(const ReadyModelPtr& model, std::vector<uint8_t> pixels, int size,
                            int quality_centi);

// What crops of these options have in common. The number of held-out crops is what the pictures give.
Result<CodedCropsHead> coded_crops_head(const ReadyModelPtr& model, const PackedPictures& pictures,
                                        const CodeCropsOptions& options);

// Hands on the training crops and then the held-out ones, in an order that depends on nothing but the
// options, from the calling thread. Prints how far it is. Errors: those of code_crop() and `take`;
// invalid_argument (options, no picture of that size).
Status code_crops(const ReadyModelPtr& model, const PackedPictures& pictures, const CodeCropsOptions& options,
                  const std::function<Status(const CodedCrop& crop, bool held_out)>& take);

}  // namespace nae::training
