// Random but valid convolutions for tests.
#ifndef NAE_TESTS_UNIT_RANDOM_CONV_H_
#define NAE_TESTS_UNIT_RANDOM_CONV_H_

#include <algorithm>
#include <cstdint>
#include <random>

#include "codec/graph.h"

namespace nae::test {

using Random = std::mt19937;

inline int pick(Random& rng, int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); }

// A convolution whose accumulators may come close to 2^31 for inputs in [-max_in, max_in] but provably stay
// below.
inline ConvParams random_conv(Random& rng, int in_channels, int out_channels, int kernel, int stride,
                              int max_in, int32_t lo = -8191, int32_t hi = 8191) {
    ConvParams p;
    p.out_channels = out_channels;
    p.kernel = kernel;
    p.stride = stride;
    p.lo = lo;
    p.hi = hi;
    const int taps = kernel * kernel * in_channels;
    const int64_t budget = ((int64_t{1} << 31) - 1 - 1000000) / std::max(max_in, 1);
    const int most = static_cast<int>(std::clamp<int64_t>(budget / taps, 1, 32767));
    for (int i = 0; i < out_channels * taps; ++i)
        p.weights.push_back(static_cast<int16_t>(pick(rng, -most, most)));
    for (int o = 0; o < out_channels; ++o) {
        p.bias.push_back(pick(rng, -1000000, 1000000));
        // Small multipliers keep values inside the range, large ones exercise the clamp.
        p.mult.push_back(pick(rng, 0, 3) == 0 ? pick(rng, 1, 0x7FFFFFFF) : pick(rng, 20000, 200000));
    }
    return p;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_RANDOM_CONV_H_
