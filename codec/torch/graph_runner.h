// Executes a FloatGraph (codec/float_graph.h) with LibTorch: the one interpreter used by the trainer (with gradients)
// and by the encoder module (without).
#pragma once

#include <vector>

#include "codec/float_graph.h"
#include "codec/torch/libtorch.h"

namespace nae {

// Tensors of one conv node: weight [out, in, k, k], bias [out]; of conv_transpose: weight [in, out, k, k]; of gdn:
// weight [out, in, 1, 1], bias the constants of the norm. Their dtype decides in which precision it computes (gdn: in
// float32). Undefined for other operators.
struct NodeTensors {
    torch::Tensor weight, bias;
    // conv only, each undefined or [N, out, 1, 1]: its output is multiplied by 1 + scale, then shift is added.
    torch::Tensor scale, shift;
};

// x: [N, c, h, w] logical, channels-last in memory; it stands for the output of node `first`, so a caller that already
// holds a rearranged input can skip the first nodes. Operators before `first` must not be used by later ones.
// drop_last: this many operators at the end are left out.
// Throws c10::Error on mismatched shapes (callers at the ABI catch it).
torch::Tensor run_float_graph(const FloatGraph& graph, const std::vector<NodeTensors>& tensors,
                              const torch::Tensor& x, int first = 0, int drop_last = 0);

// channel = (dy·block + dx)·C + c, as in codec/graph.h; results are channels-last.
torch::Tensor space_to_depth(const torch::Tensor& x, int block);
torch::Tensor depth_to_space(const torch::Tensor& x, int block);

}  // namespace nae
