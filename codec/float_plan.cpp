#include "codec/float_plan.h"

#include "codec/float_conv_task.h"

namespace nae {
namespace {

// The space-to-depth that convolution `node` can do itself; 0: none. What lies outside an odd raster is zero, as many pixels as
// rasters have beyond their last one.
size_t gathered(const FloatGraph& graph, const std::vector<std::vector<size_t>>& readers, size_t node) {
    const FloatNode& conv = graph.nodes[node];
    if (conv.op != Op::conv || conv.kernel != 1 || conv.stride != 1) return 0;
    const size_t before = conv.inputs[0];
    const FloatNode& blocks = graph.nodes[before];
    return blocks.op == Op::space_to_depth && blocks.block <= kFloatTile && readers[before].size() == 1
               ? before
               : 0;
}

}  // namespace

FloatPlan plan_steps(const FloatGraph& graph) {
    const size_t count = graph.nodes.size();
    std::vector<std::vector<size_t>> readers(count);
    for (size_t i = 1; i < count; ++i)
        for (const uint16_t k : graph.nodes[i].inputs) readers[k].push_back(i);

    FloatPlan plan;
    std::vector<bool> taken(count, false);
    for (size_t i = 0; i < count; ++i)
        if (const size_t blocks = gathered(graph, readers, i); blocks != 0) taken[blocks] = true;
    for (size_t i = 0; i < count; ++i) {
        if (taken[i]) continue;
        const FloatNode& node = graph.nodes[i];
        FloatStep step;
        step.node = step.output = i;
        step.inputs = node.inputs;
        step.kernel = node.kernel;
        step.stride = node.stride;
        step.reach = node.kernel / 2;
        if (const size_t blocks = gathered(graph, readers, i); blocks != 0) {
            step.inputs = graph.nodes[blocks].inputs;
            step.kernel = step.stride = graph.nodes[blocks].block;
            step.reach = 0;
        }
        while (node.op == Op::conv && !step.relu && readers[step.output].size() == 1) {
            const size_t reader = readers[step.output].front();
            const FloatNode& next = graph.nodes[reader];
            if (next.op == Op::add && step.addend < 0) {
                const size_t other = next.inputs[0] == step.output ? next.inputs[1] : next.inputs[0];
                if (other >= i) break;  // not computed yet
                step.addend = static_cast<int>(other);
            } else if (next.op == Op::relu) {
                step.relu = true;
            } else {
                break;
            }
            taken[reader] = true;
            step.output = reader;
        }
        plan.steps.push_back(step);
    }
    plan.last_use.assign(count, 0);
    for (size_t s = 0; s < plan.steps.size(); ++s) {
        for (const uint16_t k : plan.steps[s].inputs) plan.last_use[k] = s;
        if (plan.steps[s].addend >= 0) plan.last_use[static_cast<size_t>(plan.steps[s].addend)] = s;
    }
    plan.last_use.back() = plan.steps.size();
    return plan;
}

}  // namespace nae
