// Turns a trained float graph into the integer graph a model file carries.
#pragma once

#include <string>
#include <vector>

#include "codec/float_graph.h"
#include "codec/graph.h"
#include "codec/torch/graph_runner.h"
#include "codec/torch/libtorch.h"
#include "training/quantise_conv.h"

namespace nae::training {

struct QuantiseOptions {
    std::vector<double> input_unit;   // real value of one integer step, per input channel
    std::vector<double> output_unit;  // the same per channel of the last convolution(s): see below
    double headroom = 1.5;  // units of inner tensors leave so much above the largest calibration value
};

struct QuantisedGraph {
    Graph graph;
    std::vector<double> output_unit;  // real value of one integer step, per channel
    std::vector<std::string> warnings;
};

// calibration: inputs [N, c, h, w] float32 that show the range of values each inner tensor takes.
// Supported operators: conv, relu, add, depth_to_space, slice of the input (what the photo model's decoder uses); concat as
// the last one, whose first input then is the one that has options.output_unit.
// A convolution's weights are scaled per output channel as far as int16 and the proven accumulator bound
// |bias| + Σ|w|·max|a| < 2^31 allow, and its mult brings the sum into the unit of its output tensor:
// out = acc · mult / 2^32. Tensors that meet in an add share one unit. `output_unit` is the unit of the tensors
// that reach the output through add, relu and depth-to-space alone; one entry for all channels, or one per channel.
// A relu folds into the operator before it where nothing else reads that (lo = 0).
// Throws std::runtime_error with a reason when the graph cannot be expressed.
QuantisedGraph quantise_graph(const FloatGraph& graph, const std::vector<NodeTensors>& tensors,
                              const torch::Tensor& calibration, const QuantiseOptions& options);

}  // namespace nae::training
