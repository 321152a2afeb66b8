// Entropy tables as the symbols really fall, instead of as the rate model assumes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/model.h"

namespace nae::training {

// Encodes crops (square, RGB interleaved, `size` pixels wide) at the model's gain anchors with the encoder's default
// settings, counts symbols per table index, and replaces the model's tables by ones for those counts; `rounds` times,
// since the encoder chooses its symbols by the tables (0: twice, with dependent quantisation ten times, so slowly do they settle
// there). Normal and logistic distributions join in with the weight of `prior` symbols each, so that rare indices keep a
// sensible shape. Changes the model's ID. Returns an error text or an empty string.
std::string fit_tables(Model& model, const std::vector<std::vector<uint8_t>>& crops, int size, int rounds = 0,
                       double prior = 2000);

// Makes the latent's symbols of a model depend on each other (codec/entropy/trellis.h): steps of kTrellisStep (latent_quantiser.h)
// of what they were, and tables for normal distributions, to be fitted. The model must not have a trellis.
void add_trellis(Model& model);

}  // namespace nae::training
