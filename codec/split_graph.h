// Cuts a network where it stops looking at neighbours.
#ifndef NAE_CODEC_SPLIT_GRAPH_H_
#define NAE_CODEC_SPLIT_GRAPH_H_

#include "codec/graph.h"

namespace nae {

// One network as two, the second of which reads the output of the first and computes each position from itself alone: it may be
// run for some positions only. Together they compute what the whole did.
struct SplitGraph {
    Graph before;
    Graph pointwise;  // empty where the last operator still looks at neighbours
};

// The graph must be valid. `pointwise` is as long as it can be.
SplitGraph split_pointwise(const Graph& graph);

}  // namespace nae

#endif  // NAE_CODEC_SPLIT_GRAPH_H_
