// Networks of the laboratory while they are trained: a float graph (codec/float_graph.h), which is what will be stored,
// and a tensor for every parameter. Trainer, encoder and decoder run the same interpreter (codec/torch/graph_runner.h).
#pragma once

#include <vector>

#include "codec/float_graph.h"
#include "codec/torch/graph_runner.h"
#include "codec/torch/libtorch.h"

namespace nae::training {

class Network {
  public:
    // Takes a graph whose nodes have shapes but no values, and initialises them: He for convolutions, near identity for
    // gdn. Nodes that do have values are constants and stay as they are. Draws from torch's random numbers.
    explicit Network(FloatGraph graph);
    Network() = default;

    // The first `drop_last` operators from the end are left out. Gradients flow into parameters().
    torch::Tensor run(const torch::Tensor& x, int drop_last = 0) const;
    const std::vector<torch::Tensor>& parameters() const { return parameters_; }
    // Of each of parameters(), in its order: whether it is the weight of a convolution between two hidden layers.
    std::vector<bool> hidden() const;
    // Computes with these tensors from now on, as many and of the same shapes as parameters().
    void use(const std::vector<torch::Tensor>& parameters);
    int64_t size() const;  // parameters

    // The graph with its values, convolutions as f16; what run() computes afterwards is what the file will.
    FloatGraph to_graph(int drop_last = 0) const;
    // Rounds the parameters to what to_graph() stores.
    void round_to_stored();

    const FloatGraph& graph() const { return graph_; }

    // Structured pruning. Convolutions whose channels may go: those that one ReLU, and behind it one convolution, read.
    std::vector<size_t> prunable() const;
    // Keeps `share` of such a node's channels, those of the largest filters by the sum of absolute weights (Li et al.
    // 2017), at least one.
    void prune(size_t node, double share);

  private:
    std::vector<NodeTensors> effective() const;
    void collect_parameters();
    FloatGraph graph_;
    std::vector<NodeTensors> raw_;  // gdn: square roots of its constants and weights
    std::vector<bool> trained_;     // by node
    std::vector<torch::Tensor> parameters_;
};

// Shapes for Network's constructor.
FloatConvParams conv_shape(int out_channels, int kernel, int stride);
// A 1x1 convolution that is not trained; weights[out][in].
FloatConvParams fixed_conv(int out_channels, std::vector<float> weights, std::vector<float> bias);

}  // namespace nae::training
