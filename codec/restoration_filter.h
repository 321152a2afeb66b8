// The restoration filter: what a model may do to the pixels its synthesis has made. A transform of 16 x 16 blocks leaves
// noise where the picture is calm and ringing along edges; the filter averages each pixel with neighbours, most where the
// picture is calm, along edges rather than across them, and hardly with neighbours that differ much. It is the nonlinear
// adaptive loop filter of video coding (Tsai et al. 2013, "Adaptive loop filtering for video coding"; Taquet et al. 2019,
// "Non-linear adaptive loop filtering techniques for next generation video coding"), after the loop and with weights that
// are part of the model.
//
// Each block of 4 x 4 pixels has a class, by the mean activity around it and its main direction. A pixel v becomes
//   v + (sum over 12 pairs of opposite neighbours n of
//          linear[n] * d(n) + clipped[n] * clamp(d(n), -clip, clip), 2^9 added, >> 10),   d = neighbour - v
// for each of three channels. FORMAT.md, "Restoration", is normative; restore_scalar.cpp reads like it.
#ifndef NAE_CODEC_RESTORATION_FILTER_H_
#define NAE_CODEC_RESTORATION_FILTER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr int kRestorationBlock = 4;       // pixels a side that share a class
constexpr int kRestorationReach = 3;       // rows and columns around blocks that their pixels depend on
constexpr int kRestorationDirections = 5;  // none, horizontal, vertical, two diagonals
constexpr int kRestorationPairs = 12;
constexpr int kRestorationShift = 10;  // weights are in 1/1024
// Fraction bits of the synthesis' output: luma has four, and sums of two differences fit 16 bits.
constexpr int kMinRestorationFracBits = 2, kMaxRestorationFracBits = 6;
constexpr int kMaxRestorationActivities = 16;
constexpr int32_t kMaxRestorationWeight = (1 << 16) - 1;  // sum of the magnitudes of a class' weights

// One of each pair of neighbours: the diamond |dy| + |dx| <= 3, of which this half precedes the centre row by row; the
// other is its mirror image.
struct PixelOffset {
    int dy, dx;
};
constexpr std::array<PixelOffset, kRestorationPairs> kRestorationOffsets = {{{-3, 0},
                                                                             {-2, -1},
                                                                             {-2, 0},
                                                                             {-2, 1},
                                                                             {-1, -2},
                                                                             {-1, -1},
                                                                             {-1, 0},
                                                                             {-1, 1},
                                                                             {-1, 2},
                                                                             {0, -3},
                                                                             {0, -2},
                                                                             {0, -1}}};

// Weights of one pair, applied to both of its neighbours.
struct RestorationTap {
    int16_t linear = 0;
    int16_t clipped = 0;
};
using RestorationTaps = std::array<RestorationTap, kRestorationPairs>;

// The filter at one quality.
struct RestorationSet {
    int16_t clip = 1;  // units of the synthesis' output, >= 1
    std::vector<uint32_t>
        thresholds;  // ascending: activities from thresholds[i] on belong to level i + 1 at least
    std::vector<RestorationTaps> taps;  // [(level) * kRestorationDirections + direction]
};

// Sets for qualities spaced evenly from 1 to 100; none: the model has no filter.
struct RestorationFilter {
    int activities = 0;  // levels, 1 .. kMaxRestorationActivities, the same in all sets
    std::vector<RestorationSet> sets;

    bool empty() const { return sets.empty(); }
    // The nearest one to a quality (100 .. 10000); of two as near ones the finer. The filter must not be empty.
    const RestorationSet& at(int quality_centi) const;
};

// Multiply-adds per pixel: one for each weight and channel.
inline double restoration_macs_per_pixel(const RestorationFilter& filter) {
    return filter.empty() ? 0.0 : 2.0 * kRestorationPairs * 3;
}

// Activities of a block, summed over the 8 x 8 pixels around it: horizontal, vertical, and along both diagonals (down to
// the right, down to the left).
using BlockActivity = std::array<int32_t, 4>;
// rgb: the block's first pixel, 3 values each; rows are row_stride values apart; kRestorationReach pixels around the block
// are there, all of them in black .. white (engine_kernels.h).
BlockActivity block_activity(const int16_t* rgb, ptrdiff_t row_stride, int output_frac_bits);
// Index into RestorationSet::taps.
int restoration_class(const RestorationSet& set, const BlockActivity& activity);

// What the kernels rely on: sizes, ranges, sums. Errors: corrupt.
Status validate(const RestorationFilter& filter, int output_frac_bits);

// Chunk FILT (little-endian): u8 number of sets (1 .. 64), u8 activity levels A; then for each set i16 clip,
// u32 thresholds[A - 1], i16 weights[A * 5][12][2].
std::vector<uint8_t> serialise_restoration(const RestorationFilter& filter);
// Not validated yet. Errors: corrupt, truncated.
Result<RestorationFilter> parse_restoration(ByteSpan bytes);

}  // namespace nae

#endif  // NAE_CODEC_RESTORATION_FILTER_H_
