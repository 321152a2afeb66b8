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

// Of each quantiser the cheapest symbol with an even level and with an odd one.
using Magnitudes = std::array<int16_t, 4>;

// What is considered for a coded symbol, of a model's tables.
class Alternatives {
  public:
    explicit Alternatives(const SymbolCodec& codec) : codec_(codec) {
        tables_.resize(static_cast<size_t>(codec.table_count()));
        for (int table = 1; table < codec.table_count(); ++table) {
            Table& t = tables_[static_cast<size_t>(table)];
            t.bits = {codec.bits(table, 0), codec.bits(table, 1)};
            t.most = std::min(codec.max_symbol(table, 0), codec.max_symbol(table, 1));
            for (int kind = 0; kind < kKinds; ++kind)
                t.first[static_cast<size_t>(kind)] = codec.cost(table, kind & 1, kind >> 1);
        }
    }

    void find(int table, float target, float weight, TrellisCosts& best, Magnitudes& magnitudes) const {
        const float distance =
            std::min(std::fabs(target), static_cast<float>(trellis_symbol(kMaxTrellisLevel, 0)));
        const Table& t = tables_[static_cast<size_t>(table)];
        // Most are here, where no level is nearer than the first two.
        if (distance < 1) {
            for (size_t kind = 0; kind < kKinds; ++kind) {
                const float error = distance - static_cast<float>(kFirst[kind]);
                best[kind] = t.first[kind] + weight * error * error;
            }
            magnitudes = kFirst;
            return;
        }
        int nearest[kKinds];
        for (int kind = 0; kind < kKinds; ++kind)
            nearest[kind] = nearest_level(distance, kind >> 1, kind & 1);
        if (std::max({nearest[0], nearest[1], nearest[2], nearest[3]}) > t.most) {
            for (int kind = 0; kind < kKinds; ++kind)
                consider(
                    distance, weight, nearest[kind], kind,
                    [&](int level) { return codec_.cost(table, level, kind >> 1); }, best, magnitudes);
            return;
        }
        for (int kind = 0; kind < kKinds; ++kind) {
            const float* const bits = t.bits[static_cast<size_t>(kind >> 1)];
            consider(
                distance, weight, nearest[kind], kind, [&](int level) { return bits[level]; }, best,
                magnitudes);
        }
    }

  private:
    static constexpr int kKinds = 4;
    // Levels 0 and 1 of both quantisers.
    static constexpr Magnitudes kFirst = {0, trellis_symbol(1, 0), 0, trellis_symbol(1, 1)};

    struct Table {
        std::array<const float*, 2> bits;  // of each quantiser's levels, up to `most`
        int most = 0;
        TrellisCosts first;  // bits of levels 0 and 1
    };

    static int nearest_level(float distance, int quantiser, int parity) {
        const float level = (distance + static_cast<float>(quantiser)) / 2;
        // Rounded half up; less than zero where the parity is odd: then the first of this parity.
        const int pairs = static_cast<int>(std::max(0.0F, (level - static_cast<float>(parity)) / 2) + 0.5F);
        return std::min(parity + 2 * pairs, kMaxTrellisLevel - 1 + parity);
    }

    // The nearest level of a kind and the next toward zero; zero itself always. Without a branch: what is not there is the nearest
    // once more.
    template <class Bits>
    static void consider(float distance, float weight, int nearest, int kind, Bits bits, TrellisCosts& best,
                         Magnitudes& magnitudes) {
        const int quantiser = kind >> 1, parity = kind & 1;
        const auto cost = [&](int level, int symbol) {
            const float error = distance - static_cast<float>(symbol);
            return bits(level) + weight * error * error;
        };
        const int less = std::max(nearest - 2, parity);
        int symbol = trellis_symbol(nearest, quantiser);
        const int nearer = trellis_symbol(less, quantiser);
        float least = cost(nearest, symbol);
        const float other = cost(less, nearer);
        symbol = other < least ? nearer : symbol;
        least = std::min(other, least);
        if (parity == 0) {
            const float none = cost(0, 0);
            symbol = none < least ? 0 : symbol;
            least = std::min(none, least);
        }
        best[static_cast<size_t>(kind)] = least;
        magnitudes[static_cast<size_t>(kind)] = static_cast<int16_t>(symbol);
    }

    const SymbolCodec& codec_;
    std::vector<Table> tables_;
};

// One of a stream's paths.
struct Chain {
    std::vector<TrellisCosts> costs;
    std::vector<Magnitudes> magnitudes;  // of the symbols that cost so much
    std::vector<uint32_t> positions;

    explicit Chain(size_t count) : costs(count), magnitudes(count), positions(count) {}

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
    const auto count_of_chains = static_cast<uint64_t>(chain_count(kind, coded));
    std::vector<Chain> chains;
    for (uint64_t k = 0; k < count_of_chains; ++k)
        chains.emplace_back(static_cast<size_t>((coded + count_of_chains - 1 - k) / count_of_chains));
    const Alternatives alternatives(codec);
    size_t next = 0, step = 0;  // where the next symbol goes
    for (size_t i = next_coded(index, 0, count); i < count; i = next_coded(index, i + 1, count)) {
        Chain& to = chains[next];
        alternatives.find(index[i], target[i], weight[i], to.costs[step], to.magnitudes[step]);
        to.positions[step] = static_cast<uint32_t>(i);
        if (++next == chains.size()) next = 0, ++step;
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
