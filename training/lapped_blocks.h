// Blocks that overlap: a lapped transform by filters in the pixel domain (Tran, Liang, Tu 2003, "Lapped transform via time-domain
// pre- and post-filtering"). Between two neighbouring blocks of 16 pixels the 8 pixels on either side of their border form
// pairs, mirrored at the border; of each pair the sum is left alone, and the differences of the 8 pairs are multiplied by a matrix.
#pragma once

#include "codec/torch/libtorch.h"

namespace nae::training {

// blocks: [N, 192, H/8, W/8] float32 as Batch::blocks, H and W multiples of 16. matrix: [8, 8], what is added to the differences
// (0: nothing changes), rows and columns from the border outwards. Applied across and down; the outer border of the picture is
// left alone. Differentiable with respect to both. Thread-safe.
torch::Tensor lap_blocks(const torch::Tensor& blocks, const torch::Tensor& matrix);

}  // namespace nae::training
