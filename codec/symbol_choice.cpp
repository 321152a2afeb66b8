#include "codec/symbol_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/trellis.h"

namespace nae {
namespace {

int16_t signed_like(float value, int magnitude) {
    return static_cast<int16_t>(value < 0 ? -magnitude : magnitude);
}

int16_t choose_symbol(const SymbolCodec& codec, int index, float target, const float* weight) {
    const float distance = std::min(std::fabs(target), static_cast<float>(kMaxSymbolMagnitude));
    const int nearest = static_cast<int>(std::lround(distance));
    int best = nearest;
    if (weight != nullptr && nearest > 0) {
        float best_cost = 0;
        // Two steps toward zero pay only where the weight is low or a table is much too narrow.
        for (int candidate = nearest; candidate >= std::max(0, nearest - 2); --candidate) {
            const float error = distance - static_cast<float>(candidate);
            const float cost = codec.cost(index, candidate) + *weight * error * error;
            if (candidate == nearest || cost < best_cost) {
                best = candidate;
                best_cost = cost;
            }
        }
    }
    return signed_like(target, best);
}

// ---- Paths through the trellis

constexpr float kUnreachable = 1e30F;
// Costs are brought back to near zero this often, for floats to keep their fractions of bits.
constexpr size_t kSymbolsBetweenRebases = 256;

// The state before a state, by the parity of the level that leads there.
constexpr std::array<std::array<uint8_t, 2>, kTrellisStates> states_before() {
    std::array<std::array<uint8_t, 2>, kTrellisStates> out{};
    for (uint8_t state = 0; state < kTrellisStates; ++state)
        for (size_t parity = 0; parity < 2; ++parity) out[kTrellisNext[state][parity]][parity] = state;
    return out;
}
constexpr auto kBefore = states_before();

// The cheapest symbols of each kind, and which of the two ways into a state is cheaper: a bit each, set for an odd level.
struct Step {
    int16_t magnitude[2][2];  // [quantiser][parity of the level]
    uint8_t odd;
};

struct Chain {
    std::array<float, kTrellisStates> costs;
    std::vector<Step> steps;
    std::vector<size_t> positions;

    Chain() {
        costs.fill(kUnreachable);
        costs[0] = 0;
    }

    void add(const SymbolCodec& codec, size_t position, int index, float target, float weight) {
        const float distance =
            std::min(std::fabs(target), static_cast<float>(trellis_symbol(kMaxTrellisLevel, 0)));
        Step step{};
        float best[2][2];
        for (int quantiser = 0; quantiser < 2; ++quantiser) {
            for (int parity = 0; parity < 2; ++parity) {
                float& least = best[quantiser][parity];
                least = kUnreachable;
                const auto consider = [&](int level) {
                    const int symbol = trellis_symbol(level, quantiser);
                    const float error = distance - static_cast<float>(symbol);
                    const float cost = codec.cost(index, level, quantiser) + weight * error * error;
                    if (cost >= least) return;
                    least = cost;
                    step.magnitude[quantiser][parity] = static_cast<int16_t>(symbol);
                };
                // The nearest level of this parity and the next toward zero; zero itself always.
                const float level = (distance + static_cast<float>(quantiser)) / 2;
                const int nearest = std::min(
                    parity + 2 * std::max(0, static_cast<int>(
                                                 std::lround((level - static_cast<float>(parity)) / 2))),
                    kMaxTrellisLevel - 1 + parity);
                consider(nearest);
                if (nearest >= 2) consider(nearest - 2);
                if (parity == 0 && nearest >= 4) consider(0);
            }
        }
        std::array<float, kTrellisStates> next;
        for (size_t state = 0; state < kTrellisStates; ++state) {
            const size_t even = kBefore[state][0], odd = kBefore[state][1];
            const float by_even = costs[even] + best[trellis_quantiser(static_cast<int>(even))][0],
                        by_odd = costs[odd] + best[trellis_quantiser(static_cast<int>(odd))][1];
            next[state] = std::min(by_even, by_odd);
            step.odd = static_cast<uint8_t>(step.odd | ((by_odd < by_even ? 1 : 0) << state));
        }
        costs = next;
        steps.push_back(step);
        positions.push_back(position);
        if (steps.size() % kSymbolsBetweenRebases == 0) {
            const float least = *std::min_element(costs.begin(), costs.end());
            for (float& c : costs) c -= least;
        }
    }

    void write(const float* target, int16_t* symbols) const {
        auto state = static_cast<size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin());
        for (size_t i = steps.size(); i-- > 0;) {
            const size_t parity = steps[i].odd >> state & 1;
            state = kBefore[state][parity];
            const int magnitude = steps[i].magnitude[trellis_quantiser(static_cast<int>(state))][parity];
            symbols[positions[i]] = signed_like(target[positions[i]], magnitude);
        }
    }
};

}  // namespace

void choose_symbols(const SymbolCodec& codec, const uint8_t* index, const float* target, const float* weight,
                    size_t count, int16_t* symbols, StreamKind kind) {
    if (!codec.has_trellis()) {
        for (size_t i = 0; i < count; ++i)
            symbols[i] = index[i] == 0 ? int16_t{0}
                                       : choose_symbol(codec, index[i], target[i],
                                                       weight == nullptr ? nullptr : weight + i);
        return;
    }
    std::fill_n(symbols, count, int16_t{0});
    const auto coded =
        static_cast<uint64_t>(count - static_cast<size_t>(std::count(index, index + count, 0)));
    std::vector<Chain> chains(static_cast<size_t>(chain_count(kind, coded)));
    for (Chain& chain : chains) {
        chain.steps.reserve(static_cast<size_t>(coded) / chains.size() + 1);
        chain.positions.reserve(chain.steps.capacity());
    }
    size_t number = 0;
    for (size_t i = 0; i < count; ++i) {
        if (index[i] == 0) continue;
        chains[number++ % chains.size()].add(codec, i, index[i], target[i], weight[i]);
    }
    for (const Chain& chain : chains) chain.write(target, symbols);
}

}  // namespace nae
