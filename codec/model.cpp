#include "codec/model.h"

#include <algorithm>
#include <utility>

#include "format/text.h"

namespace nae {
namespace {

// Picture pixels per latent position.
constexpr double kPixelsPerLatent = kLatentStride * kLatentStride;

Status corrupt(const std::string& message) { return Status(ErrorCode::corrupt, message); }

Status check_head(const Model& m) {
    if (m.name.empty() || m.name.size() > kMaxModelName || !is_plain_utf8(m.name) ||
        m.name.find('/') != std::string::npos) {
        return corrupt(cat("name: \"",
                           printable(m.name.data(), std::min<size_t>(m.name.size(), kMaxModelName)),
                           "\" is not a model name"));
    }
    if (m.latent_channels < 1 || 2 * m.latent_channels > kMaxChannels) {
        return corrupt(cat("latent channels: ", m.latent_channels));
    }
    if (m.hyper_channels < 1 || m.hyper_channels > kMaxChannels) {
        return corrupt(cat("hyper channels: ", m.hyper_channels));
    }
    if (m.output_frac_bits < 1 || m.output_frac_bits > 7) {
        return corrupt(cat("fraction bits: ", m.output_frac_bits));
    }
    if (m.mean_dead_zone < 0 || m.mean_dead_zone > UINT8_MAX)
        return corrupt(cat("mean dead zone: ", m.mean_dead_zone));
    return Status();
}

// Channels and resolution at both ends of a graph.
template <class Info>
Status check_ends(const Info& info, int in, int out, const Resolution& resolution) {
    if (info.input_channels() != in)
        return corrupt(cat("input channels: ", info.input_channels(), ", expected ", in));
    if (info.output_channels() != out) {
        return corrupt(cat("output channels: ", info.output_channels(), ", expected ", out));
    }
    if (info.nodes.back().resolution != resolution) {
        return corrupt(cat("output resolution: about ", info.nodes.back().resolution.ratio(),
                           " times the input's, expected ", resolution.ratio()));
    }
    return Status();
}

// Adds what a graph costs, whose output pixel stands for `pixels` of the picture.
Status add_cost(const GraphInfo& info, double pixels, const Limits& limits, double* cost) {
    *cost += (info.macs_per_pixel + info.values_per_pixel) / pixels;
    if (*cost <= static_cast<double>(limits.max_macs_per_pixel)) return Status();
    return Status(ErrorCode::limit_exceeded,
                  cat(*cost, " operations per pixel, the limit is ", limits.max_macs_per_pixel));
}

// Proves a graph and adds what it costs.
Result<GraphInfo> judge(const Graph& graph, double pixels, const Limits& limits, double* cost) {
    Limits per_output = limits;
    per_output.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(GraphInfo info, validate(graph, per_output));
    NAE_RETURN_IF_ERROR(add_cost(info, pixels, limits, cost));
    return info;
}

Status check_integer_graph(const Graph& graph, int in, int out, int factor, double pixels,
                           const Limits& limits, double* cost) {
    NAE_ASSIGN_OR_RETURN(const GraphInfo info, judge(graph, pixels, limits, cost));
    return check_ends(info, in, out, Resolution().multiplied(factor));
}

// Channels that the hyper-synthesis gives for the context alone.
int context_features(const Model& m, const GraphInfo& hyper) {
    return m.context.empty() ? 0 : std::max(hyper.output_channels() - 2 * m.latent_channels, 0);
}

Status check_context(const Model& m, int features, const Limits& limits, double* cost) {
    if (m.context.empty()) return Status();
    const int known = m.context.nodes.front().channels - features;
    if (known < 1 || known > m.latent_channels)
        return corrupt(cat("latent channels: ", known, ", of ", m.latent_channels));
    return check_integer_graph(m.context, known + features, 2 * m.latent_channels, 1, kPixelsPerLatent,
                               limits, cost);
}

Status check_post_filter(const Model& m, const Limits& limits, double* cost) {
    static_assert(kPostFilterSide == kLatentStride, "extents of the synthesis' output");
    if (m.post_filter.empty()) return Status();
    NAE_ASSIGN_OR_RETURN(const GraphInfo info, validate(m.post_filter, m.output_frac_bits));
    return add_cost(info, 1, limits, cost);
}

Status check_float_graph(const FloatGraph& graph, int in, int out, int factor, const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(graph, limits));
    return check_ends(info, in, out, Resolution().divided(factor));
}

}  // namespace

std::string model_id_string(const ModelId& id) { return to_hex(id.data(), id.size()); }

Status validate(const Model& m, const Limits& limits) {
    NAE_RETURN_IF_ERROR(check_head(m).in("MHDR"));
    double cost = 0;
    NAE_ASSIGN_OR_RETURN(const GraphInfo hyper,
                         judge(m.hyper_synthesis, kPixelsPerLatent, limits, &cost).in("HSYN"));
    const int features = context_features(m, hyper);
    NAE_RETURN_IF_ERROR(check_ends(hyper, m.hyper_channels, 2 * m.latent_channels + features,
                                   Resolution().multiplied(kHyperStride))
                            .in("HSYN"));
    NAE_RETURN_IF_ERROR(check_context(m, features, limits, &cost).in("CNTX"));
    NAE_RETURN_IF_ERROR(
        check_integer_graph(m.synthesis, m.latent_channels, 3, kLatentStride, 1, limits, &cost).in("SYNT"));
    NAE_RETURN_IF_ERROR(validate(m.gains).in("GAIN"));
    if (m.gains.latent.channels != m.latent_channels || m.gains.hyper.channels != m.hyper_channels) {
        return corrupt(cat("GAIN: ", m.gains.latent.channels, " and ", m.gains.hyper.channels,
                           " channels, expected ", m.latent_channels, " and ", m.hyper_channels));
    }
    NAE_RETURN_IF_ERROR(validate_table_set(m.latent_tables).in("TABL: latent"));
    NAE_RETURN_IF_ERROR(validate_table_set(m.hyper_tables).in("TABL: hyper-latent"));
    if (m.has_trellis()) {
        NAE_RETURN_IF_ERROR(validate_table_set(m.latent_tables_q1).in("TRLS"));
        if (m.latent_tables_q1.count() != m.latent_tables.count() ||
            m.latent_tables_q1.bias != m.latent_tables.bias)
            return corrupt("TRLS: tables that do not match those of the other quantiser");
    }
    NAE_RETURN_IF_ERROR(validate(m.lap).in("LAPP"));
    NAE_RETURN_IF_ERROR(validate(m.restoration, m.output_frac_bits).in("FILT"));
    NAE_RETURN_IF_ERROR(check_post_filter(m, limits, &cost).in("NNPF"));
    if (m.analysis.empty() != m.hyper_analysis.empty()) return corrupt("aNLZ: one of two graphs is missing");
    const int anchors = m.gains.latent.anchors;
    NAE_RETURN_IF_ERROR(validate(m.analysis_affines, m.analysis, anchors).in("aCND: analysis"));
    NAE_RETURN_IF_ERROR(
        validate(m.hyper_analysis_affines, m.hyper_analysis, anchors).in("aCND: hyper-analysis"));
    if (m.analysis_lap.empty() && !m.lap.empty() && !m.analysis.empty())
        return corrupt("aLAP: missing, and blocks overlap");
    if (!m.analysis_lap.empty() && m.lap.empty()) return corrupt("aLAP: blocks do not overlap");
    if (!m.analysis_lap.empty()) NAE_RETURN_IF_ERROR(validate_analysis_lap(m.analysis_lap).in("aLAP"));
    if (m.analysis.empty()) return Status();
    NAE_RETURN_IF_ERROR(
        check_float_graph(m.analysis, 3, m.latent_channels, kLatentStride, limits).in("aNLZ: analysis"));
    Limits per_latent = limits;
    per_latent.max_macs_per_pixel = std::min<uint64_t>(limits.max_macs_per_pixel, UINT64_MAX / 256) *
                                    static_cast<uint64_t>(kPixelsPerLatent);
    return check_float_graph(m.hyper_analysis, m.latent_channels, m.hyper_channels, kHyperStride, per_latent)
        .in("aNLZ: hyper-analysis");
}

FloatGraph Model::analysis_at(int quality_centi) const {
    return graph_at(analysis, analysis_affines, gains.latent.anchors, quality_centi);
}

FloatGraph Model::hyper_analysis_at(int quality_centi) const {
    return graph_at(hyper_analysis, hyper_analysis_affines, gains.latent.anchors, quality_centi);
}

double decoder_macs_per_pixel(const Model& m) {
    Limits none;
    none.max_macs_per_pixel = UINT64_MAX;
    const Result<GraphInfo> hyper = validate(m.hyper_synthesis, none);
    const Result<GraphInfo> synthesis = validate(m.synthesis, none);
    double macs = 0;
    if (hyper.ok()) macs += hyper.value().macs_per_pixel / kPixelsPerLatent;
    if (!m.context.empty())
        if (const Result<GraphInfo> context = validate(m.context, none); context.ok())
            macs += context.value().macs_per_pixel / kPixelsPerLatent;
    if (synthesis.ok()) macs += synthesis.value().macs_per_pixel;
    if (!m.post_filter.empty())
        if (const Result<GraphInfo> filter = validate(m.post_filter.graph, none); filter.ok())
            macs += filter.value().macs_per_pixel;
    macs += lap_macs_per_pixel(m.lap) + restoration_macs_per_pixel(m.restoration);
    return macs;
}

}  // namespace nae
