#include "codec/trellis_path.h"

#include <algorithm>

namespace nae {
namespace {

// [state][parity]: the state before it, if the level between them has this parity.
template <int kStates>
constexpr TrellisStates<kStates> states_before(const TrellisStates<kStates>& next) {
    TrellisStates<kStates> before{};
    for (size_t state = 0; state < kStates; ++state)
        for (size_t parity = 0; parity < 2; ++parity)
            before[next[state][parity]][parity] = static_cast<uint8_t>(state);
    return before;
}
constexpr auto kBefore8 = states_before<8>(kTrellis8);
constexpr auto kBefore256 = states_before<256>(kTrellis256);

constexpr size_t choice_from(size_t state, size_t parity) {
    return 2 * static_cast<size_t>(trellis_quantiser(static_cast<int>(state))) + parity;
}

template <int kStates>
void take_steps(const TrellisStates<kStates>& before, const TrellisCosts* costs, size_t count, float* path,
                TrellisDecisions* decisions) {
    std::array<float, kStates> next;
    for (size_t i = 0; i < count; ++i) {
        decisions[i] = TrellisDecisions{};
        for (size_t state = 0; state < kStates; ++state) {
            const size_t even = before[state][0], odd = before[state][1];
            const float by_even = path[even] + costs[i][choice_from(even, 0)],
                        by_odd = path[odd] + costs[i][choice_from(odd, 1)];
            next[state] = std::min(by_even, by_odd);
            if (by_odd < by_even) decisions[i][state / 8] |= static_cast<uint8_t>(1u << state % 8);
        }
        std::copy(next.begin(), next.end(), path);
        if ((i + 1) % kStepsBetweenRebases == 0) {
            const float least = *std::min_element(next.begin(), next.end());
            for (size_t state = 0; state < kStates; ++state) path[state] -= least;
        }
    }
}

template <int kStates, class Steps>
void find_path(const TrellisStates<kStates>& before, const std::vector<TrellisCosts>& costs, Steps steps,
               TrellisChoices& choices) {
    alignas(64) std::array<float, kStates> path;
    path.fill(kUnreachableState);
    path[0] = 0;
    std::vector<TrellisDecisions> decisions(costs.size() + 1);
    steps(costs.data(), costs.size(), path.data(), decisions.data());
    auto state = static_cast<size_t>(std::min_element(path.begin(), path.end()) - path.begin());
    choices.resize(costs.size());
    for (size_t i = costs.size(); i-- > 0;) {
        const size_t parity = decisions[i][state / 8] >> state % 8 & 1;
        state = before[state][parity];
        choices[i] = static_cast<uint8_t>(choice_from(state, parity));
    }
}

}  // namespace

void trellis_steps_scalar(const TrellisCosts* costs, size_t count, float* path, TrellisDecisions* decisions) {
    take_steps<256>(kBefore256, costs, count, path, decisions);
}

void find_path256(const std::vector<TrellisCosts>& costs, TrellisSteps steps, TrellisChoices& choices) {
    find_path<256>(kBefore256, costs, steps, choices);
}

void find_path8(const std::vector<TrellisCosts>& costs, TrellisChoices& choices) {
    const auto steps = [](const TrellisCosts* some, size_t count, float* path, TrellisDecisions* decisions) {
        take_steps<8>(kBefore8, some, count, path, decisions);
    };
    find_path<8>(kBefore8, costs, steps, choices);
}

}  // namespace nae
