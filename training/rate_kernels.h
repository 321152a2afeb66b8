// The rate models of rate.h over arrays of floats, one pass each: as LibTorch operators they take some twenty. Relative
// error of every probability below 1e-5.
#pragma once

#include <cstdint>

namespace nae::training {

// bits[i] of v[i] under scale s[i] > 0, and their derivatives to v and s. Probabilities are at least `least`.
void gaussian_bits_kernel(int64_t n, const float* v, const float* s, float least, float* bits, float* dv,
                          float* ds);

// What rate_aware_round() says, scales bounded below at `least_scale`.
void rate_aware_round_kernel(int64_t n, const float* v, const float* s, const float* weight,
                             float least_scale, float least, float* symbols);

}  // namespace nae::training
