#include "codec/quality_affine.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "codec/gains.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

Status corrupt(const QualityAffine& a, const std::string& message) {
    return Status(ErrorCode::corrupt, cat("node ", a.node, ": ", message));
}

// Values of all channels at a quality.
std::vector<float> values_at(const std::vector<float>& table, int anchors, int quality_centi) {
    const AnchorPosition at = anchor_position(anchors, quality_centi);
    const float share = static_cast<float>(at.rest) / static_cast<float>(kQualitySpan);
    std::vector<float> out;
    for (size_t i = static_cast<size_t>(at.anchor); i < table.size(); i += static_cast<size_t>(anchors))
        out.push_back(table[i] + share * (table[i + 1] - table[i]));
    return out;
}

Status read_floats(ByteReader& reader, const char* what, size_t count, std::vector<float>* out) {
    ByteSpan bytes;
    NAE_RETURN_IF_ERROR(reader.read_span(what, count * 4, &bytes));
    out->resize(count);
    for (size_t i = 0; i < count; ++i) (*out)[i] = load_le_float(bytes.data() + 4 * i);
    return Status();
}

Status read_affines(ByteReader& reader, const FloatGraph& graph, size_t anchors, QualityAffines* out) {
    uint16_t count = 0;
    NAE_RETURN_IF_ERROR(reader.read("number of nodes", &count));
    for (uint16_t i = 0; i < count; ++i) {
        uint16_t node = 0;
        NAE_RETURN_IF_ERROR(reader.read("node", &node));
        if (node >= graph.nodes.size())
            return Status(ErrorCode::corrupt, cat("node ", node, " of ", graph.nodes.size()));
        QualityAffine a;
        a.node = node;
        // Channels and anchors are bounded by 4096 and 64.
        const size_t values = static_cast<size_t>(graph.nodes[node].channels) * anchors;
        NAE_RETURN_IF_ERROR(read_floats(reader, "scales", values, &a.scale));
        NAE_RETURN_IF_ERROR(read_floats(reader, "shifts", values, &a.shift));
        out->push_back(std::move(a));
    }
    return Status();
}

void append_affines(std::vector<uint8_t>& out, const QualityAffines& affines) {
    append_le(out, static_cast<uint16_t>(affines.size()));
    for (const QualityAffine& a : affines) {
        append_le(out, static_cast<uint16_t>(a.node));
        for (float v : a.scale) append_le_float(out, v);
        for (float v : a.shift) append_le_float(out, v);
    }
}

}  // namespace

FloatNode node_at(const FloatNode& node, const QualityAffine& of, int anchors, int quality_centi) {
    const std::vector<float> scale = values_at(of.scale, anchors, quality_centi),
                             shift = values_at(of.shift, anchors, quality_centi);
    FloatNode out = node;
    const size_t each = node.weights.size() / scale.size();
    for (size_t o = 0; o < scale.size(); ++o) {
        const float factor = 1 + scale[o];
        for (size_t i = o * each; i < (o + 1) * each; ++i) out.weights[i] *= factor;
        out.bias[o] = out.bias[o] * factor + shift[o];
    }
    return out;
}

FloatGraph graph_at(FloatGraph graph, const QualityAffines& affines, int anchors, int quality_centi) {
    for (const QualityAffine& a : affines) {
        FloatNode& node = graph.nodes[static_cast<size_t>(a.node)];
        node = node_at(node, a, anchors, quality_centi);
    }
    return graph;
}

Status validate(const QualityAffines& affines, const FloatGraph& graph, int anchors) {
    int last = -1;
    for (const QualityAffine& a : affines) {
        if (a.node <= last || static_cast<size_t>(a.node) >= graph.nodes.size())
            return corrupt(a, "not a node after the one before it");
        last = a.node;
        const FloatNode& node = graph.nodes[static_cast<size_t>(a.node)];
        if (node.op != Op::conv) return corrupt(a, cat(op_name(node.op), " is no convolution"));
        for (const std::vector<float>* values : {&a.scale, &a.shift}) {
            if (values->size() != static_cast<size_t>(node.channels) * static_cast<size_t>(anchors))
                return corrupt(a, cat(values->size(), " values for ", node.channels, " channels"));
            if (!std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); }))
                return corrupt(a, "a value is not finite");
        }
    }
    return Status();
}

std::vector<uint8_t> serialise_quality_affines(const QualityAffines& analysis,
                                               const QualityAffines& hyper_analysis) {
    std::vector<uint8_t> out;
    append_affines(out, analysis);
    append_affines(out, hyper_analysis);
    return out;
}

Status parse_quality_affines(ByteSpan bytes, const FloatGraph& analysis_graph, const FloatGraph& hyper_graph,
                             int anchors, QualityAffines* analysis, QualityAffines* hyper_analysis) {
    ByteReader reader(bytes);
    NAE_RETURN_IF_ERROR(
        read_affines(reader, analysis_graph, static_cast<size_t>(anchors), analysis).in("analysis"));
    NAE_RETURN_IF_ERROR(
        read_affines(reader, hyper_graph, static_cast<size_t>(anchors), hyper_analysis).in("hyper-analysis"));
    return reader.expect_end();
}

}  // namespace nae
