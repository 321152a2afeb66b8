#include "codec/latent_quantiser.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/table_builder.h"

namespace nae {
namespace {

// A 16-bit log2 scale plus anything beyond this lies outside every table set (at most 256 tables of 64
// units).
constexpr int64_t kOffsetBound = 1 << 17;

}  // namespace

LatentScale make_latent_scale(const GainTable& gains, const TableSet& tables, int quality_centi, int32_t lo,
                              int32_t hi) {
    LatentScale scale;
    scale.steps = steps_at(gains, quality_centi);
    scale.table_count = tables.count();
    scale.lo = lo;
    scale.hi = hi;
    for (const int32_t gain : scale.steps.log2_gain) {
        const int64_t offset = static_cast<int64_t>(gain) + tables.bias;
        scale.index_offset.push_back(static_cast<int32_t>(std::clamp(offset, -kOffsetBound, kOffsetBound)));
    }
    return scale;
}

void scale_indices(const LatentScale& scale, const int16_t* log2_scale, uint8_t* index) {
    for (size_t c = 0; c < scale.index_offset.size(); ++c) index[c] = scale_index(scale, c, log2_scale[c]);
}

void dequantise_position(const LatentScale& scale, const int16_t* symbols, const int16_t* mean,
                         int16_t* out) {
    for (size_t c = 0; c < scale.steps.step.size(); ++c)
        out[c] =
            dequantise(symbols[c], scale.steps.step[c], mean == nullptr ? 0 : mean[c], scale.lo, scale.hi);
}

double distortion_weight_at(int quality_centi) {
    const double quality = (quality_centi - kMinQualityCenti) / double{kMaxQualityCenti - kMinQualityCenti};
    return kDistortionWeightLow * std::pow(kDistortionWeightHigh / kDistortionWeightLow, quality);
}

std::vector<float> quantiser_weights(const TableSet& tables, int quality_centi) {
    const double quality = quality_centi / 10000.0;
    const double base = kHighRateWeight * kWeightFactor * (1 + kWeightQuality * quality * quality * quality);
    std::vector<float> weights(tables.tables.size());
    for (size_t i = 0; i < weights.size(); ++i) {
        const double sigma = table_scale(tables.bias, static_cast<int>(i));
        // Beyond any effect, and far from overflow.
        weights[i] = static_cast<float>(std::min(base * (1 + std::pow(sigma / kWeightKnee, 2)), 1e9));
    }
    return weights;
}

std::vector<float> release_factors(const TableSet& tables) {
    std::vector<float> factors(tables.tables.size());
    for (size_t i = 0; i < factors.size(); ++i) {
        const double sigma = kTrellisStep * table_scale(tables.bias, static_cast<int>(i));
        factors[i] = static_cast<float>(kReleaseFactor / (sigma * sigma + 1.0 / 12));
    }
    return factors;
}

void symbol_targets(const LatentScale& scale, const float* value, const int16_t* mean, const uint8_t* index,
                    float* target) {
    constexpr auto kLimit = static_cast<float>(kMaxSymbolMagnitude);
    for (size_t c = 0; c < scale.steps.step.size(); ++c) {
        const float centre = mean == nullptr ? 0.0F : static_cast<float>(mean[c]);
        const float exact = (value[c] - centre) * (65536.0F / static_cast<float>(scale.steps.step[c]));
        target[c] = index[c] == 0 || !std::isfinite(exact) ? 0.0F : std::clamp(exact, -kLimit, kLimit);
    }
}

}  // namespace nae
