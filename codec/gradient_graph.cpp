#include "codec/gradient_graph.h"

#include <utility>
#include <vector>

#include "format/text.h"

namespace nae {
namespace {

FloatConvParams parameters(const FloatNode& node) {
    FloatConvParams p;
    p.out_channels = node.channels;
    p.kernel = node.kernel;
    p.stride = node.stride;
    p.weights = node.weights;
    p.bias = node.bias;
    p.type = node.type;
    return p;
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
            const int a = made_[node.inputs[0]];
            switch (node.op) {
                case Op::conv:
                    if (node.stride != 1) return unsupported(i, "of stride 2");
                    made_.push_back(builder_.conv(a, parameters(node)));
                    break;
                case Op::add:
                    made_.push_back(builder_.add(a, made_[node.inputs[1]]));
                    break;
                case Op::relu:
                    made_.push_back(builder_.relu(a));
                    break;
                case Op::depth_to_space:
                    made_.push_back(builder_.depth_to_space(a, node.block));
                    break;
                case Op::space_to_depth:
                    made_.push_back(builder_.space_to_depth(a, node.block));
                    break;
                case Op::gain:
                    made_.push_back(builder_.gain(a, node.mult));
                    break;
                default:
                    return unsupported(i, "");
            }
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
                default:  // gain: forward() let nothing else through
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
    Status unsupported(size_t node, const char* how) const {
        return Status(ErrorCode::unsupported, cat("node ", node, ": no gradient through a ",
                                                  op_name(network_.nodes[node].op), " ", how));
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
