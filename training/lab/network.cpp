#include "training/lab/network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "format/span.h"

namespace nae::training {
namespace {

bool is_convolution(Op op) { return op == Op::conv || op == Op::conv_transpose; }
bool is_gdn(Op op) { return op == Op::gdn || op == Op::inverse_gdn; }

// [out][k][k][in] of a file to what torch wants, and back.
std::vector<int64_t> to_torch_order(Op op) {
    return op == Op::conv ? std::vector<int64_t>{0, 3, 1, 2} : std::vector<int64_t>{3, 0, 1, 2};
}
std::vector<int64_t> to_file_order(Op op) {
    return op == Op::conv ? std::vector<int64_t>{0, 2, 3, 1} : std::vector<int64_t>{1, 2, 3, 0};
}

template <class Floats>
Floats copied(const torch::Tensor& t) {
    const torch::Tensor c = t.detach().to(torch::kFloat).contiguous();
    return Floats(c.data_ptr<float>(), c.data_ptr<float>() + c.numel());
}
std::vector<float> values_of(const torch::Tensor& t) { return copied<std::vector<float>>(t); }
AlignedFloats weights_of(const torch::Tensor& t) { return copied<AlignedFloats>(t); }

torch::Tensor tensor_of(Span<const float> v, const std::vector<int64_t>& shape) {
    return torch::from_blob(const_cast<float*>(v.data()), shape).clone();
}

}  // namespace

FloatConvParams conv_shape(int out_channels, int kernel, int stride) {
    FloatConvParams p;
    p.out_channels = out_channels;
    p.kernel = kernel;
    p.stride = stride;
    p.type = WeightType::f16;
    return p;
}

FloatConvParams fixed_conv(int out_channels, std::vector<float> weights, std::vector<float> bias) {
    FloatConvParams p = conv_shape(out_channels, 1, 1);
    p.type = WeightType::f32;
    p.weights = std::move(weights);
    p.bias = std::move(bias);
    return p;
}

Network::Network(FloatGraph graph)
    : graph_(std::move(graph)), raw_(graph_.nodes.size()), trained_(graph_.nodes.size()) {
    std::vector<int> channels;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
        const FloatNode& n = graph_.nodes[i];
        const int in = i == 0 ? 0 : channels[n.inputs[0]];
        int out = n.op == Op::input || is_convolution(n.op) || n.op == Op::slice ? n.channels : in;
        if (n.op == Op::concat)
            for (size_t k = 1; k < n.inputs.size(); ++k) out += channels[n.inputs[k]];
        if (n.op == Op::space_to_depth) out *= n.block * n.block;
        if (n.op == Op::depth_to_space) out /= n.block * n.block;
        channels.push_back(out);
        if (is_gdn(n.op)) {
            raw_[i].bias = torch::ones({in});
            raw_[i].weight = (0.1 * torch::eye(in) + 1e-4).sqrt().reshape({in, in, 1, 1});
        } else if (is_convolution(n.op) && n.weights.empty()) {
            // A stride of a transposed convolution shares its taps among stride² outputs.
            const double taps = double(n.kernel * n.kernel) / (n.op == Op::conv ? 1 : n.stride * n.stride);
            const torch::Tensor w =
                torch::empty({out, n.kernel, n.kernel, in}).normal_(0, std::sqrt(2.0 / (taps * in)));
            raw_[i].weight = w.permute(to_torch_order(n.op)).contiguous();
            raw_[i].bias = torch::zeros({out});
        } else if (is_convolution(n.op)) {
            raw_[i].weight = tensor_of(n.weights, {out, n.kernel, n.kernel, in})
                                 .permute(to_torch_order(n.op))
                                 .contiguous();
            raw_[i].bias = tensor_of(n.bias, {out});
            continue;
        } else {
            continue;
        }
        trained_[i] = true;
    }
    collect_parameters();
}

void Network::collect_parameters() {
    parameters_.clear();
    for (size_t i = 0; i < raw_.size(); ++i) {
        if (!trained_[i]) continue;
        parameters_.push_back(raw_[i].weight.requires_grad_(true));
        parameters_.push_back(raw_[i].bias.requires_grad_(true));
    }
}

std::vector<bool> Network::hidden() const {
    std::vector<bool> out;
    for (size_t i = 0; i < raw_.size(); ++i) {
        if (!trained_[i]) continue;
        constexpr int kPixel = 4;  // channels of a picture at most
        const torch::Tensor& w = raw_[i].weight;
        out.push_back(is_convolution(graph_.nodes[i].op) && w.size(0) > kPixel && w.size(1) > kPixel);
        out.push_back(false);
    }
    return out;
}

void Network::use(const std::vector<torch::Tensor>& parameters) {
    size_t next = 0;
    for (size_t i = 0; i < raw_.size(); ++i) {
        if (!trained_[i]) continue;
        raw_[i].weight = parameters[next++];
        raw_[i].bias = parameters[next++];
    }
    parameters_ = parameters;
}

std::vector<size_t> Network::prunable() const {
    const auto only_reader = [&](size_t node) {
        size_t reader = 0, readers = 0;
        for (size_t k = node + 1; k < graph_.nodes.size(); ++k)
            for (uint16_t input : graph_.nodes[k].inputs)
                if (input == node) reader = k, ++readers;
        return readers == 1 ? reader : 0;
    };
    std::vector<size_t> out;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
        if (!trained_[i] || !is_convolution(graph_.nodes[i].op)) continue;
        const size_t relu = only_reader(i), next = relu > 0 ? only_reader(relu) : 0;
        if (next > 0 && graph_.nodes[relu].op == Op::relu && is_convolution(graph_.nodes[next].op))
            out.push_back(i);
    }
    return out;
}

void Network::prune(size_t node, double share) {
    const torch::NoGradGuard no_grad;
    const auto of_conv = [&](size_t i) { return graph_.nodes[i].op == Op::conv; };
    size_t next = node + 1;
    while (!is_convolution(graph_.nodes[next].op)) ++next;  // behind the ReLU
    const int64_t out_dim = of_conv(node) ? 0 : 1, in_dim = of_conv(next) ? 1 : 0;
    torch::Tensor& w = raw_[node].weight;
    const int64_t n = std::max<int64_t>(1, std::llround(share * double(w.size(out_dim))));
    const torch::Tensor size =
        w.abs().sum(out_dim == 0 ? std::vector<int64_t>{1, 2, 3} : std::vector<int64_t>{0, 2, 3});
    const torch::Tensor kept = std::get<0>(std::get<1>(size.topk(n)).sort());
    const auto select = [&](torch::Tensor& t, int64_t dim) {
        t = t.detach().index_select(dim, kept).contiguous();
    };
    select(w, out_dim);
    select(raw_[node].bias, 0);
    select(raw_[next].weight, in_dim);
    graph_.nodes[node].channels = int(n);
    collect_parameters();
}

std::vector<NodeTensors> Network::effective() const {
    std::vector<NodeTensors> out = raw_;
    for (size_t i = 0; i < raw_.size(); ++i) {
        if (!is_gdn(graph_.nodes[i].op)) continue;
        out[i].weight = raw_[i].weight * raw_[i].weight;
        out[i].bias = raw_[i].bias * raw_[i].bias + 1e-6;
    }
    return out;
}

torch::Tensor Network::run(const torch::Tensor& x, int drop_last) const {
    return run_float_graph(graph_, effective(), x, 0, drop_last);
}

int64_t Network::size() const {
    int64_t n = 0;
    for (const torch::Tensor& p : parameters_) n += p.numel();
    return n;
}

FloatGraph Network::to_graph(int drop_last) const {
    FloatGraph out = graph_;
    const std::vector<NodeTensors> tensors = effective();
    out.nodes.resize(out.nodes.size() - size_t(drop_last));
    for (size_t i = 0; i < out.nodes.size(); ++i) {
        FloatNode& n = out.nodes[i];
        if (is_gdn(n.op)) {
            n.weights = weights_of(tensors[i].weight);
            n.mult = values_of(tensors[i].bias);
        } else if (is_convolution(n.op)) {
            n.weights = weights_of(tensors[i].weight.permute(to_file_order(n.op)));
            n.bias = values_of(tensors[i].bias);
        }
    }
    return out;
}

void Network::round_to_stored() {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < raw_.size(); ++i)
        if (is_convolution(graph_.nodes[i].op) && graph_.nodes[i].type == WeightType::f16)
            raw_[i].weight.copy_(raw_[i].weight.to(torch::kHalf));
}

}  // namespace nae::training
