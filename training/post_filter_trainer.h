// Trains the network of a post-filter.
#pragma once

#include <cstdint>
#include <string>

#include "format/status.h"
#include "training/coded_crops.h"
#include "training/post_filter_gain.h"
#include "training/post_filter_net.h"

namespace nae::training {

struct PostFilterTrainOptions {
    std::string out_dir;  // latest.ckpt and log.csv go there; must exist
    std::string resume;   // checkpoint to go on from, in whose shape the network is then; empty: none
    std::string begin;    // weights to begin with (post_filter_begin.h), new moments; empty: random ones
    PostFilterShape shape;
    double minutes = 60;           // wall-clock limit
    int64_t max_steps = 0;         // of this run; 0: no limit
    double lr = 4e-4;              // learning rate, after the first 100 steps of an optimiser
    double decay_from = 0.4;       // share of the run after which it falls, by a cosine
    double decay_to = 0.01;        // share of it left at the end
    int batch = 16;                // crops a step
    int crop = 128;                // side, pixels, even
    double max_norm = 1;           // gradients of a greater norm are scaled down to it
    double average_decay = 0.999;  // of the averaged weights, a step
    double validate_every = 10;    // minutes; 0: at the ends only
    double checkpoint_every = 5;   // minutes
    uint64_t seed = 1;
    int threads = 1;                 // of LibTorch
    std::string device = "cpu";      // or cuda
    std::string precision = "bf16";  // of weights and activations in training, but for the whitening; or f32
};

// How it ended.
struct PostFilterTrained {
    int64_t steps = 0;      // all runs
    double loss = 0;        // mean of this run's last steps, 100 at most; 0 without any
    PostFilterGains gains;  // of the averaged weights on the held-out crops
};

// The loss of a picture is its squared error behind the filter relative to what it was, so that all qualities
// count alike. Adam; weights are averaged over the steps, and the averages are what is measured and exported.
// Each step's crops come from the seed and the number of the step alone: a run that goes on sees what an
// uninterrupted one would have seen (its learning rate, though, follows the share of its own time). SIGINT
// and SIGTERM end it as the time does; it always ends with out_dir/latest.ckpt. Errors: invalid_argument;
// those of the checkpoint and of `begin`; io; internal (LibTorch's, and loss that is no number any more).
Result<PostFilterTrained> train_post_filter(const CodedCrops& crops, const PostFilterTrainOptions& options);

}  // namespace nae::training
