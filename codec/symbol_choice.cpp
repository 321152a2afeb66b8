#include "codec/symbol_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/trellis.h"
#include "codec/trellis_path.h"

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

// One of a stream's paths.
struct Chain {
    std::vector<TrellisCosts> costs;
    std::vector<std::array<int16_t, 4>> magnitudes;  // of the symbols that cost so much
    std::vector<uint32_t> positions;

    void reserve(size_t count) {
        costs.reserve(count);
        magnitudes.reserve(count);
        positions.reserve(count);
    }

    // Of each quantiser the cheapest symbol with an even level and with an odd one.
    void add(const SymbolCodec& codec, size_t position, int index, float target, float weight) {
        const float distance =
            std::min(std::fabs(target), static_cast<float>(trellis_symbol(kMaxTrellisLevel, 0)));
        TrellisCosts best;
        std::array<int16_t, 4> magnitude{};
        for (int quantiser = 0; quantiser < 2; ++quantiser) {
            for (int parity = 0; parity < 2; ++parity) {
                const auto kind = static_cast<size_t>(2 * quantiser + parity);
                best[kind] = kUnreachableState;
                const auto consider = [&](int level) {
                    const int symbol = trellis_symbol(level, quantiser);
                    const float error = distance - static_cast<float>(symbol);
                    const float cost = codec.cost(index, level, quantiser) + weight * error * error;
                    if (cost >= best[kind]) return;
                    best[kind] = cost;
                    magnitude[kind] = static_cast<int16_t>(symbol);
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
        costs.push_back(best);
        magnitudes.push_back(magnitude);
        positions.push_back(static_cast<uint32_t>(position));
    }

    void write(const TrellisChoices& choices, const float* target, int16_t* symbols) const {
        for (size_t i = 0; i < positions.size(); ++i)
            symbols[positions[i]] = signed_like(target[positions[i]], magnitudes[i][choices[i]]);
    }
};

}  // namespace

void choose_symbols(const SymbolCodec& codec, const uint8_t* index, const float* target, const float* weight,
                    size_t count, int16_t* symbols, StreamKind kind, TrellisSteps steps) {
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
    for (Chain& chain : chains) chain.reserve(static_cast<size_t>(coded) / chains.size() + 1);
    size_t number = 0;
    for (size_t i = 0; i < count; ++i) {
        if (index[i] == 0) continue;
        chains[number++ % chains.size()].add(codec, i, index[i], target[i], weight[i]);
    }
    TrellisChoices choices;
    for (const Chain& chain : chains) {
        if (kind == StreamKind::substream)
            find_path256(chain.costs, steps, choices);
        else
            find_path8(chain.costs, choices);
        chain.write(choices, target, symbols);
    }
}

}  // namespace nae
