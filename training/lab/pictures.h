// Colour pictures of folders, through GDAL.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/torch/libtorch.h"
#include "format/status.h"

namespace nae::training {

// Files under the folders that a GDAL driver for raster files opens by their extension, sorted. Errors: io (no such
// folder, or no picture in it).
Result<std::vector<std::string>> picture_files(const std::vector<std::string>& folders);

// [3, H, W] bytes; gray becomes R = G = B. Errors: io with GDAL's reason.
Result<torch::Tensor> read_picture(const std::string& path);

struct CropOptions {
    int side = 128;
    int count = 4000;  // in all
    uint64_t seed = 1;
    double shrink = 2.0;  // crops are made smaller by 1 .. shrink first, at random; 1: never
    int skip = 0;         // keep every picture but those whose number is `skip_rest` mod `skip`; 0: all
    int skip_rest = 0;
    bool keep_skipped = false;  // the reverse: only those
};

// Random crops: [N, 3, side, side] bytes. Every picture gives about as many. Those smaller than the side are left out.
// Errors: io (a file is damaged, named; or no picture is large enough).
Result<torch::Tensor> random_crops(const std::vector<std::string>& files, const CropOptions& options);

// All whole crops of a grid, at most `most` of them, spread evenly over the pictures: for tests. Same errors.
Result<torch::Tensor> grid_crops(const std::vector<std::string>& files, int side, int most);

}  // namespace nae::training
