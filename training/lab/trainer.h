// Trains a model of the laboratory in the folder of a run.
#pragma once

#include <functional>
#include <string>

#include "format/status.h"
#include "training/lab/models.h"
#include "training/lab/run_folder.h"

namespace nae::training {

// Pictures in memory, scaled to 0..1 a batch at a time.
struct LabData {
    torch::Tensor pictures;                   // [N, c, h, w] bytes
    torch::Tensor labels;                     // [N] int64; undefined for colour pictures
    torch::Tensor held_out, held_out_labels;  // for validation

    static torch::Tensor scaled(const torch::Tensor& bytes) { return bytes.to(torch::kFloat) / 255; }
};
// MNIST's training digits, the last 5000 held out, or crops of pictures, those of every twentieth file held out.
Result<LabData> load_lab_data(const LabSettings& settings, bool digits);

// One line for a person, starting with the percentage done; called about once a second and after each epoch. False stops the run, which
// then goes back to the end of its last epoch.
using LabReport = std::function<bool(double fraction, double seconds_left, const std::string& line)>;

// Trains, or goes on if the folder holds a checkpoint; then the settings must be those of the folder but for `epochs`
// and `threads`. Ends with model.nam, plots and sample pictures. Errors: invalid_argument, io, corrupt, cancelled (with
// everything up to the last epoch kept).
Status run_lab(const LabSettings& settings, const std::string& folder, const LabReport& report);

// Structured pruning of a finished run of an autoencoder: for each share of the hidden channels, falling, takes the
// smallest filters out and trains for some epochs. Leaves in the folder `to` pruning.csv and pruning.svg (size against
// rate and distortion of what is held out) and a model file for each share. Errors: as run_lab(); invalid_argument for
// models that cannot be pruned.
Status prune_lab(const std::string& from, const std::string& to, const std::vector<double>& shares,
                 int epochs, const LabReport& report);

}  // namespace nae::training
