// Variable rate: per-channel gains interpolated over quality, and the dequantisation they imply. All integer,
// so that every machine derives the same steps. Gains are log2 values in 1/256 octave.
//
// Chunk GAIN (little-endian): u16 K, u16 C, u16 Cz, then
//   i32 latent.log2_gain[C][K], i32 latent.log2_inverse_unit[C],
//   i32 hyper.log2_gain[Cz][K], i32 hyper.log2_inverse_unit[Cz], i32 hyper_log2_scale[Cz]
#ifndef NAE_CODEC_GAINS_H_
#define NAE_CODEC_GAINS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/header.h"  // kMinQualityCenti, kMaxQualityCenti
#include "format/status.h"

namespace nae {

constexpr int kMaxAnchors = 64;
constexpr int32_t kMaxLog2Gain = 1 << 14;  // |L|, |U|: 64 octaves

// round(2^30 * 2^(i / 256)), 0 <= i < 256. A constant of the format, written out so that no libm takes part.
extern const uint32_t kExp2Table[256];

// Gains of one kind of latent: `channels` channels, K anchors evenly spaced over quality 1 .. 100.
struct GainTable {
    int channels = 0;
    int anchors = 0;                 // K, 2..64
    std::vector<int32_t> log2_gain;  // [channel][anchor]: log2 of the factor before rounding, 1/256 octave
    std::vector<int32_t> log2_inverse_unit;  // [channel]: log2(1 / unit); unit = real value of one integer
                                             // step of the network input that the symbol dequantises to

    // L: gain of channel c at a quality (100 .. 10000), linear between anchors, rounded half up.
    int32_t log2_gain_at(int c, int quality_centi) const;
};

struct Gains {
    GainTable latent;
    GainTable hyper;
    std::vector<int32_t> hyper_log2_scale;  // [hyper channel]: log2 sigma of the hyper-latent, 1/256 octave
};

// Steps of all channels at one quality; made once per picture.
struct QuantSteps {
    std::vector<int32_t> log2_gain;  // L_c, 1/256 octave
    std::vector<int32_t> step;       // D_c, Q16 integer units of the network input, 1 .. 2^28

    int channels() const { return static_cast<int>(step.size()); }
};

constexpr int32_t kQualitySpan = kMaxQualityCenti - kMinQualityCenti;

// Where a quality (100 .. 10000, clamped) lies between K >= 2 anchors: `rest` / kQualitySpan of the way from `anchor` to the
// next one.
struct AnchorPosition {
    int anchor = 0;
    int32_t rest = 0;
};
AnchorPosition anchor_position(int anchors, int quality_centi);
// Which of `sets` >= 1 sets of parameters, for qualities spaced evenly from 1 to 100, is the nearest one to a quality
// (100 .. 10000, clamped); of two as near ones the finer.
size_t nearest_set(size_t sets, int quality_centi);

// D = 2^((U - L) / 256) in Q16, rounded half up; 0 when outside 1 .. 2^28 (refused at load).
int32_t dequant_step(int32_t log2_inverse_unit, int32_t log2_gain);

// quality_centi is clamped to 100 .. 10000. The table must be valid.
QuantSteps steps_at(const GainTable& table, int quality_centi);

// clamp(mean + ((symbol * step + 2^15) >> 16), lo, hi). mean = 0 for hyper-latents. lo, hi: of the network's
// input node.
inline int16_t dequantise(int32_t symbol, int32_t step, int32_t mean, int32_t lo, int32_t hi) {
    const int64_t v = mean + ((static_cast<int64_t>(symbol) * step + (1 << 15)) >> 16);
    return static_cast<int16_t>(v < lo ? lo : v > hi ? hi : v);
}

// Checks sizes and ranges, and that every anchor of every channel has a step in 1 .. 2^28 (between anchors it
// then has, too: L is monotone there). Errors: corrupt.
Status validate(const Gains& gains);

std::vector<uint8_t> serialise_gains(const Gains& gains);
Result<Gains> parse_gains(const uint8_t* data, size_t size, const char* what);

}  // namespace nae

#endif  // NAE_CODEC_GAINS_H_
