#include <utility>

#include "codec/float_graph.h"
#include "codec/graph_shape.h"
#include "format/little_endian.h"
#include "format/span.h"
#include "format/text.h"

namespace nae {
namespace {

template <class Floats>
void append_floats(std::vector<uint8_t>& out, const Floats& values) {
    for (float v : values) append_le_float(out, v);
}

template <class Floats>
Status read_floats(ByteReader& reader, const char* field, size_t count, WeightType type, Floats* out) {
    ByteSpan bytes;
    const size_t width = type == WeightType::f32 ? 4 : 2;
    NAE_RETURN_IF_ERROR(reader.read_span(field, count * width, &bytes));
    out->resize(count);
    for (size_t i = 0; i < count; ++i) {
        const uint8_t* p = bytes.data() + i * width;
        (*out)[i] = type == WeightType::f32    ? load_le_float(p)
                    : type == WeightType::bf16 ? bf16_to_float(load_le<uint16_t>(p))
                                               : f16_to_float(load_le<uint16_t>(p));
    }
    return Status();
}

template <class T>
Status read_int(ByteReader& reader, const char* field, int* out) {
    T value{};
    NAE_RETURN_IF_ERROR(reader.read(field, &value));
    *out = value;
    return Status();
}

Status read_fields(ByteReader& reader, size_t index, FloatNode& node) {
    switch (node.op) {
        case Op::input:
            return read_int<uint16_t>(reader, "channels", &node.channels);
        case Op::conv:
        case Op::conv_transpose: {
            int type = 0;
            NAE_RETURN_IF_ERROR(read_int<uint16_t>(reader, "channels", &node.channels));
            NAE_RETURN_IF_ERROR(read_int<uint8_t>(reader, "kernel", &node.kernel));
            NAE_RETURN_IF_ERROR(read_int<uint8_t>(reader, "stride", &node.stride));
            NAE_RETURN_IF_ERROR(read_int<uint8_t>(reader, "weight type", &type));
            if (type > 2) return bad_node(index, node.op, "weight type", type);
            node.type = static_cast<WeightType>(type);
            return Status();
        }
        case Op::leaky_relu: {
            ByteSpan bits;
            NAE_RETURN_IF_ERROR(reader.read_span("slope", 4, &bits));
            node.slope = load_le_float(bits.data());
            return Status();
        }
        case Op::slice:
            NAE_RETURN_IF_ERROR(read_int<uint16_t>(reader, "first channel", &node.begin));
            return read_int<uint16_t>(reader, "channels", &node.channels);
        case Op::depth_to_space:
        case Op::space_to_depth:
            return read_int<uint8_t>(reader, "block", &node.block);
        default:
            return Status();
    }
}

Status read_node(ByteReader& reader, size_t index, std::vector<Shape>& shapes, FloatNode& node) {
    uint8_t op = 0;
    NAE_RETURN_IF_ERROR(reader.read("operator", &op));
    node.op = static_cast<Op>(op);
    if (op >= kStoredOpCount) return bad_node(index, node.op, "operator number", static_cast<int>(op));
    uint8_t n = node.op == Op::input ? 0 : node.op == Op::add ? 2 : 1;
    if (node.op == Op::concat) NAE_RETURN_IF_ERROR(reader.read("number of inputs", &n));
    node.inputs.resize(n);
    for (uint16_t& input : node.inputs) NAE_RETURN_IF_ERROR(reader.read("input", &input));
    NAE_RETURN_IF_ERROR(read_fields(reader, index, node));
    NAE_ASSIGN_OR_RETURN(Shape shape, shape_of(node, index, shapes, true));
    const auto channels = static_cast<size_t>(shape.channels);
    if (node.op == Op::conv || node.op == Op::conv_transpose) {
        const size_t co = static_cast<size_t>(node.channels);
        const size_t taps = static_cast<size_t>(node.kernel * node.kernel);
        const size_t ci = static_cast<size_t>(shapes[node.inputs[0]].channels);
        NAE_RETURN_IF_ERROR(read_floats(reader, "bias", co, WeightType::f32, &node.bias));
        NAE_RETURN_IF_ERROR(read_floats(reader, "weights", co * taps * ci, node.type, &node.weights));
    } else if (node.op == Op::gain) {
        NAE_RETURN_IF_ERROR(read_floats(reader, "multipliers", channels, WeightType::f32, &node.mult));
    } else if (node.op == Op::gdn || node.op == Op::inverse_gdn) {
        NAE_RETURN_IF_ERROR(read_floats(reader, "constants", channels, WeightType::f32, &node.mult));
        NAE_RETURN_IF_ERROR(
            read_floats(reader, "weights", channels * channels, WeightType::f32, &node.weights));
    }
    shapes.push_back(std::move(shape));
    return Status();
}

Result<FloatGraph> read_graph(ByteReader& reader) {
    uint16_t count = 0;
    NAE_RETURN_IF_ERROR(reader.read("number of nodes", &count));
    if (count < 1 || count > kMaxNodes) return Status(ErrorCode::corrupt, cat("number of nodes is ", count));
    FloatGraph graph;
    std::vector<Shape> shapes;
    graph.nodes.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const Status status = read_node(reader, i, shapes, graph.nodes[i]);
        if (!status.ok()) return status.in(cat("node ", i));
    }
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return graph;
}

void write_node(const FloatNode& node, std::vector<uint8_t>& out) {
    append_le(out, static_cast<uint8_t>(node.op));
    if (node.op == Op::concat) append_le(out, static_cast<uint8_t>(node.inputs.size()));
    for (uint16_t i : node.inputs) append_le(out, i);
    switch (node.op) {
        case Op::input:
            append_le(out, static_cast<uint16_t>(node.channels));
            break;
        case Op::conv:
        case Op::conv_transpose:
            append_le(out, static_cast<uint16_t>(node.channels));
            append_le(out, static_cast<uint8_t>(node.kernel));
            append_le(out, static_cast<uint8_t>(node.stride));
            append_le(out, static_cast<uint8_t>(node.type));
            append_floats(out, node.bias);
            if (node.type == WeightType::f32) append_floats(out, node.weights);
            if (node.type == WeightType::bf16)
                for (float w : node.weights) append_le(out, float_to_bf16(w));
            if (node.type == WeightType::f16)
                for (float w : node.weights) append_le(out, float_to_f16(w));
            break;
        case Op::leaky_relu:
            append_le_float(out, node.slope);
            break;
        case Op::slice:
            append_le(out, static_cast<uint16_t>(node.begin));
            append_le(out, static_cast<uint16_t>(node.channels));
            break;
        case Op::depth_to_space:
        case Op::space_to_depth:
            append_le(out, static_cast<uint8_t>(node.block));
            break;
        case Op::gain:
            append_floats(out, node.mult);
            break;
        case Op::gdn:
        case Op::inverse_gdn:
            append_floats(out, node.mult);
            append_floats(out, node.weights);
            break;
        default:
            break;
    }
}

}  // namespace

Result<std::vector<uint8_t>> serialise_float_graph(const FloatGraph& graph) {
    Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(graph, no_cost_limit));
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (static_cast<int>(graph.nodes[i].op) >= kStoredOpCount)
            return Status(ErrorCode::invalid_argument,
                          cat("node ", i, ": ", op_name(graph.nodes[i].op), " is not stored in files"));
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint16_t>(graph.nodes.size()));
    for (const FloatNode& node : graph.nodes) write_node(node, out);
    return out;
}

Result<FloatGraph> parse_float_graph(const uint8_t* data, size_t size, const char* what,
                                     const Limits& limits) {
    ByteReader reader(ByteSpan(data, size));
    Result<FloatGraph> graph = read_graph(reader);
    if (!graph.ok()) return graph.status().in(what);
    const Result<FloatGraphInfo> info = validate(graph.value(), limits);
    if (!info.ok()) return info.status().in(what);
    return graph;
}

}  // namespace nae
