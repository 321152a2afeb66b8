// `nae-train post-filter`: crops for a model, then a post-filter's training on them.
#pragma once

#include <string>

#include "codec/model.h"
#include "format/status.h"
#include "training/code_crops.h"
#include "training/post_filter_trainer.h"

namespace nae::training {

struct PostFilterRunCommand {
    std::string model;       // file that can encode; a post-filter that it has is left out
    std::string data;        // packed pictures
    std::string crops_file;  // where coded crops are kept; empty: crops.bin in the run's folder
    CodeCropsOptions crops;
    PostFilterTrainOptions train;
};
// Crops that lie in the file already are used where they come from the same model, by the same options;
// otherwise they are coded and replace it. Errors: those of read_model(), code_crops(), train_post_filter();
// invalid_argument (the model cannot encode); io.
Result<PostFilterTrained> run_post_filter(const PostFilterRunCommand& command);

// The model without a post-filter, whose output one is trained on, ready to encode. Errors: as above.
Result<ReadyModelPtr> without_post_filter(Model model, const std::string& origin);

}  // namespace nae::training
