#include "codec/engine_plan.h"

#include <algorithm>
#include <climits>
#include <string>

#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

// Bytes of one buffer; false when it could not be addressed with ints.
bool buffer_bytes(const Rect& r, int channels, uint64_t* bytes) {
    uint64_t row = 0;
    return checked_mul(static_cast<uint64_t>(r.w), static_cast<uint64_t>(channels), &row) && row <= INT_MAX &&
           r.h <= INT_MAX && checked_mul(row, static_cast<uint64_t>(r.h), uint64_t{2}, bytes);
}

// A convolution read by one addition or one leaky_relu only is computed within that; one read by one concat only writes its
// channels to where that has them.
void fuse_convolutions(const Graph& graph, Plan& plan) {
    std::vector<int> readers(graph.nodes.size(), 0);
    for (const Node& node : graph.nodes) {
        for (uint16_t i : node.inputs) ++readers[i];
    }
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const Node& node = graph.nodes[i];
        if (plan.nodes[i].last_use < 0) continue;
        if (node.op == Op::concat) {
            for (const uint16_t operand : node.inputs)
                if (graph.nodes[operand].op == Op::conv && readers[operand] == 1)
                    plan.nodes[operand].fused_into = static_cast<int>(i);
            continue;
        }
        if (node.op != Op::add && node.op != Op::leaky_relu) continue;
        // Of two operands the later is the better one: the other is ready by then anyway.
        std::vector<uint16_t> operands = node.inputs;
        std::sort(operands.rbegin(), operands.rend());
        for (const uint16_t operand : operands) {
            if (graph.nodes[operand].op == Op::conv && readers[operand] == 1) {
                plan.nodes[operand].fused_into = static_cast<int>(i);
                plan.nodes[i].fused_conv = operand;
                break;
            }
        }
    }
}

Status find_peak(const PackedGraph::Data& data, Plan& plan) {
    const size_t count = plan.nodes.size();
    std::vector<uint64_t> bytes(count, 0);
    for (size_t i = 0; i < count; ++i) {
        const NodePlan& node = plan.nodes[i];
        if (node.last_use < 0 || node.fused_into >= 0) continue;
        if (!buffer_bytes(node.buffer, data.info.nodes[i].channels, &bytes[i])) {
            return Status(ErrorCode::limit_exceeded,
                          cat("node ", i, ": tensor of ", node.buffer.w, " x ", node.buffer.h));
        }
    }
    plan.out_bytes = bytes.back();
    bytes.back() = 0;
    uint64_t now = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!checked_add(now, bytes[i], &now))
            return Status(ErrorCode::limit_exceeded, "tensors of the network");
        plan.peak_bytes = std::max(plan.peak_bytes, now);
        for (size_t k = 0; k <= i; ++k) {
            if (plan.nodes[k].last_use == static_cast<int>(i)) now -= bytes[k];
        }
    }
    return Status();
}

}  // namespace

Result<Plan> make_plan(const PackedGraph::Data& data, Extents input_extents, Rect out_rect) {
    const Graph& graph = data.graph;
    NAE_ASSIGN_OR_RETURN(const std::vector<Extents> extents, node_extents(data.info, input_extents));
    if (out_rect.empty() || !whole(extents.back()).contains(out_rect)) {
        return Status(ErrorCode::invalid_argument,
                      cat("window of ", out_rect.w, " x ", out_rect.h, " at ", out_rect.x, ", ", out_rect.y,
                          " is not inside the output of ", extents.back().w, " x ", extents.back().h));
    }
    Plan plan;
    plan.nodes.resize(graph.nodes.size());
    plan.nodes.back().buffer = out_rect;
    plan.nodes.back().last_use = INT_MAX;
    for (size_t i = graph.nodes.size(); i-- > 0;) {
        NodePlan& node = plan.nodes[i];
        if (node.last_use < 0) continue;
        node.compute = intersect(node.buffer, whole(extents[i]));
        for (uint16_t in : graph.nodes[i].inputs) {
            NodePlan& input = plan.nodes[in];
            input.buffer = unite(input.buffer, input_rect_of(graph.nodes[i], node.compute));
            input.last_use = std::max(input.last_use, static_cast<int>(i));
        }
    }
    fuse_convolutions(graph, plan);
    // A fused convolution reads its input later than its own place in the list.
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        if (plan.nodes[i].fused_into < 0) continue;
        NodePlan& input = plan.nodes[graph.nodes[i].inputs[0]];
        input.last_use = std::max(input.last_use, plan.nodes[i].fused_into);
    }
    NAE_RETURN_IF_ERROR(find_peak(data, plan));
    return plan;
}

}  // namespace nae
