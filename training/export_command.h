// `nae-train export`: a checkpoint becomes a model file.
#pragma once

#include <string>

#include "training/exporter.h"

namespace nae::training {

struct ExportCommand {
    std::string data, checkpoint, out;
    std::string
        squeezed;  // also write the averaged weights alone, small enough for version control; empty: no
    ExportOptions options;
    PhotoConfig model;
    int fit_crops = 64;      // training crops the entropy tables are fitted to; 0: normal distributions
    int filter_crops = 160;  // training crops the restoration filter is fitted to; 0: no filter
    bool check = true;
    std::vector<double> distortion_weights = {1.0};
};
std::string run_export(const ExportCommand& command);

}  // namespace nae::training
