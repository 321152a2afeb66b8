// Checkpoints of a model as it was before residual blocks were added.
#pragma once

#include "training/photo_model.h"

namespace nae::training {

// Takes over a state (FlatAdam::state()) of the model of `config` with fewer residual blocks in the synthesis at 1/16. What
// the state lacks starts as a block that changes nothing: its first convolution as `optimiser` has it, its second zero.
// Returns false when it is the state of something else; `optimiser` is then as before.
bool restore_earlier(const std::vector<torch::Tensor>& state, int64_t steps, const PhotoConfig& config,
                     FlatAdam& optimiser);

// Gives the branch of the synthesis, the first convolution excepted, the values it has in `start`, FlatAdam::state() before
// anything was restored; its moments are gone. A branch whose last ReLU gives nothing but zeros gets no gradient and can not
// come back by itself.
void restart_branch(const std::vector<torch::Tensor>& start, FlatAdam& optimiser);

}  // namespace nae::training
