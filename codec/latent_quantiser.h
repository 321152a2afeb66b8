// From network outputs to symbols and back: table indices, dequantisation, and the encoder's choice of
// symbols. Everything a decoder does here is integer arithmetic; format/FORMAT.md states the same formulas.
#ifndef NAE_CODEC_LATENT_QUANTISER_H_
#define NAE_CODEC_LATENT_QUANTISER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/entropy/symbol_codec.h"
#include "codec/gains.h"
#include "codec/tensor.h"

namespace nae {

// Weight of squared error, in bits per squared quantisation step, at which plain rounding is optimal at high
// rate. For a uniform quantiser of step D, distortion is D^2 / 12 and rate is const - log2 D. Minimising w
// D^2 / 12 - log2 D over D gives w D / 6 = 1 / (D ln 2), hence w = 6 / (ln 2 D^2), and 6 / ln 2 in units of D
// = 1.
constexpr double kHighRateWeight = 8.656170245333781;

// Steps and tables of one kind of latent at one quality.
struct LatentScale {
    QuantSteps steps;
    // Per channel: what is added to the predicted log2 scale before the table index is taken, gain plus bias,
    // bounded so that the sum cannot overflow (no other result is possible beyond the bounds).
    std::vector<int32_t> index_offset;
    int table_count = 0;
    int32_t lo = 0, hi = 0;  // range of the network input that symbols dequantise to

    int channels() const { return steps.channels(); }
};

LatentScale make_latent_scale(const GainTable& gains, const TableSet& tables, int quality_centi, int32_t lo,
                              int32_t hi);

// index = clamp((log2_scale + index_offset) >> 6, 0, N - 1) of channel c.
inline uint8_t scale_index(const LatentScale& scale, size_t c, int16_t log2_scale) {
    const int32_t i = (log2_scale + scale.index_offset[c]) >> 6, top = scale.table_count - 1;
    return static_cast<uint8_t>(i < 0 ? 0 : i > top ? top : i);
}
// The same for all channels of one position. This and the next are the references for the SIMD kernels.
void scale_indices(const LatentScale& scale, const int16_t* log2_scale, uint8_t* index);

// out = clamp(mean + ((symbol * step + 2^15) >> 16), lo, hi) for one position's channels; mean may be null
// (zero).
void dequantise_position(const LatentScale& scale, const int16_t* symbols, const int16_t* mean, int16_t* out);

// What models of photographs are trained to minimise at a quality: bits per pixel plus this times the mean squared error
// of the three channels, in 8-bit units. Geometric between the ends.
constexpr double kDistortionWeightLow = 0.0009, kDistortionWeightHigh = 0.8;  // at QUALITY 1 and 100
double distortion_weight_at(int quality_centi);

// Weights of squared error, per table index, for choose_symbols() (symbol_choice.h), in bits per squared quantisation step.
//
// In a transform with orthonormal synthesis every weight would be kHighRateWeight. Learned transforms differ:
// their analysis has learned to hold back what is not worth its bits, so moving a symbol further toward zero
// costs more in pixels than it does in latents, the more so the larger the symbols are. The shape, with sigma
// the table's standard deviation in steps and Q the quality over 100,
//   kHighRateWeight * 1.3 * (1 + (sigma / 0.7)^2) * (1 + 0.7 Q^3),
// and its constants were fitted to J = lambda MSE + bpp (distortion_weight_at()) of 15 training pictures and judged on 15
// others (docs/training.md). A constant kHighRateWeight was 2 to 4 % worse than plain rounding above 32 dB.
constexpr double kWeightFactor = 1.3, kWeightKnee = 0.7, kWeightQuality = 0.7;
std::vector<float> quantiser_weights(const TableSet& tables, int quality_centi);

// With dependent quantisation (entropy/trellis.h) what was held back is given back instead, and all weights are the same.
//
// A model's symbols then are kTrellisStep of the step that it was trained with: the two quantisers, each of twice that, have
// fewer bits and less error than one of the whole step. Of 0.55, 0.6, 0.67, 0.73 and 0.8 this was best, or next to it, at every
// quality.
constexpr double kTrellisStep = 2.0 / 3;
// Weight of a squared distance of one symbol.
constexpr double kTrellisWeight = 0.82 * kHighRateWeight * kTrellisStep * kTrellisStep;
// Analyses that have learned with symbols that cost bits make values smaller, by about what they save: where bits fall by R'(v),
// by R'(v) / (2 weight). For a normal variable of standard deviation sigma, R' = v / (sigma^2 ln 2). So a target t goes back by
// t * factor, at most by kMostReleased, with factor = kReleaseFactor / (sigma^2 + 1/12), sigma in steps of the training, and
// 1/12 for the noise of rounding. Per table index.
constexpr double kReleaseFactor = 0.05, kMostReleased = 0.25 / kTrellisStep;
std::vector<float> release_factors(const TableSet& tables);

// Where the symbols of one position should lie, in steps from the mean: value (integer units of the network input, float) minus
// mean, over the step. mean may be null. 0 where index is 0 or the value is not finite; at most kMaxSymbolMagnitude.
void symbol_targets(const LatentScale& scale, const float* value, const int16_t* mean, const uint8_t* index,
                    float* target);

}  // namespace nae

#endif  // NAE_CODEC_LATENT_QUANTISER_H_
