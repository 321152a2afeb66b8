#include "codec/gradient_graph.h"

#include <utility>
#include <vector>

#include "format/text.h"

namespace nae {
namespace {

bool has_transpose(const FloatNode& node) {
    switch (node.op) {
        case Op::conv:
            return node.stride == 1;
        case Op::add:
        case Op::relu:
        case Op::depth_to_space:
        case Op::space_to_depth:
        case Op::gain:
            return true;
        default:
            return false;
    }
}

// Inputs and outputs change places, and the kernel is turned round.
FloatConvParams transposed(const FloatNode& node, int in_channels) {
    FloatConvParams p;
    p.out_channels = in_channels;
    p.kernel = node.kernel;
    p.type = node.type;
    p.bias.assign(static_cast<size_t>(in_channels), 0.0F);
    p.weights.resize(node.weights.size());
    const auto in = static_cast<size_t>(in_channels), out = static_cast<size_t>(node.channels),
               taps = static_cast<size_t>(node.kernel * node.kernel);
    for (size_t o = 0; o < out; ++o)
        for (size_t tap = 0; tap < taps; ++tap)
            for (size_t i = 0; i < in; ++i)
                p.weights[(i * taps + (taps - 1 - tap)) * out + o] = node.weights[(o * taps + tap) * in + i];
    return p;
}

class Backward {
  public:
    Backward(const FloatGraph& network, const FloatGraphInfo& info, FloatGraphBuilder& builder)
        : network_(network), info_(info), builder_(builder), gradient_(network.nodes.size(), -1) {}

    // The network's nodes anew, the first of them being node `input` of the builder.
    Result<int> forward(int input) {
        made_.push_back(input);
        for (size_t i = 1; i < network_.nodes.size(); ++i) {
            const FloatNode& node = network_.nodes[i];
            if (!has_transpose(node))
                return Status(ErrorCode::unsupported,
                              cat("node ", i, ": no gradient through a ", op_name(node.op),
                                  node.stride != 1 ? " of stride 2" : ""));
            std::vector<int> inputs;
            for (const uint16_t k : node.inputs) inputs.push_back(made_[k]);
            made_.push_back(builder_.repeat(node, inputs));
        }
        return made_.back();
    }

    // The gradient with respect to the network's input, given that with respect to its output.
    int backward(int with_respect_to_output) {
        gradient_.back() = with_respect_to_output;
        for (size_t i = network_.nodes.size() - 1; i > 0; --i) {
            const FloatNode& node = network_.nodes[i];
            const int g = gradient_[i];
            if (g < 0) continue;  // nothing depends on it
            switch (node.op) {
                case Op::conv:
                    give(node.inputs[0],
                         builder_.conv(g, transposed(node, info_.nodes[node.inputs[0]].channels)));
                    break;
                case Op::add:
                    give(node.inputs[0], g);
                    give(node.inputs[1], g);
                    break;
                case Op::relu:
                    give(node.inputs[0], builder_.gate(g, made_[i]));
                    break;
                case Op::depth_to_space:
                    give(node.inputs[0], builder_.space_to_depth(g, node.block));
                    break;
                case Op::space_to_depth:
                    give(node.inputs[0], builder_.depth_to_space(g, node.block));
                    break;
                default:  // gain: has_transpose() knows no other
                    give(node.inputs[0], builder_.gain(g, node.mult));
                    break;
            }
        }
        return gradient_.front();
    }

  private:
    void give(size_t node, int gradient) {
        gradient_[node] = gradient_[node] < 0 ? gradient : builder_.add(gradient_[node], gradient);
    }

    const FloatGraph& network_;
    const FloatGraphInfo& info_;
    FloatGraphBuilder& builder_;
    std::vector<int> made_;      // by node of the network
    std::vector<int> gradient_;  // the same; -1: none yet
};

}  // namespace

Result<FloatGraph> gradient_graph(const FloatGraph& network, int cell, float low, float high,
                                  const Limits& limits) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(network, limits));
    if (info.nodes.back().resolution != Resolution().multiplied(cell))
        return Status(ErrorCode::unsupported, cat("the output is not ", cell, " times as fine as the input"));
    const int channels = info.input_channels(), each = info.output_channels() * cell * cell;
    FloatGraphBuilder builder(channels + 2 * each);
    Backward pass(network, info, builder);
    const int minus_target = builder.slice(builder.input(), channels, each),
              counts = builder.slice(builder.input(), channels + each, each);
    NAE_ASSIGN_OR_RETURN(const int made, pass.forward(builder.slice(builder.input(), 0, channels)));
    const int clipped = builder.clip(builder.space_to_depth(made, cell), low, high);
    const int off = builder.gate(builder.add(clipped, minus_target), counts);
    const int slope = pass.backward(builder.depth_to_space(builder.gate(off, clipped, low, high), cell));
    if (slope < 0) return Status(ErrorCode::unsupported, "the output does not depend on the input");
    builder.concat({slope, off});
    return builder.take();
}

}  // namespace nae
