// In which order, and in which groups, the operators of a float network are computed.
#ifndef NAE_CODEC_FLOAT_PLAN_H_
#define NAE_CODEC_FLOAT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/float_graph.h"

namespace nae {

// One operator, or a convolution with the addition and the relu behind it, which then cost no pass over memory of their own.
// A space-to-depth before a 1x1 convolution that alone reads it is not computed either: the convolution reads whole blocks.
struct FloatStep {
    size_t node = 0;               // what is computed
    size_t output = 0;             // the node whose value that gives: `node` itself or the last one taken in
    std::vector<uint16_t> inputs;  // what it reads
    int addend = -1;               // a node that is added, or -1
    bool relu = false;
    // Of a convolution, as it is computed: output (y, x) begins to read at input (stride y - reach, stride x - reach).
    int kernel = 1, stride = 1, reach = 0;
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
