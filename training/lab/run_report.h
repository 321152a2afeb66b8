// What a run leaves for people to look at: loss curves, reconstructions, samples.
#pragma once

#include <string>

#include "codec/torch/libtorch.h"
#include "format/status.h"
#include "training/lab/trainer.h"

namespace nae::training {

// curves.svg from log.csv; reconstructions.png, held-out pictures above what the model makes of them; of variational
// models samples.png, decoded from the prior, one column for each class if there are classes.
Status write_run_report(const LabModel& model, const LabData& data, const std::string& folder);

// Pictures [N, c, h, w] in 0..1 beside and below each other, `across` in a row, as a PNG.
Status write_contact_sheet(const torch::Tensor& pictures, int across, const std::string& path);

}  // namespace nae::training
