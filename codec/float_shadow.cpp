#include "codec/float_shadow.h"

#include <cmath>
#include <vector>

namespace nae {
namespace {

constexpr double kRequantisation = 4294967296.0;  // 2^32, of conv
constexpr float kGainUnit = 65536.0F;             // 2^16, of gain
constexpr float kSlopeUnit = 256.0F;              // of leaky_relu

FloatConvParams real_convolution(const Node& node) {
    FloatConvParams p;
    p.out_channels = node.channels;
    p.kernel = node.kernel;
    p.stride = node.stride;
    p.type = WeightType::f32;
    const size_t each = node.weights.size() / static_cast<size_t>(node.channels);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        const double unit = node.mult[o] / kRequantisation;
        for (size_t i = 0; i < each; ++i)
            p.weights.push_back(static_cast<float>(node.weights[o * each + i] * unit));
        p.bias.push_back(static_cast<float>(node.bias[o] * unit));
    }
    return p;
}

}  // namespace

FloatGraph float_shadow(const Graph& graph) {
    FloatGraphBuilder builder(graph.nodes.front().channels);
    std::vector<int> made{builder.input()};  // by node of `graph`
    for (size_t i = 1; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        std::vector<int> in;
        for (const uint16_t k : node.inputs) in.push_back(made[k]);
        int out = in.front();
        switch (node.op) {
            case Op::conv:
                out = builder.conv(in[0], real_convolution(node));
                break;
            case Op::add:
                out = builder.add(in[0], in[1]);
                break;
            case Op::relu:
                out = builder.relu(in[0]);
                break;
            case Op::leaky_relu:
                out = builder.leaky_relu(in[0], static_cast<float>(node.slope) / kSlopeUnit);
                break;
            case Op::concat:
                out = builder.concat(in);
                break;
            case Op::slice:
                out = builder.slice(in[0], node.begin, node.channels);
                break;
            case Op::depth_to_space:
                out = builder.depth_to_space(in[0], node.block);
                break;
            case Op::space_to_depth:
                out = builder.space_to_depth(in[0], node.block);
                break;
            case Op::gain: {
                std::vector<float> mult;
                for (const int32_t m : node.mult) mult.push_back(static_cast<float>(m) / kGainUnit);
                out = builder.gain(in[0], std::move(mult));
                break;
            }
            default:
                break;  // no integer graph has others
        }
        const bool clamps = node.op == Op::conv || node.op == Op::add || node.op == Op::gain;
        made.push_back(clamps && node.lo == 0 ? builder.relu(out) : out);
    }
    return builder.take();
}

}  // namespace nae
