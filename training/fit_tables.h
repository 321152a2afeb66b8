// Entropy tables as the symbols really fall, instead of as the rate model assumes.
#pragma once

#include <torch/torch.h>

#include <string>

#include "codec/model.h"

namespace nae::training {

// Quantises `blocks` (training crops, Batch::blocks) at the model's gain anchors the way the encoder does by default
// (rate-aware), counts symbols per table index, and replaces the model's tables by ones for those counts. The
// present tables (normal and logistic distributions) join in with the weight of `prior` symbols each, so that rare
// indices keep a sensible shape. Changes the model's ID. Returns an error text or an empty string.
std::string fit_tables(Model& model, const torch::Tensor& blocks, double prior = 2000);

}  // namespace nae::training
