#include "codec/float_graph.h"

#include <cmath>
#include <cstring>
#include <utility>

#include "codec/graph_shape.h"
#include "format/span.h"
#include "format/text.h"

namespace nae {
namespace {

bool all_finite(Span<const float> values) {
    for (float v : values) {
        if (!std::isfinite(v)) return false;
    }
    return true;
}

Status check_parameters(const FloatNode& node, size_t index, int in_channels) {
    const auto bad = [&](const char* what, auto value) { return bad_node(index, node.op, what, value); };
    const bool convolution = node.op == Op::conv || node.op == Op::conv_transpose;
    if (convolution) {
        const size_t co = static_cast<size_t>(node.channels);
        const size_t taps = static_cast<size_t>(node.kernel * node.kernel);
        if (node.weights.size() != co * taps * static_cast<size_t>(in_channels)) {
            return bad("number of weights", node.weights.size());
        }
        if (node.bias.size() != co) return bad("number of biases", node.bias.size());
    }
    const bool normalises = node.op == Op::gdn || node.op == Op::inverse_gdn;
    if ((node.op == Op::gain || normalises) && node.mult.size() != static_cast<size_t>(in_channels)) {
        return bad("number of multipliers", node.mult.size());
    }
    if (normalises) {
        const auto c = static_cast<size_t>(in_channels);
        if (node.weights.size() != c * c) return bad("number of weights", node.weights.size());
        for (float v : node.mult)
            if (!(v > 0)) return bad("a constant of the norm that", "not positive");
        for (float v : node.weights)
            if (!(v >= 0)) return bad("a weight that", "negative");
    }
    if (!std::isfinite(node.slope)) return bad("slope", node.slope);
    if (!all_finite(node.weights) || !all_finite(node.bias) || !all_finite(node.mult)) {
        return bad("a parameter that", "not finite");
    }
    return Status();
}

// Reach of a node beyond its own footprint, in input pixels, given that of its inputs. One output pixel of a
// convolution at `pixel` input pixels per input sample reaches kernel / 2 samples further; blocks and strides
// that do not divide the picture are covered by one more of their pixels.
int64_t reach_of(const FloatNode& node, int64_t reach_before, double pixel) {
    double grow = 0;
    if (node.op == Op::conv || node.op == Op::conv_transpose) grow = pixel * (node.kernel / 2);
    if (node.op == Op::depth_to_space) grow = pixel;
    return reach_before + static_cast<int64_t>(std::ceil(grow));
}

}  // namespace

Result<FloatGraphInfo> validate(const FloatGraph& graph, const Limits& limits) {
    if (graph.nodes.empty() || graph.nodes.size() > kMaxNodes) {
        return Status(ErrorCode::corrupt, cat("number of nodes is ", graph.nodes.size()));
    }
    FloatGraphInfo info;
    std::vector<int64_t> reach;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const FloatNode& node = graph.nodes[i];
        NAE_ASSIGN_OR_RETURN(Shape shape, shape_of(node, i, info.nodes, true));
        int in_channels = 0;
        int64_t far = 0;
        if (i > 0) {
            const FloatNodeInfo& in = info.nodes[node.inputs[0]];
            in_channels = in.channels;
            for (uint16_t k : node.inputs) far = std::max(far, reach[k]);
            far = reach_of(node, far, 1 / in.resolution.ratio());
        }
        NAE_RETURN_IF_ERROR(check_parameters(node, i, in_channels));
        if (node.op == Op::gdn || node.op == Op::inverse_gdn) {
            const double side = shape.resolution.ratio();
            info.macs_per_pixel += side * side * in_channels * in_channels;
        }
        if (node.op == Op::conv || node.op == Op::conv_transpose) {
            // A transposed convolution visits every tap once for each of its inputs.
            const double side = node.op == Op::conv ? shape.resolution.ratio()
                                                    : info.nodes[node.inputs[0]].resolution.ratio();
            info.macs_per_pixel += side * side * shape.channels * node.kernel * node.kernel * in_channels;
        }
        reach.push_back(far);
        info.nodes.push_back(FloatNodeInfo{shape.channels, std::move(shape.resolution)});
    }
    info.halo = reach.back();
    // Encoders may be far larger than decoders; the limit guards against absurd files only.
    const double most = 16.0 * static_cast<double>(limits.max_macs_per_pixel);
    if (info.macs_per_pixel > most) {
        return Status(ErrorCode::limit_exceeded,
                      cat(info.macs_per_pixel, " multiply-adds per input pixel, the limit is ", most));
    }
    return info;
}

uint16_t float_to_bf16(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (std::isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
    return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float bf16_to_float(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

uint16_t float_to_f16(float value) {
    if (std::isnan(value)) return 0x7e00;
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    int exponent = 0;
    const float fraction = std::frexp(std::fabs(value), &exponent);  // 0.5 .. 1
    if (fraction == 0) return sign;
    if (std::isinf(value) || exponent > 16) return sign | 0x7c00;
    // In units of the last bit; subnormals share the smallest exponent. nearbyint: ties to even.
    const int shift = std::max(exponent, -13);
    const auto units = static_cast<uint32_t>(std::nearbyint(std::ldexp(fraction, exponent - shift + 11)));
    // A carry out of the fraction moves on into the exponent, as it should.
    return static_cast<uint16_t>(sign | (static_cast<uint32_t>(shift + 13) * 1024 + units));
}

float f16_to_float(uint16_t bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    float value = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                  : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                  : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
    return (bits & 0x8000) != 0 ? -value : value;
}

namespace {
FloatNode make_node(Op op, const std::vector<int>& inputs) {
    FloatNode n;
    n.op = op;
    for (int i : inputs) n.inputs.push_back(static_cast<uint16_t>(i));
    return n;
}
}  // namespace

FloatGraphBuilder::FloatGraphBuilder(int channels) {
    FloatNode n;
    n.channels = channels;
    push(std::move(n));
}

int FloatGraphBuilder::push(FloatNode node) {
    graph_.nodes.push_back(std::move(node));
    return static_cast<int>(graph_.nodes.size()) - 1;
}

int FloatGraphBuilder::repeat(FloatNode node, const std::vector<int>& inputs) {
    node.inputs.assign(inputs.begin(), inputs.end());
    return push(std::move(node));
}

int FloatGraphBuilder::conv(int input, FloatConvParams params) {
    return convolution(Op::conv, input, std::move(params));
}

int FloatGraphBuilder::conv_transpose(int input, FloatConvParams params) {
    return convolution(Op::conv_transpose, input, std::move(params));
}

int FloatGraphBuilder::convolution(Op op, int input, FloatConvParams params) {
    FloatNode n = make_node(op, {input});
    n.channels = params.out_channels;
    n.kernel = params.kernel;
    n.stride = params.stride;
    n.type = params.type;
    n.weights.assign(params.weights.begin(), params.weights.end());
    n.bias = std::move(params.bias);
    return push(std::move(n));
}

int FloatGraphBuilder::add(int a, int b) { return push(make_node(Op::add, {a, b})); }

int FloatGraphBuilder::clip(int input, float low, float high) {
    FloatNode n = make_node(Op::clip, {input});
    n.low = low;
    n.high = high;
    return push(std::move(n));
}

int FloatGraphBuilder::gate(int a, int b, float low, float high) {
    FloatNode n = make_node(Op::gate, {a, b});
    n.low = low;
    n.high = high;
    return push(std::move(n));
}

int FloatGraphBuilder::relu(int input) { return push(make_node(Op::relu, {input})); }
int FloatGraphBuilder::sigmoid(int input) { return push(make_node(Op::sigmoid, {input})); }
int FloatGraphBuilder::abs(int input) { return push(make_node(Op::abs, {input})); }

int FloatGraphBuilder::leaky_relu(int input, float slope) {
    FloatNode n = make_node(Op::leaky_relu, {input});
    n.slope = slope;
    return push(std::move(n));
}

int FloatGraphBuilder::concat(const std::vector<int>& inputs) { return push(make_node(Op::concat, inputs)); }

int FloatGraphBuilder::slice(int input, int begin, int channels) {
    FloatNode n = make_node(Op::slice, {input});
    n.begin = begin;
    n.channels = channels;
    return push(std::move(n));
}

int FloatGraphBuilder::depth_to_space(int input, int block) {
    FloatNode n = make_node(Op::depth_to_space, {input});
    n.block = block;
    return push(std::move(n));
}

int FloatGraphBuilder::space_to_depth(int input, int block) {
    FloatNode n = make_node(Op::space_to_depth, {input});
    n.block = block;
    return push(std::move(n));
}

int FloatGraphBuilder::gain(int input, std::vector<float> mult) {
    FloatNode n = make_node(Op::gain, {input});
    n.mult = std::move(mult);
    return push(std::move(n));
}

int FloatGraphBuilder::gdn(int input, Op op, std::vector<float> mult, std::vector<float> weights) {
    FloatNode n = make_node(op, {input});
    n.mult = std::move(mult);
    n.weights.assign(weights.begin(), weights.end());
    return push(std::move(n));
}

}  // namespace nae
