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

std::vector<float> quantiser_weights(const TableSet& tables, int quality_centi, double factor) {
    const double quality = quality_centi / 10000.0;
    const double base =
        kHighRateWeight * kWeightFactor * (1 + kWeightQuality * quality * quality * quality) * factor;
    std::vector<float> weights(tables.tables.size());
    for (size_t i = 0; i < weights.size(); ++i) {
        const double sigma = table_scale(tables.bias, static_cast<int>(i));
        // Beyond any effect, and far from overflow.
        weights[i] = static_cast<float>(std::min(base * (1 + std::pow(sigma / kWeightKnee, 2)), 1e9));
    }
    return weights;
}

void choose_symbols(const LatentScale& scale, const SymbolCodec& codec, const float* weights,
                    const float* value, const int16_t* mean, const uint8_t* index, int16_t* symbols) {
    const size_t count = scale.steps.step.size();
    for (size_t c = 0; c < count; ++c) {
        symbols[c] = 0;
        if (index[c] == 0) continue;
        const float centre = mean == nullptr ? 0.0f : static_cast<float>(mean[c]);
        const float exact = (value[c] - centre) * (65536.0f / static_cast<float>(scale.steps.step[c]));
        if (!std::isfinite(exact)) continue;
        const float limited = std::clamp(exact, -static_cast<float>(kMaxSymbolMagnitude),
                                         static_cast<float>(kMaxSymbolMagnitude));
        const float distance = std::fabs(limited);
        const int nearest = static_cast<int>(std::lround(distance));
        int best = nearest;
        if (weights != nullptr && nearest > 0) {
            const float weight = weights[index[c]];
            float best_cost = 0;
            // Two steps toward zero pay only where the weight is low or a table is much too narrow.
            for (int candidate = nearest; candidate >= std::max(0, nearest - 2); --candidate) {
                const float error = distance - static_cast<float>(candidate);
                const float cost = codec.cost(index[c], candidate) + weight * error * error;
                if (candidate == nearest || cost < best_cost) {
                    best = candidate;
                    best_cost = cost;
                }
            }
        }
        symbols[c] = static_cast<int16_t>(limited < 0 ? -best : best);
    }
}

}  // namespace nae
