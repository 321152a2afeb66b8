// `nae-train post-filter-export`: a model file that has the post-filter of a checkpoint.
#pragma once

#include <string>

#include "format/status.h"
#include "training/post_filter_gain.h"
#include "training/quantise_post_filter.h"

namespace nae::training {

struct PostFilterExportCommand {
    std::string model, checkpoint,
        data;          // files: a model that can encode, of nae-train post-filter, packed pictures
    std::string out;   // model file to write
    std::string name;  // of the model; empty: what it is called now
    std::string text;  // goes behind the model's own, and before what is known of the training
    QuantisePostFilterOptions quantise;
    int crop_size = 384;   // side of all crops, as CodeCropsOptions::size
    int calibration = 32;  // training crops that show the network's ranges
    int held_out = 16;     // pictures at most that the check looks at; 0: no check
    int tables = 0;        // rounds in which the entropy tables are fitted anew; 0: they stay
    int threads = 1;
};

// Gains on the held-out crops: of the network, and of the graph by the engine. Empty without a check.
struct PostFilterExported {
    PostFilterGains network, integers;
};
// Prints both gains side by side. Errors: those of what it calls; invalid_argument.
Result<PostFilterExported> export_post_filter(const PostFilterExportCommand& command);

}  // namespace nae::training
