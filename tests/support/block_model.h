// A model small enough to be made in a blink and good enough to show a picture: the lowest coefficients of a
// 16x16 cosine transform, made to depend on their neighbours so that windows need a halo as those of a
// trained model do. Lets tests of everything around the codec run before, and without, any training.
#pragma once

#include "codec/model.h"

namespace nae::test {

// Different seeds give models that differ a little, so that their IDs do.
Model make_block_model(const std::string& name, unsigned seed);

}  // namespace nae::test
