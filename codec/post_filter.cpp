#include "codec/post_filter.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "codec/engine_kernels.h"
#include "codec/gains.h"
#include "codec/graph_io.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr int kColours = 3;

Status corrupt(const std::string& message) { return Status(ErrorCode::corrupt, message); }

// Whether extents that are multiples of kPostFilterSide come out as they went in.
bool keeps_extents(const Resolution& resolution) {
    const Resolution cells = Resolution().multiplied(kPostFilterSide);
    Resolution r = cells;
    for (size_t i = 0; i < resolution.steps.size(); ++i)
        r = i % 2 == 0 ? r.multiplied(resolution.steps[i]) : r.divided(resolution.steps[i]);
    return r == cells;
}

Status check_ends(const GraphInfo& info, int frac_bits) {
    const NodeInfo &in = info.nodes.front(), &out = info.nodes.back();
    const int32_t least = black(frac_bits), most = white(frac_bits);
    if (in.channels != kColours) return corrupt(cat("input channels: ", in.channels));
    if (out.channels != kColours) return corrupt(cat("output channels: ", out.channels));
    if (!keeps_extents(out.resolution)) return corrupt("another resolution than the picture's");
    if (in.lo < least || in.hi > most)
        return corrupt(cat("input of ", in.lo, " to ", in.hi, ", black is ", least, ", white ", most));
    if (out.lo < least || out.hi > most)
        return corrupt(cat("output of ", out.lo, " to ", out.hi, ", black is ", least, ", white ", most));
    return Status();
}

// Sizes and ranges, and the bounds of the first convolution, which are all that a bias takes part in: the last one's output
// is clamped, whatever the multipliers.
Status check_set(const PostFilterSet& set, Node& first, const Node& last, const NodeInfo& in) {
    if (set.bias.size() != static_cast<size_t>(first.channels))
        return corrupt(cat(set.bias.size(), " biases, expected ", first.channels));
    if (set.mult.size() != static_cast<size_t>(last.channels))
        return corrupt(cat(set.mult.size(), " multipliers, expected ", last.channels));
    for (const int32_t mult : set.mult)
        if (mult < 1) return corrupt(cat("multiplier: ", mult));
    const int32_t max_abs = std::max(std::abs(in.lo), std::abs(in.hi));
    first.bias = set.bias;
    for (int o = 0; o < first.channels; ++o) {
        const int64_t bound = accumulator_bound(first, in.channels, o, max_abs);
        if (bound >= int64_t{1} << 31) return corrupt(cat("accumulator bound of channel ", o, ": ", bound));
    }
    return Status();
}

Status read_all(ByteReader& reader, const char* what, std::vector<int32_t>& values) {
    for (int32_t& value : values) NAE_RETURN_IF_ERROR(reader.read(what, &value));
    return Status();
}

}  // namespace

int first_convolution(const Graph& graph) {
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (graph.nodes[i].op == Op::conv) return static_cast<int>(i);
    return -1;
}

int last_convolution(const Graph& graph) {
    for (size_t i = graph.nodes.size(); i-- > 0;)
        if (graph.nodes[i].op == Op::conv) return static_cast<int>(i);
    return -1;
}

size_t PostFilter::set_of(int quality_centi) const { return nearest_set(sets.size(), quality_centi); }

Graph PostFilter::at(size_t set) const {
    Graph out = graph;
    out.nodes[static_cast<size_t>(first_convolution(graph))].bias = sets[set].bias;
    out.nodes[static_cast<size_t>(last_convolution(graph))].mult = sets[set].mult;
    return out;
}

Result<GraphInfo> validate(const PostFilter& filter, int output_frac_bits) {
    if (output_frac_bits < kMinPostFilterFracBits || output_frac_bits > kMaxPostFilterFracBits)
        return corrupt(cat("a filter for values of ", output_frac_bits, " fraction bits"));
    if (filter.sets.empty() || filter.sets.size() > kMaxPostFilterSets)
        return corrupt(cat(filter.sets.size(), " sets"));
    Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(GraphInfo info, validate(filter.graph, no_cost_limit));
    NAE_RETURN_IF_ERROR(check_ends(info, output_frac_bits));
    const int first = first_convolution(filter.graph);
    if (first < 0) return corrupt("no convolution");
    Node node = filter.graph.nodes[static_cast<size_t>(first)];  // a copy, for the sets' biases
    const Node& last = filter.graph.nodes[static_cast<size_t>(last_convolution(filter.graph))];
    for (size_t s = 0; s < filter.sets.size(); ++s)
        NAE_RETURN_IF_ERROR(
            check_set(filter.sets[s], node, last, info.nodes[node.inputs[0]]).in(cat("set ", s)));
    return info;
}

Result<std::vector<uint8_t>> serialise_post_filter(const PostFilter& filter) {
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> graph, serialise_graph(filter.graph));
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint8_t>(filter.sets.size()));
    append_le(out, static_cast<uint32_t>(graph.size()));
    append_bytes(out, graph.data(), graph.size());
    for (const PostFilterSet& set : filter.sets) {
        for (const int32_t v : set.bias) append_le(out, v);
        for (const int32_t v : set.mult) append_le(out, v);
    }
    return out;
}

Result<PostFilter> parse_post_filter(ByteSpan bytes, const Limits& limits) {
    PostFilter filter;
    ByteReader reader(bytes);
    uint8_t sets = 0;
    uint32_t length = 0;
    ByteSpan graph;
    NAE_RETURN_IF_ERROR(reader.read("number of sets", &sets));
    if (sets == 0 || sets > kMaxPostFilterSets) return corrupt(cat(int{sets}, " sets"));
    NAE_RETURN_IF_ERROR(reader.read("length of the graph", &length));
    NAE_RETURN_IF_ERROR(reader.read_span("graph", length, &graph));
    NAE_ASSIGN_OR_RETURN(filter.graph, parse_graph(graph.data(), graph.size(), "graph", limits));
    const int first = first_convolution(filter.graph), last = last_convolution(filter.graph);
    if (first < 0) return corrupt("no convolution");
    filter.sets.resize(sets);
    for (PostFilterSet& set : filter.sets) {
        set.bias.resize(static_cast<size_t>(filter.graph.nodes[static_cast<size_t>(first)].channels));
        set.mult.resize(static_cast<size_t>(filter.graph.nodes[static_cast<size_t>(last)].channels));
        NAE_RETURN_IF_ERROR(read_all(reader, "bias", set.bias));
        NAE_RETURN_IF_ERROR(read_all(reader, "multiplier", set.mult));
    }
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return filter;
}

}  // namespace nae
