// The training loop: schedule, validation, log, checkpoints.
#pragma once

#include <string>

#include "training/photo_model.h"

namespace nae::training {

struct TrainOptions {
    std::string data;     // packed pictures
    std::string out_dir;  // latest.ckpt, averages.ckpt (at the end; small) and log.csv go here
    std::string resume;   // checkpoint to continue from; empty: start from the PCA transform
    std::shared_ptr<const RestorationFilter> restoration;  // follows the synthesis; null: none
    int output_frac_bits = 0;                              // in whose units the filter is
    double minutes = 60;  // wall-clock limit; the run always ends with a checkpoint
    double decay_from =
        0.5;  // share of the time after which the learning rate falls (cosine) to lr · decay_to
    double decay_to = 0.02;
    double lr = 4e-4;
    int batch = 8;
    int crop = 128;  // pixels, multiple of 64
    double gray_share = 0.08;
    double reduce = 1;  // crops are cut up to this much larger, half of them, and reduced
    double average_decay = 0.9995;
    double max_norm = 1.0;
    bool muon = false;            // hidden layers by Muon, the rest by Adam
    double validate_every = 10;   // minutes
    double checkpoint_every = 5;  // minutes
    uint64_t seed = 1;
    int threads = 0;                 // 0: all cores
    std::string device = "cpu";      // "cpu" or "cuda"
    std::string precision = "bf16";  // "bf16" or "f32"
    bool like_gpu = false;           // do on the CPU what is done on a GPU, to rehearse that
    bool only_branch = false;        // leave everything else as it is
    bool only_prediction = false;    // train hyper-synthesis and context alone, at a quarter of the work
    bool restart_branch = false;     // the synthesis' branch begins anew, from a start that adds nothing
    int64_t max_steps = 0;           // 0: no limit (for rehearsals)
    int pca_batches = 60;            // batches of 16 crops for the initial transform
    PhotoConfig model;
};

// Runs until the time is up or SIGINT/SIGTERM arrives. Returns an error text or an empty string.
std::string train(const TrainOptions& options);

// When to validate next, in minutes, after `last` (0: the beginning): every so many minutes, and after the first minute, which
// tells whether a run is worth its time.
double validation_after(double last, double every);

// Mean over held-out crops, rounding instead of noise, averaged weights.
struct ValidationPoint {
    double quality, bpp, psnr, loss;
};
std::vector<ValidationPoint> validate(const PhotoModel& model, FlatAdam& optimiser,
                                      const torch::Tensor& blocks, torch::Device device);

}  // namespace nae::training
