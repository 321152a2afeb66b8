#include "codec/float_plan.h"

namespace nae {

FloatPlan plan_steps(const FloatGraph& graph) {
    const size_t count = graph.nodes.size();
    std::vector<std::vector<size_t>> readers(count);
    for (size_t i = 1; i < count; ++i)
        for (const uint16_t k : graph.nodes[i].inputs) readers[k].push_back(i);

    FloatPlan plan;
    std::vector<bool> taken(count, false);
    for (size_t i = 0; i < count; ++i) {
        if (taken[i]) continue;
        FloatStep step;
        step.node = step.output = i;
        while (graph.nodes[i].op == Op::conv && !step.relu && readers[step.output].size() == 1) {
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
        for (const uint16_t k : graph.nodes[plan.steps[s].node].inputs) plan.last_use[k] = s;
        if (plan.steps[s].addend >= 0) plan.last_use[static_cast<size_t>(plan.steps[s].addend)] = s;
    }
    plan.last_use.back() = plan.steps.size();
    return plan;
}

}  // namespace nae
