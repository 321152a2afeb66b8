// Random but valid restoration filters for tests.
#ifndef NAE_TESTS_UNIT_RANDOM_RESTORATION_H_
#define NAE_TESTS_UNIT_RANDOM_RESTORATION_H_

#include <random>

#include "codec/restoration_filter.h"

namespace nae::test {

// Weights of any size, and thresholds that leave some blocks on every level.
inline RestorationFilter random_restoration(std::mt19937& rng, int sets, int activities) {
    const auto draw = [&](int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); };
    RestorationFilter filter;
    filter.activities = activities;
    filter.sets.resize(static_cast<size_t>(sets));
    for (RestorationSet& set : filter.sets) {
        set.clip = static_cast<int16_t>(draw(1, 400));
        for (int k = 1; k < activities; ++k) {
            const uint32_t before = set.thresholds.empty() ? 0 : set.thresholds.back();
            set.thresholds.push_back(before + static_cast<uint32_t>(draw(0, 60000)));
        }
        set.taps.resize(static_cast<size_t>(activities * kRestorationDirections));
        for (RestorationTaps& taps : set.taps) {
            const int most = draw(0, 5) == 0 ? kMaxRestorationWeight / (2 * kRestorationPairs) : 100;
            for (RestorationTap& tap : taps) {
                tap.linear = static_cast<int16_t>(draw(-most, most));
                tap.clipped = static_cast<int16_t>(draw(-most, most));
            }
        }
    }
    return filter;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_RANDOM_RESTORATION_H_
