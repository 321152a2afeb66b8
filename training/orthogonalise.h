// The heart of Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"): the nearest
// semi-orthogonal matrix to a momentum matrix, approximately, by a quintic Newton-Schulz iteration. All directions of a
// weight then move equally far, where Adam follows the few that dominate the gradient.
#pragma once

#include "codec/torch/libtorch.h"

namespace nae::training {

// g: [rows, columns] or [matrices, rows, columns], any float type, not all zero for a meaningful result (zero gives zero). Returns a matrix of the same
// shape, in `working` precision, which is also that of the computation; its singular values lie between about 0.7 and 1.2.
torch::Tensor orthogonalise(const torch::Tensor& g, torch::ScalarType working);

}  // namespace nae::training
