// Shape rules shared by integer and float graphs: which inputs an operator takes, and the channels and
// resolution it gives. Internal to codec/.
#ifndef NAE_CODEC_GRAPH_SHAPE_H_
#define NAE_CODEC_GRAPH_SHAPE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "codec/graph.h"
#include "format/status.h"
#include "format/text.h"

namespace nae {

struct Shape {
    int channels = 0;
    Resolution resolution;
};

// Wording of everything wrong with a node: "node 7 (conv): kernel is 4".
template <class T>
Status bad_node(size_t index, Op op, const char* what, T value) {
    return Status(ErrorCode::corrupt, cat("node ", index, " (", op_name(op), "): ", what, " is ", value));
}

constexpr bool takes_two(Op op) { return op == Op::add || op == Op::gate; }

// Steps lists longer than this only occur in nonsense.
constexpr size_t kMaxResolutionSteps = 8;

// Shape of nodes[index] given those of the nodes before it. AnyNode is Node or FloatNode, AnyInfo has
// channels and resolution. Sizes of parameter arrays are not checked here, so that parsers can use it to
// learn those sizes.
template <class AnyNode, class AnyInfo>
Result<Shape> shape_of(const AnyNode& node, size_t index, const std::vector<AnyInfo>& before, bool is_float) {
    const auto bad = [&](const char* what, auto value) { return bad_node(index, node.op, what, value); };
    if (static_cast<int>(node.op) >= kOpCount || (float_only(node.op) && !is_float)) {
        return bad("operator number", static_cast<int>(node.op));
    }
    if ((node.op == Op::input) != (index == 0)) return bad("position of the input node", index);
    const size_t least = node.op == Op::input ? 0 : takes_two(node.op) ? 2 : 1;
    const size_t most = node.op == Op::concat ? kMaxInputs : least;
    if (node.inputs.size() < least || node.inputs.size() > most)
        return bad("number of inputs", node.inputs.size());
    for (uint16_t i : node.inputs) {
        if (i >= index) return bad("input node", i);
    }

    Shape out;
    if (node.op == Op::input) {
        out.channels = node.channels;
    } else {
        out.channels = before[node.inputs[0]].channels;
        out.resolution = before[node.inputs[0]].resolution;
    }
    for (size_t i = 1; i < node.inputs.size(); ++i) {
        const AnyInfo& other = before[node.inputs[i]];
        if (other.resolution != out.resolution) return bad("input of another resolution: its number", i);
        if (node.op == Op::concat) out.channels += other.channels;
        if (takes_two(node.op) && other.channels != out.channels)
            return bad("channels of input 1", other.channels);
    }
    switch (node.op) {
        case Op::conv:
            if (node.kernel != 1 && node.kernel != 3 && node.kernel != 5) return bad("kernel", node.kernel);
            if (node.stride != 1 && node.stride != 2) return bad("stride", node.stride);
            out.channels = node.channels;
            out.resolution = out.resolution.divided(node.stride);
            break;
        case Op::conv_transpose:
            if (node.kernel != 1 && node.kernel != 3 && node.kernel != 5) return bad("kernel", node.kernel);
            if (node.stride != 1 && node.stride != 2) return bad("stride", node.stride);
            out.channels = node.channels;
            out.resolution = out.resolution.multiplied(node.stride);
            break;
        case Op::slice:
            if (node.begin < 0 || node.begin >= out.channels) return bad("first channel", node.begin);
            if (node.channels > out.channels - node.begin) return bad("number of channels", node.channels);
            out.channels = node.channels;
            break;
        case Op::depth_to_space:
        case Op::space_to_depth: {
            if (node.block < 2 || node.block > kMaxBlock) return bad("block", node.block);
            const int area = node.block * node.block;
            if (node.op == Op::space_to_depth) {
                out.channels *= area;
                out.resolution = out.resolution.divided(node.block);
            } else {
                if (out.channels % area != 0) return bad("number of input channels", out.channels);
                out.channels /= area;
                out.resolution = out.resolution.multiplied(node.block);
            }
            break;
        }
        default:
            break;
    }
    if (out.channels < 1 || out.channels > kMaxChannels) return bad("number of channels", out.channels);
    const double ratio = out.resolution.ratio();
    if (ratio > kMaxRatio || ratio * kMaxRatio < 1 || out.resolution.steps.size() > kMaxResolutionSteps) {
        return bad("resolution relative to the input", ratio);
    }
    return out;
}

}  // namespace nae

#endif  // NAE_CODEC_GRAPH_SHAPE_H_
