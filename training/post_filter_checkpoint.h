// Checkpoints of the post-filter's training: all that a run needs to go on, or an export needs. Numbers as
// they lie in memory; nothing but sizes is interpreted, and those are compared with what the file holds.
//
// Layout: 8 bytes "NAEPFC1\n", i64 steps, i64 the optimiser's steps, f64 hours, f64 megapixels, u64 width,
// u64 blocks, u64 anchors, f32 whitening[12][12], then i64 n and f32 [4][n]: values, both of Adam's moments,
// averaged values (FlatAdam::state()).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/torch/libtorch.h"
#include "format/status.h"
#include "training/post_filter_net.h"

namespace nae::training {

struct PostFilterProgress {
    int64_t steps = 0;            // all runs
    int64_t optimiser_steps = 0;  // FlatAdam::steps()
    double hours = 0;             // training time, all runs
    double megapixels = 0;        // seen, all runs
    PostFilterShape shape;
    torch::Tensor whitening;           // [12, 12]
    std::vector<torch::Tensor> state;  // FlatAdam::state(), on the CPU
};

// Appears whole or not at all. Errors: io.
Status save_post_filter(const PostFilterProgress& progress, const std::string& path);
// Errors, which name the file: io, not_nae (another kind of file), truncated, corrupt.
Result<PostFilterProgress> load_post_filter(const std::string& path);

// The network of a checkpoint, with its averaged values. Errors: corrupt (values of another number than the
// shape has).
Result<PostFilterNet> averaged_net(const PostFilterProgress& progress);

}  // namespace nae::training
