// Overlap of the transform's blocks: a lapped transform by filters in the pixel domain (Tran, Liang, Tu 2003, "Lapped transform
// via time-domain pre- and post-filtering"). The synthesis makes blocks of 16 x 16 pixels that know nothing of each other; across
// each border between two of them the 8 pixels on either side form pairs, mirrored at the border. The sum of a pair stays,
// the differences d of the 8 pairs become d + M d. Thus what the latent of one block says reaches 8 pixels into its neighbours.
// The encoder does about the opposite, with a matrix of its own, before the analysis.
//
// In integers, with weights w = M / 2 in units of 2^-16 (so 2^-15 for M itself):
//   e_i = (sum over j of w[i][j] d_j + 2^15) >> 16,   d_j = before_j - after_j,   before_i += e_i,   after_i -= e_i
// first down the columns, then along the rows. FORMAT.md, "Overlap", is normative.
#ifndef NAE_CODEC_BLOCK_LAP_H_
#define NAE_CODEC_BLOCK_LAP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

class ThreadPool;  // codec/thread_pool.h

constexpr int kLapSide = 16;             // pixels a side of the blocks
constexpr int kLapReach = kLapSide / 2;  // pixels on either side of a border that it takes
constexpr size_t kLapWeights = size_t{kLapReach} * kLapReach;
constexpr int kLapShift = 16;
constexpr int16_t kLapLimit =
    16383;  // what values are held within, before and after: differences fit 16 bits
// Magnitudes of a row of weights: what keeps the sum within 32 bits.
constexpr int32_t kMaxLapWeight = (1 << 16) - 1;

struct BlockLap {
    std::vector<int16_t> weights;  // [8][8], from the border outwards; none: blocks do not overlap
    bool empty() const { return weights.empty(); }
};

// Multiply-adds per pixel: 8 for each second value, in each of two directions.
inline double lap_macs_per_pixel(const BlockLap& lap) { return lap.empty() ? 0.0 : 2.0 * kLapReach / 2 * 3; }

// Sizes and sums. Errors: corrupt.
Status validate(const BlockLap& lap);

// Chunk LAPP (little-endian): i16 weights[8][8].
std::vector<uint8_t> serialise_lap(const BlockLap& lap);
// Not validated yet. Errors: corrupt, truncated.
Result<BlockLap> parse_lap(ByteSpan bytes);

// The encoder's matrix, [8][8] as M above; none: blocks do not overlap. Chunk aLAP: f32 values[8][8].
using AnalysisLap = std::vector<float>;
// Errors: corrupt (not 64 finite numbers).
Status validate_analysis_lap(const AnalysisLap& lap);
std::vector<uint8_t> serialise_analysis_lap(const AnalysisLap& lap);
// Errors: corrupt, truncated.
Result<AnalysisLap> parse_analysis_lap(ByteSpan bytes);

// Real arithmetic, for the encoder: pixels of 3 floats, h x w dense, multiples of 16, of which the first is a block's first.
// Borders within are lapped in place, those around are left alone. matrix: M, [8][8]; transposed: by its transpose, as
// gradients pass. pool: threads that share the work; null: nobody does.
void lap_floats(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t h, ptrdiff_t w,
                ThreadPool* pool);
// Its two halves, in this order, for pictures that come row by row. Down: across horizontal borders at rows `first_border`,
// first_border + 16, ..., 8 or more from either end. Along: across those between the blocks of each row.
void lap_floats_down(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t first_border,
                     ptrdiff_t h, ptrdiff_t w, ThreadPool* pool);
void lap_floats_along(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t h, ptrdiff_t w,
                      ThreadPool* pool);
// M of the integer weights.
AnalysisLap real_lap(const BlockLap& lap);

}  // namespace nae

#endif  // NAE_CODEC_BLOCK_LAP_H_
