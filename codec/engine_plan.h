// Which rectangle of each node a window of the output needs, and which buffers live when. Internal to codec/.
#ifndef NAE_CODEC_ENGINE_PLAN_H_
#define NAE_CODEC_ENGINE_PLAN_H_

#include <cstdint>
#include <vector>

#include "codec/engine_kernels.h"
#include "codec/region.h"

namespace nae {

struct NodePlan {
    Rect compute;       // what is computed: the needed part inside the node's extents
    Rect buffer;        // what is stored: compute plus the zeros outside the extents that convolutions read
    int last_use = -1;  // step after which the buffer is free; -1: never needed
    // Convolution whose only reader is an addition, a leaky_relu or a concat: it is executed with that (its node number), else -1.
    int fused_into = -1;
    int fused_conv = -1;  // of an addition or a leaky_relu: the convolution executed with it
};

struct Plan {
    std::vector<NodePlan> nodes;
    uint64_t peak_bytes = 0;  // buffers alive at the same time, at most; without the last node's
    uint64_t out_bytes = 0;
};

// Errors: invalid_argument (window empty or outside the output), limit_exceeded (sizes beyond 64 bits or
// int).
Result<Plan> make_plan(const PackedGraph::Data& data, Extents input_extents, Rect out_rect);

}  // namespace nae

#endif  // NAE_CODEC_ENGINE_PLAN_H_
