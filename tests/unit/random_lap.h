// Random but valid overlap for tests.
#ifndef NAE_TESTS_UNIT_RANDOM_LAP_H_
#define NAE_TESTS_UNIT_RANDOM_LAP_H_

#include <random>

#include "codec/block_lap.h"

namespace nae::test {

// Weights of any size that a row of them allows.
inline BlockLap random_lap(std::mt19937& rng) {
    const auto draw = [&](int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); };
    BlockLap lap;
    for (int i = 0; i < kLapReach; ++i) {
        const int most = draw(0, 2) == 0 ? kMaxLapWeight / kLapReach : 3000;
        for (int j = 0; j < kLapReach; ++j) lap.weights.push_back(static_cast<int16_t>(draw(-most, most)));
    }
    return lap;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_RANDOM_LAP_H_
