#include "codec/graph_io.h"

#include <string>
#include <utility>

#include "codec/graph_shape.h"
#include "format/little_endian.h"
#include "format/span.h"

namespace nae {
namespace {

template <class Values>
void append_all(std::vector<uint8_t>& out, const Values& values) {
    using T = typename Values::value_type;
    const size_t at = out.size();
    out.resize(at + values.size() * sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) store_le(values[i], out.data() + at + i * sizeof(T));
}

// `count` values; the bytes are known to exist before anything is allocated.
template <class Values>
Status read_all(ByteReader& reader, const char* field, size_t count, Values* out) {
    using T = typename Values::value_type;
    ByteSpan bytes;
    NAE_RETURN_IF_ERROR(reader.read_span(field, count * sizeof(T), &bytes));
    out->resize(count);
    for (size_t i = 0; i < count; ++i) (*out)[i] = load_le<T>(bytes.data() + i * sizeof(T));
    return Status();
}

// Reads an integer of type T into an int.
template <class T>
Status read_int(ByteReader& reader, const char* field, int* out) {
    T value{};
    NAE_RETURN_IF_ERROR(reader.read(field, &value));
    *out = value;
    return Status();
}

Status read_inputs(ByteReader& reader, Op op, std::vector<uint16_t>* out) {
    uint8_t n = op == Op::input ? 0 : op == Op::add ? 2 : 1;
    if (op == Op::concat) NAE_RETURN_IF_ERROR(reader.read("number of inputs", &n));
    return read_all(reader, "inputs", n, out);
}

Status read_range(ByteReader& reader, Node& node) {
    NAE_RETURN_IF_ERROR(read_int<int16_t>(reader, "low end of the range", &node.lo));
    return read_int<int16_t>(reader, "high end of the range", &node.hi);
}

// Operator's own fields up to the arrays.
Status read_fields(ByteReader& reader, Node& node) {
    switch (node.op) {
        case Op::input:
            NAE_RETURN_IF_ERROR(read_int<uint16_t>(reader, "channels", &node.channels));
            return read_range(reader, node);
        case Op::conv:
            NAE_RETURN_IF_ERROR(read_int<uint16_t>(reader, "channels", &node.channels));
            NAE_RETURN_IF_ERROR(read_int<uint8_t>(reader, "kernel", &node.kernel));
            NAE_RETURN_IF_ERROR(read_int<uint8_t>(reader, "stride", &node.stride));
            return read_range(reader, node);
        case Op::slice:
            NAE_RETURN_IF_ERROR(read_int<uint16_t>(reader, "first channel", &node.begin));
            return read_int<uint16_t>(reader, "channels", &node.channels);
        case Op::leaky_relu:
            return read_int<uint8_t>(reader, "slope", &node.slope);
        case Op::depth_to_space:
        case Op::space_to_depth:
            return read_int<uint8_t>(reader, "block", &node.block);
        case Op::add:
        case Op::gain:
            return read_range(reader, node);
        default:
            return Status();
    }
}

Status read_node(ByteReader& reader, size_t index, std::vector<Shape>& shapes, Node& node) {
    uint8_t op = 0;
    NAE_RETURN_IF_ERROR(reader.read("operator", &op));
    node.op = static_cast<Op>(op);
    if (op >= kStoredOpCount) return bad_node(index, node.op, "operator number", static_cast<int>(op));
    NAE_RETURN_IF_ERROR(read_inputs(reader, node.op, &node.inputs));
    NAE_RETURN_IF_ERROR(read_fields(reader, node));
    // The shape tells how long the arrays are.
    NAE_ASSIGN_OR_RETURN(Shape shape, shape_of(node, index, shapes, false));
    if (node.op == Op::conv) {
        const size_t co = static_cast<size_t>(node.channels);
        const size_t taps = static_cast<size_t>(node.kernel * node.kernel);
        const size_t ci = static_cast<size_t>(shapes[node.inputs[0]].channels);
        NAE_RETURN_IF_ERROR(read_all(reader, "bias", co, &node.bias));
        NAE_RETURN_IF_ERROR(read_all(reader, "multipliers", co, &node.mult));
        NAE_RETURN_IF_ERROR(read_all(reader, "weights", co * taps * ci, &node.weights));
    } else if (node.op == Op::gain) {
        NAE_RETURN_IF_ERROR(read_all(reader, "multipliers", static_cast<size_t>(shape.channels), &node.mult));
    }
    shapes.push_back(std::move(shape));
    return Status();
}

Result<Graph> read_graph(ByteReader& reader) {
    uint16_t count = 0;
    NAE_RETURN_IF_ERROR(reader.read("number of nodes", &count));
    if (count < 1 || count > kMaxNodes) {
        return Status(ErrorCode::corrupt, cat("number of nodes is ", count));
    }
    Graph graph;
    std::vector<Shape> shapes;
    graph.nodes.resize(count);
    for (size_t i = 0; i < count; ++i) {
        const Status status = read_node(reader, i, shapes, graph.nodes[i]);
        if (!status.ok()) return status.in(cat("node ", i));
    }
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return graph;
}

void write_node(const Node& node, std::vector<uint8_t>& out) {
    const auto put_range = [&] {
        append_le(out, static_cast<int16_t>(node.lo));
        append_le(out, static_cast<int16_t>(node.hi));
    };
    append_le(out, static_cast<uint8_t>(node.op));
    if (node.op == Op::concat) append_le(out, static_cast<uint8_t>(node.inputs.size()));
    append_all(out, node.inputs);
    switch (node.op) {
        case Op::input:
            append_le(out, static_cast<uint16_t>(node.channels));
            put_range();
            break;
        case Op::conv:
            append_le(out, static_cast<uint16_t>(node.channels));
            append_le(out, static_cast<uint8_t>(node.kernel));
            append_le(out, static_cast<uint8_t>(node.stride));
            put_range();
            append_all(out, node.bias);
            append_all(out, node.mult);
            append_all(out, node.weights);
            break;
        case Op::slice:
            append_le(out, static_cast<uint16_t>(node.begin));
            append_le(out, static_cast<uint16_t>(node.channels));
            break;
        case Op::leaky_relu:
            append_le(out, static_cast<uint8_t>(node.slope));
            break;
        case Op::depth_to_space:
        case Op::space_to_depth:
            append_le(out, static_cast<uint8_t>(node.block));
            break;
        case Op::add:
            put_range();
            break;
        case Op::gain:
            put_range();
            append_all(out, node.mult);
            break;
        default:
            break;
    }
}

}  // namespace

Result<std::vector<uint8_t>> serialise_graph(const Graph& graph) {
    // What may be written is decided by the format, not by a reader's cost limits.
    Limits no_cost_limit;
    no_cost_limit.max_macs_per_pixel = UINT64_MAX;
    NAE_ASSIGN_OR_RETURN(const GraphInfo info, validate(graph, no_cost_limit));
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint16_t>(graph.nodes.size()));
    for (const Node& node : graph.nodes) write_node(node, out);
    return out;
}

Result<Graph> parse_graph(const uint8_t* data, size_t size, const char* what, const Limits& limits) {
    ByteReader reader(ByteSpan(data, size));
    Result<Graph> graph = read_graph(reader);
    if (!graph.ok()) return graph.status().in(what);
    const Result<GraphInfo> info = validate(graph.value(), limits);
    if (!info.ok()) return info.status().in(what);
    return graph;
}

}  // namespace nae
