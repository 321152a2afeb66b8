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
    bool trellis = true;     // latent symbols that depend on each other (codec/entropy/trellis.h)
    bool check = true;
    std::vector<double> distortion_weights = {1.0};
};
std::string run_export(const ExportCommand& command);

// `nae-train refit`: tables and filter of a model file that has an encoder, fitted anew.
struct RefitCommand {
    std::string data, model, out;
    int fit_crops = 64, filter_crops = 160;  // as above; 0: what the model has
    int rounds = 0;                          // of fitting the tables: fit_tables()
    bool trellis = false;                    // give the model a trellis if it has none
};
std::string run_refit(const RefitCommand& command);

}  // namespace nae::training
