// Checkpoints: everything a run needs to go on. Own files only; never read one from a stranger (LibTorch's archive
// format can run code).
#pragma once

#include <string>

#include "training/photo_model.h"

namespace nae::training {

struct CheckpointInfo {
    int64_t steps = 0;
    double hours = 0;       // training time spent so far, all runs
    double megapixels = 0;  // pictures seen so far
};

// full: with optimiser state (float32). Otherwise only the averaged weights as bfloat16-rounded float16: small enough
// to be kept under version control; a run resumed from it has to find its moments again.
std::string save_checkpoint(const std::string& path, const FlatAdam& optimiser, const CheckpointInfo& info,
                            bool full);
// The model of `config` must already be registered and sealed. A checkpoint of one with fewer residual blocks will do, too
// (earlier_shape.h).
std::string load_checkpoint(const std::string& path, const PhotoConfig& config, FlatAdam& optimiser,
                            CheckpointInfo& info);

}  // namespace nae::training
