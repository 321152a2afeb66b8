#include "codec/graph.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "codec/graph_shape.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 43;

int32_t max_abs(const NodeInfo& info) { return std::max(std::abs(info.lo), std::abs(info.hi)); }

Status check_conv(const Node& node, size_t index, const NodeInfo& in) {
    const auto bad = [&](const char* what, auto value) { return bad_node(index, node.op, what, value); };
    const size_t co = static_cast<size_t>(node.channels), ci = static_cast<size_t>(in.channels);
    const size_t taps = static_cast<size_t>(node.kernel * node.kernel);
    if (node.weights.size() != co * taps * ci) return bad("number of weights", node.weights.size());
    if (node.bias.size() != co) return bad("number of biases", node.bias.size());
    if (node.mult.size() != co) return bad("number of multipliers", node.mult.size());
    for (size_t o = 0; o < co; ++o) {
        if (node.mult[o] < 1) return bad("multiplier", node.mult[o]);
        const int64_t bound = accumulator_bound(node, in.channels, static_cast<int>(o), max_abs(in));
        if (bound >= int64_t{1} << 31) return bad("accumulator bound", bound);
    }
    return Status();
}

// Value range of nodes[index]; checks its parameters.
Status derive_range(const Node& node, size_t index, const std::vector<NodeInfo>& before, NodeInfo& out) {
    const auto bad = [&](const char* what, auto value) { return bad_node(index, node.op, what, value); };
    if (node.op != Op::input) {
        out.lo = before[node.inputs[0]].lo;
        out.hi = before[node.inputs[0]].hi;
    }
    switch (node.op) {
        case Op::relu:
            out.lo = std::max(out.lo, 0);
            out.hi = std::max(out.hi, 0);
            return Status();
        case Op::leaky_relu:
            if (node.slope < 0 || node.slope > 255) return bad("slope", node.slope);
            if (out.lo < 0) out.lo = (out.lo * node.slope + 128) >> 8;
            if (out.hi < 0) out.hi = (out.hi * node.slope + 128) >> 8;
            return Status();
        case Op::concat:
            for (uint16_t i : node.inputs) {
                out.lo = std::min(out.lo, before[i].lo);
                out.hi = std::max(out.hi, before[i].hi);
            }
            return Status();
        case Op::space_to_depth:  // what lies beyond the extents enters as 0
            out.lo = std::min(out.lo, 0);
            out.hi = std::max(out.hi, 0);
            return Status();
        case Op::conv:
            NAE_RETURN_IF_ERROR(check_conv(node, index, before[node.inputs[0]]));
            break;
        case Op::gain:
            if (node.mult.size() != static_cast<size_t>(out.channels)) {
                return bad("number of multipliers", node.mult.size());
            }
            break;
        case Op::input:
        case Op::add:
            break;
        default:
            return Status();  // slice, depth_to_space: the input's range
    }
    if (node.lo < -kValueLimit || node.lo > node.hi) return bad("low end of the range", node.lo);
    if (node.hi > kValueLimit) return bad("high end of the range", node.hi);
    out.lo = node.lo;
    out.hi = node.hi;
    return Status();
}

}  // namespace

const char* op_name(Op op) {
    switch (op) {
        case Op::input:
            return "input";
        case Op::conv:
            return "conv";
        case Op::add:
            return "add";
        case Op::relu:
            return "relu";
        case Op::leaky_relu:
            return "leaky_relu";
        case Op::concat:
            return "concat";
        case Op::slice:
            return "slice";
        case Op::depth_to_space:
            return "depth_to_space";
        case Op::space_to_depth:
            return "space_to_depth";
        case Op::gain:
            return "gain";
        case Op::abs:
            return "abs";
        case Op::conv_transpose:
            return "conv_transpose";
        case Op::sigmoid:
            return "sigmoid";
        case Op::gdn:
            return "gdn";
        case Op::inverse_gdn:
            return "inverse_gdn";
        case Op::clip:
            return "clip";
        case Op::gate:
            return "gate";
    }
    return "unknown operator";
}

// Normal form: factors at even positions multiply, at odd ones divide. Only the first may be 1. Cancelling is
// exact: ceil(n m / d) depends on m / d alone, and ceil(ceil(n / a) / b) = ceil(n / (a b)).
Resolution Resolution::multiplied(int32_t factor) const {
    Resolution r = *this;
    if (r.steps.size() % 2 == 1) {
        r.steps.back() *= factor;
    } else if (factor != 1) {
        r.steps.push_back(factor);
    }
    return r;
}

Resolution Resolution::divided(int32_t factor) const {
    Resolution r = *this;
    if (r.steps.size() % 2 == 1) {
        const int32_t common = std::gcd(r.steps.back(), factor);
        r.steps.back() /= common;
        factor /= common;
        if (r.steps.back() == 1 && (factor == 1 || r.steps.size() > 1)) r.steps.pop_back();
    } else if (r.steps.empty() && factor != 1) {
        r.steps.push_back(1);
    }
    if (factor == 1) return r;
    if (r.steps.size() % 2 == 0) {
        r.steps.back() *= factor;
    } else {
        r.steps.push_back(factor);
    }
    return r;
}

int64_t Resolution::apply(int64_t n) const {
    for (size_t i = 0; i < steps.size(); ++i) {
        n = i % 2 == 0 ? n * steps[i] : div_up(n, steps[i]);
    }
    return n;
}

double Resolution::ratio() const {
    double r = 1;
    for (size_t i = 0; i < steps.size(); ++i) {
        r = i % 2 == 0 ? r * steps[i] : r / steps[i];
    }
    return r;
}

int64_t accumulator_bound(const Node& node, int input_channels, int o, int32_t max_abs_input) {
    const size_t n = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(input_channels);
    const int16_t* w = node.weights.data() + n * static_cast<size_t>(o);
    int64_t sum = 0;
    for (size_t i = 0; i < n; ++i) sum += std::abs(static_cast<int32_t>(w[i]));
    return std::abs(static_cast<int64_t>(node.bias[static_cast<size_t>(o)])) + sum * max_abs_input;
}

Result<GraphInfo> validate(const Graph& graph, const Limits& limits) {
    if (graph.nodes.empty() || graph.nodes.size() > kMaxNodes) {
        return Status(ErrorCode::corrupt, cat("number of nodes is ", graph.nodes.size()));
    }
    GraphInfo info;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        NAE_ASSIGN_OR_RETURN(Shape shape, shape_of(node, i, info.nodes, false));
        NodeInfo node_info;
        node_info.channels = shape.channels;
        node_info.resolution = std::move(shape.resolution);
        NAE_RETURN_IF_ERROR(derive_range(node, i, info.nodes, node_info));
        info.nodes.push_back(std::move(node_info));
    }
    const double out_ratio = info.nodes.back().resolution.ratio();
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        const NodeInfo& n = info.nodes[i];
        const double side = n.resolution.ratio() / out_ratio;
        const double values = side * side * n.channels;
        info.values_per_pixel += values;
        if (node.op == Op::conv) {
            info.macs_per_pixel += values * node.kernel * node.kernel * info.nodes[node.inputs[0]].channels;
        }
    }
    // Producing a value costs about as much as a multiply-add: graphs without convolutions are not free
    // either.
    const double cost = info.macs_per_pixel + info.values_per_pixel;
    if (cost > static_cast<double>(limits.max_macs_per_pixel)) {
        return Status(ErrorCode::limit_exceeded,
                      cat(cost, " operations per output pixel, the limit is ", limits.max_macs_per_pixel));
    }
    return info;
}

Result<std::vector<Extents>> node_extents(const GraphInfo& info, Extents input) {
    if (input.h < 1 || input.w < 1) {
        return Status(ErrorCode::invalid_argument, cat("network input of ", input.w, " x ", input.h));
    }
    if (input.h > kMaxExtent / kMaxRatio || input.w > kMaxExtent / kMaxRatio) {
        return Status(ErrorCode::limit_exceeded, cat("network input of ", input.w, " x ", input.h));
    }
    std::vector<Extents> extents;
    extents.reserve(info.nodes.size());
    for (const NodeInfo& n : info.nodes) {
        extents.push_back(Extents{n.resolution.apply(input.h), n.resolution.apply(input.w)});
    }
    return extents;
}

Rect input_rect_of(const Node& node, const Rect& r) {
    const int64_t b = node.block;
    switch (node.op) {
        case Op::conv: {
            const int64_t s = node.stride, half = node.kernel / 2;
            return Rect{r.x * s - half, r.y * s - half, (r.w - 1) * s + 1 + 2 * half,
                        (r.h - 1) * s + 1 + 2 * half};
        }
        case Op::depth_to_space: {
            const int64_t x0 = div_down(r.x, b), y0 = div_down(r.y, b);
            return Rect{x0, y0, div_up(r.right(), b) - x0, div_up(r.bottom(), b) - y0};
        }
        case Op::space_to_depth:
            return Rect{r.x * b, r.y * b, r.w * b, r.h * b};
        default:
            return r;
    }
}

Rect required_input(const Graph& graph, Extents input, Rect out_rect) {
    Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    const Result<GraphInfo> info = validate(graph, no_cost_limit);
    return info.ok() ? required_input(graph, info.value(), input, out_rect) : Rect{};
}

Rect required_input(const Graph& graph, const GraphInfo& info, Extents input, Rect out_rect) {
    const Result<std::vector<Extents>> extents = node_extents(info, input);
    if (!extents.ok()) return Rect{};
    std::vector<Rect> need(graph.nodes.size());
    need.back() = out_rect;
    for (size_t i = graph.nodes.size(); i-- > 0;) {
        need[i] = intersect(need[i], whole(extents.value()[i]));
        if (need[i].empty()) continue;
        for (uint16_t in : graph.nodes[i].inputs)
            need[in] = unite(need[in], input_rect_of(graph.nodes[i], need[i]));
    }
    return need[0];
}

GraphBuilder::GraphBuilder(int channels, int32_t lo, int32_t hi) {
    Node n;
    n.op = Op::input;
    n.channels = channels;
    n.lo = lo;
    n.hi = hi;
    push(std::move(n));
}

int GraphBuilder::push(Node node) {
    graph_.nodes.push_back(std::move(node));
    return static_cast<int>(graph_.nodes.size()) - 1;
}

namespace {
Node make_node(Op op, const std::vector<int>& inputs) {
    Node n;
    n.op = op;
    for (int i : inputs) n.inputs.push_back(static_cast<uint16_t>(i));
    return n;
}
}  // namespace

int GraphBuilder::conv(int input, ConvParams params) {
    Node n = make_node(Op::conv, {input});
    n.channels = params.out_channels;
    n.kernel = params.kernel;
    n.stride = params.stride;
    n.weights.assign(params.weights.begin(), params.weights.end());
    n.bias = std::move(params.bias);
    n.mult = std::move(params.mult);
    n.lo = params.lo;
    n.hi = params.hi;
    return push(std::move(n));
}

int GraphBuilder::add(int a, int b, int32_t lo, int32_t hi) {
    Node n = make_node(Op::add, {a, b});
    n.lo = lo;
    n.hi = hi;
    return push(std::move(n));
}

int GraphBuilder::relu(int input) { return push(make_node(Op::relu, {input})); }

int GraphBuilder::leaky_relu(int input, int slope) {
    Node n = make_node(Op::leaky_relu, {input});
    n.slope = slope;
    return push(std::move(n));
}

int GraphBuilder::concat(const std::vector<int>& inputs) { return push(make_node(Op::concat, inputs)); }

int GraphBuilder::slice(int input, int begin, int channels) {
    Node n = make_node(Op::slice, {input});
    n.begin = begin;
    n.channels = channels;
    return push(std::move(n));
}

int GraphBuilder::depth_to_space(int input, int block) {
    Node n = make_node(Op::depth_to_space, {input});
    n.block = block;
    return push(std::move(n));
}

int GraphBuilder::space_to_depth(int input, int block) {
    Node n = make_node(Op::space_to_depth, {input});
    n.block = block;
    return push(std::move(n));
}

int GraphBuilder::gain(int input, std::vector<int32_t> mult, int32_t lo, int32_t hi) {
    Node n = make_node(Op::gain, {input});
    n.mult = std::move(mult);
    n.lo = lo;
    n.hi = hi;
    return push(std::move(n));
}

}  // namespace nae
