#include "codec/split_graph.h"

#include <cstdint>

namespace nae {
namespace {

bool is_pointwise(const Node& node) {
    switch (node.op) {
        case Op::conv:
            return node.kernel == 1 && node.stride == 1;
        case Op::depth_to_space:
        case Op::space_to_depth:
            return false;
        default:
            return true;
    }
}

// Whether the nodes behind `cut` read nothing that comes before it.
bool can_cut_behind(const Graph& graph, size_t cut) {
    for (size_t i = cut + 1; i < graph.nodes.size(); ++i)
        for (const uint16_t input : graph.nodes[i].inputs)
            if (input < cut) return false;
    return true;
}

}  // namespace

SplitGraph split_pointwise(const Graph& graph) {
    SplitGraph out;
    size_t cut = graph.nodes.size() - 1, best = cut;
    while (cut > 0 && is_pointwise(graph.nodes[cut])) {
        --cut;
        if (cut > 0 && can_cut_behind(graph, cut)) best = cut;
    }
    const auto middle = graph.nodes.begin() + static_cast<ptrdiff_t>(best) + 1;
    out.before.nodes.assign(graph.nodes.begin(), middle);
    if (middle == graph.nodes.end()) return out;
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;  // the whole has been judged
    const Result<GraphInfo> info = validate(out.before, limits);
    if (!info.ok()) {
        out.before = graph;
        return out;
    }
    const NodeInfo& seam = info.value().nodes.back();
    GraphBuilder builder(seam.channels, seam.lo, seam.hi);
    out.pointwise = builder.take();
    for (auto node = middle; node != graph.nodes.end(); ++node) {
        out.pointwise.nodes.push_back(*node);
        for (uint16_t& input : out.pointwise.nodes.back().inputs) input = static_cast<uint16_t>(input - best);
    }
    return out;
}

}  // namespace nae
