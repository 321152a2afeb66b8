#include "training/post_filter_net.h"

#include <cmath>

namespace nae::training {
namespace {

// Hat functions of the anchors: [N, anchors].
torch::Tensor anchor_weights(const torch::Tensor& quality, int anchors) {
    const torch::Tensor at = ((quality - 1) * ((anchors - 1) / 99.0)).unsqueeze(1);
    const torch::Tensor all = torch::arange(anchors, at.options()).unsqueeze(0);
    return (1 - (at - all).abs()).clamp_min(0);
}

}  // namespace

std::vector<std::pair<std::string, torch::Tensor*>> PostFilterNet::parameters() {
    std::vector<std::pair<std::string, torch::Tensor*>> out;
    int hidden = 0;
    for (size_t i = kPostFilterFirstNode; i < graph.nodes.size(); ++i) {
        if (graph.nodes[i].op != Op::conv) continue;
        const std::string name = i == kPostFilterFirstNode ? "inp"
                                 : i == last_node()        ? "out"
                                                           : "body." + std::to_string(hidden++);
        out.emplace_back(name + ".weight", &tensors[i].weight);
        out.emplace_back(name + ".bias", &tensors[i].bias);
    }
    out.emplace_back("qb", &bias);
    out.emplace_back("qs", &scale);
    return out;
}

void PostFilterNet::set_whitening(const torch::Tensor& matrix) {
    tensors[kPostFilterWhiteNode].weight =
        matrix.detach().to(torch::kFloat).reshape({kPostFilterChannels, kPostFilterChannels, 1, 1}).clone();
}

torch::Tensor PostFilterNet::bias_at(const torch::Tensor& quality) const {
    return torch::matmul(anchor_weights(quality, shape.anchors), bias);
}

torch::Tensor PostFilterNet::scale_at(const torch::Tensor& quality) const {
    return torch::matmul(anchor_weights(quality, shape.anchors), scale.view({-1, 1}));
}

std::vector<NodeTensors> PostFilterNet::tensors_at(const torch::Tensor& quality) const {
    std::vector<NodeTensors> out = tensors;
    out[kPostFilterFirstNode].shift = bias_at(quality).unsqueeze(2).unsqueeze(3);
    out[last_node()].scale = scale_at(quality).unsqueeze(2).unsqueeze(3) - 1;
    return out;
}

torch::Tensor PostFilterNet::forward(const torch::Tensor& pixels, const torch::Tensor& quality) const {
    const torch::Tensor made = run_float_graph(graph, tensors_at(quality), pixels * (1 / kPostFilterInput));
    return made.to(torch::kFloat) * kPostFilterOutput;
}

PostFilterNet make_post_filter_net(const PostFilterShape& shape) {
    PostFilterNet net;
    net.shape = shape;
    FloatGraphBuilder b(3);
    const auto conv = [&](int input, int in, int out, int kernel, double factor) {
        FloatConvParams p;
        p.out_channels = out;
        p.kernel = kernel;
        const int id = b.conv(input, std::move(p));
        net.tensors.resize(size_t(id) + 1);
        // Uniform, of a third of the variance that keeps a signal's: PyTorch's usual start of convolutions.
        const double reach = factor / std::sqrt(double(in * kernel * kernel));
        net.tensors[size_t(id)].weight = (torch::rand({out, in, kernel, kernel}) * 2 - 1) * reach;
        net.tensors[size_t(id)].bias = (torch::rand({out}) * 2 - 1) * reach;
        return id;
    };
    constexpr float kSlope = kPostFilterSlope / 256.F;
    const int white =
        conv(b.space_to_depth(0, kPostFilterBlock), kPostFilterChannels, kPostFilterChannels, 1, 0);
    net.tensors[size_t(white)] = {};
    net.set_whitening(torch::eye(kPostFilterChannels));
    int t = b.leaky_relu(conv(white, kPostFilterChannels, shape.width, 3, 1), kSlope);
    for (int i = 0; i < shape.blocks; ++i) {
        const int inner = b.leaky_relu(conv(t, shape.width, shape.width, 3, 1), kSlope);
        const int second = conv(inner, shape.width, shape.width, 3, 1);
        net.tensors[size_t(second)].weight.mul_(0.3);  // a block starts near the identity
        t = b.add(t, second);
    }
    b.depth_to_space(conv(t, shape.width, kPostFilterChannels, 3, 0), kPostFilterBlock);
    net.graph = b.take();
    net.tensors.resize(net.graph.nodes.size());
    net.bias = torch::zeros({shape.anchors, shape.width});
    net.scale = torch::ones({shape.anchors});
    return net;
}

torch::Tensor post_filter_whitening(const torch::Tensor& pixels) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor rows = space_to_depth(pixels * (1 / kPostFilterInput), kPostFilterBlock)
                                   .permute({0, 2, 3, 1})
                                   .reshape({-1, kPostFilterChannels})
                                   .to(torch::kDouble);
    const torch::Tensor products = torch::matmul(rows.t(), rows) / double(rows.size(0));
    const auto [energies, directions] = torch::linalg_eigh(products);
    const torch::Tensor deviation =
        torch::sqrt(energies.clamp_min(0) + 1 / (kPostFilterInput * kPostFilterInput));
    return (directions / deviation).t().to(torch::kFloat).contiguous();
}

}  // namespace nae::training
