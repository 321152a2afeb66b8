// Initial weights with which a new model of colour pictures is a linear transform that works: a hierarchy of block
// transforms, each learned by principal component analysis from what the one before it makes of pictures, and its transpose
// on the way back. From random weights the deeper of these networks never leave the constant picture.
//
// ReLU lets a value v pass as the pair relu(v), relu(-v), whose difference it is; so a layer of n channels carries n / 2
// values. GDN starts near identity.
#pragma once

#include "codec/torch/libtorch.h"
#include "training/lab/models.h"

namespace nae::training {

// Overwrites the weights of a model whose analysis is a chain of convolutions and whose synthesis mirrors it, and fits
// the prior to the latent of `pictures` ([N, 3, h, w] in 0..1, sides a multiple of the stride). `gain`: symbols per
// unit of a pixel in -1..1, as the transforms are orthonormal.
void start_linear(LabModel& model, const torch::Tensor& pictures, double gain);

}  // namespace nae::training
