// The second step of the latent's prediction: half of the positions are predicted again when the other half is known, after
// He et al. 2021, "Checkerboard context model for efficient learned image compression".
#ifndef NAE_CODEC_LATENT_CONTEXT_H_
#define NAE_CODEC_LATENT_CONTEXT_H_

#include <cstdint>
#include <vector>

#include "codec/engine.h"
#include "codec/entropy/tables.h"
#include "codec/latent_quantiser.h"
#include "codec/tensor.h"
#include "codec/tile_part.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

struct Kernels;  // codec/engine_kernels.h

// Symbols enter the network, and changes of means leave it, as multiples of the scale sigma that the position's table stands
// for, 2^((64 index + 32 - bias) / 256) steps: in units of 1/64 and 1/256.
constexpr int kContextInputPerScale = 64, kContextOutputPerScale = 256;
constexpr double kContextRange = 127;  // of a symbol, in multiples of sigma

// How many rows or columns away a position's context lies.
int context_reach(const PackedGraph& context);

// Sigma of each table, for exact arithmetic.
struct ContextScales {
    std::vector<int32_t> from_steps;  // 64 / sigma, Q16, rounded half up; 0 where nothing is coded
    std::vector<int32_t> to_steps;    // sigma, Q16, likewise
    bool fits_32_bits = true;         // whether all of to_steps are so small that no change overflows
};
ContextScales context_scales(const TableSet& latent_tables);

// A mean, changed by what the network said of it; step: D of the channel.
inline int16_t changed_mean(int16_t mean, int16_t said, int32_t to_steps, int32_t step) {
    const int64_t steps = (int64_t{said} * to_steps + (1 << 11)) >> 12;  // Q12
    const int64_t sum = mean + ((steps * step + (int64_t{1} << 27)) >> 28);
    return static_cast<int16_t>(sum < -kValueLimit ? -kValueLimit : sum > kValueLimit ? kValueLimit : sum);
}
// Those of one position: the reference of the SIMD kernels.
void change_means(const LatentScale& scale, const ContextScales& scales, const int16_t* said,
                  const uint8_t* index, int16_t* mean);

// What a context network needs to know of a tile of h x w positions.
struct ContextTask {
    const PackedGraph& network;
    const PackedGraph& pointwise;  // its end, split_graph.h; may be empty
    int reach = 0;                 // context_reach(network)
    const LatentScale& scale;      // of the latent
    const ContextScales& scales;
    const Kernels& kernels;
    int h = 0, w = 0;
    // The part of the tile that is known, which begins with an even column: symbols of the first squares and their table
    // indices, C at each position (those of the second squares are not looked at).
    TilePart known;
    const int16_t* symbols = nullptr;
    const uint8_t* index = nullptr;
    EngineLevel level{};
    const Limits& limits;
};

// Adds to means, from the part's top on, and log2 scales of the second squares of a part's rows [top, bottom) what the network
// says; the part begins with an even column, and both tops are even. What is known must hold that part and `reach` rows and
// columns more, as far as the tile has them. prediction: of the known part, as the hyper-synthesis gave it. Of other rows only
// what is never changed is looked at: several threads may have some rows each. Errors: those of the engine.
Status add_context(const ContextTask& task, const TilePart& part, int top, int bottom, Tensor16& prediction);

}  // namespace nae

#endif  // NAE_CODEC_LATENT_CONTEXT_H_
