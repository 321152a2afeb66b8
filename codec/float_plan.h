// In which order, and in which groups, the operators of a float network are computed.
#ifndef NAE_CODEC_FLOAT_PLAN_H_
#define NAE_CODEC_FLOAT_PLAN_H_

#include <cstddef>
#include <vector>

#include "codec/float_graph.h"

namespace nae {

// One operator, or a convolution with the addition and the relu behind it, which then cost no pass over memory of their own.
struct FloatStep {
    size_t node = 0;    // what is computed
    size_t output = 0;  // the node whose value that gives: `node` itself or the last one taken in
    int addend = -1;    // a node that is added, or -1
    bool relu = false;
};

struct FloatPlan {
    std::vector<FloatStep> steps;
    // For each node the last step that reads it, as an index of `steps`; steps.size() for the graph's output.
    std::vector<size_t> last_use;
};

// graph: validated.
FloatPlan plan_steps(const FloatGraph& graph);

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_PLAN_H_
