// The network of a model's post-filter, in floating point: what is trained, measured and made an integer
// graph of.
//
// 2 x 2 pixels become one position of 12 channels; whitening by a fixed 1 x 1 convolution; 3 x 3 to `width`
// channels, plus a bias that depends on the quality; leaky ReLU; residual blocks of 3 x 3, leaky ReLU, 3 x 3;
// 3 x 3 back to 12 channels, times a scale that depends on the quality; back to pixels. What comes out is
// added to the pixels. Bias and scale have values at anchors spaced evenly over QUALITY 1..100 and are linear
// between them.
//
// Whitened, because pixels have nearly all of their energy in one of the 12 directions, and what the filter
// is to find lies in the others: on pixels as they are a network died within a minute (docs/training.md).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "codec/float_graph.h"
#include "codec/torch/graph_runner.h"
#include "codec/torch/libtorch.h"

namespace nae::training {

constexpr int kPostFilterBlock = 2;      // pixels a side that become one position
constexpr int kPostFilterChannels = 12;  // of such a position
constexpr int kPostFilterSlope = 32;     // of the leaky ReLUs, in 1/256
constexpr double kPostFilterInput = 64;  // grey levels that are 1 to the network
constexpr double kPostFilterOutput = 8;  // the same of what it adds
constexpr int kPostFilterWhiteNode = 2;  // the whitening
constexpr int kPostFilterFirstNode = 3;  // the convolution behind it

struct PostFilterShape {
    int width = 32;    // hidden channels, 1..256
    int blocks = 3;    // residual ones, 0..16
    int anchors = 12;  // of the quality, 2..64
    bool operator==(const PostFilterShape& o) const {
        return width == o.width && blocks == o.blocks && anchors == o.anchors;
    }
};

struct PostFilterNet {
    PostFilterShape shape;
    FloatGraph graph;                  // but for the addition to the pixels
    std::vector<NodeTensors> tensors;  // of its convolutions
    torch::Tensor bias;                // [anchors, width], behind the first convolution
    torch::Tensor scale;               // [anchors], of the last one

    // Index of the last convolution.
    size_t last_node() const { return graph.nodes.size() - 2; }
    // What is learnt, each with its name: inp, body.N, out (.weight, .bias), qb, qs.
    std::vector<std::pair<std::string, torch::Tensor*>> parameters();
    // [12, 12]: the whitening.
    torch::Tensor whitening() const { return tensors[kPostFilterWhiteNode].weight.flatten(1); }
    void set_whitening(const torch::Tensor& matrix);
    // [N, width] and [N, 1]: bias and scale at these qualities, [N] of 1..100.
    torch::Tensor bias_at(const torch::Tensor& quality) const;
    torch::Tensor scale_at(const torch::Tensor& quality) const;
    // The tensors for pictures of these qualities.
    std::vector<NodeTensors> tensors_at(const torch::Tensor& quality) const;
    // What is to be added to the pixels, in grey levels. pixels: [N, 3, H, W] float32, grey levels around mid
    // grey, H and W even; quality: [N], 1..100.
    torch::Tensor forward(const torch::Tensor& pixels, const torch::Tensor& quality) const;
};

// One that adds nothing yet, with random values from LibTorch's generator and no whitening, in float32.
PostFilterNet make_post_filter_net(const PostFilterShape& shape);

// The matrix that makes the 12 channels of pixels (as forward() takes them) uncorrelated and of about unit
// variance; directions of less than a grey level are not blown up further.
torch::Tensor post_filter_whitening(const torch::Tensor& pixels);

}  // namespace nae::training
