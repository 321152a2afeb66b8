// The transform the codec starts from: an orthonormal 16×16×3 block transform learned by principal component analysis.
#pragma once

#include "codec/torch/libtorch.h"
#include "training/crop_sampler.h"

namespace nae::training {

struct PcaStart {
    torch::Tensor
        basis;  // [C, 768] float32, orthonormal rows, by falling variance; columns in the order of a
                // depth-to-space 2 of a depth-to-space 8: ((by·2+bx)·64 + dy·8+dx)·3 + colour
    torch::Tensor stddev;  // [C] standard deviation of each coefficient, pixels in units of 128
    double discarded = 0;  // mean squared error per sample (8-bit units) of dropping the other coefficients
};

// For a model whose values come from a checkpoint: nothing but shapes.
PcaStart shapes_only(int channels);

// batches: how many batches of 16 crops the covariance is taken from.
PcaStart learn_pca(CropSampler& sampler, int channels, int batches);

}  // namespace nae::training
