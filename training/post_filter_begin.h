// Weights of a post-filter's network from a state dict of PyTorch.
#pragma once

#include <string>

#include "format/status.h"
#include "training/post_filter_net.h"

namespace nae::training {

// Replaces the network's values, whitening included, by those of a .pt file with the names of
// PostFilterNet::parameters() and "white" [12, 12, 1, 1]. There the 12 channels of 2 x 2 pixels are in the
// order of torch.nn.functional.pixel_unshuffle, colour by colour, here position by position. The file's
// shapes must be the network's. Errors, which name the file: those of read_tensor_file(); invalid_argument
// (an array is missing or has another shape); unsupported (this build reads no such files: it was made
// without GDAL).
Status begin_post_filter(const std::string& path, PostFilterNet& net);

}  // namespace nae::training
