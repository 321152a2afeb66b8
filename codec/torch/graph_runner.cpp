#include "codec/torch/graph_runner.h"

namespace nae {

torch::Tensor space_to_depth(const torch::Tensor& x, int block) {
    const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3), b = block;
    return x.permute({0, 2, 3, 1})
        .reshape({n, h / b, b, w / b, b, c})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({n, h / b, w / b, b * b * c})
        .permute({0, 3, 1, 2});
}

torch::Tensor depth_to_space(const torch::Tensor& x, int block) {
    const int64_t n = x.size(0), h = x.size(2), w = x.size(3), b = block, c = x.size(1) / (b * b);
    return x.permute({0, 2, 3, 1})
        .reshape({n, h, w, b, b, c})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({n, h * b, w * b, c})
        .permute({0, 3, 1, 2});
}

torch::Tensor run_float_graph(const FloatGraph& graph, const std::vector<NodeTensors>& tensors,
                              const torch::Tensor& x, int first, int drop_last) {
    const size_t count = graph.nodes.size() - size_t(drop_last);
    std::vector<torch::Tensor> out(count);
    out[size_t(first)] = x;
    for (size_t i = size_t(first) + 1; i < count; ++i) {
        const FloatNode& n = graph.nodes[i];
        const torch::Tensor& a = out[n.inputs[0]];
        switch (n.op) {
            case Op::conv: {
                const NodeTensors& p = tensors[i];
                out[i] =
                    torch::conv2d(a.to(p.weight.scalar_type()), p.weight, p.bias, n.stride, n.kernel / 2);
                if (p.scale.defined()) out[i] = out[i] * (1 + p.scale).to(out[i].scalar_type());
                if (p.shift.defined()) out[i] = out[i] + p.shift.to(out[i].scalar_type());
                break;
            }
            case Op::conv_transpose: {
                const NodeTensors& p = tensors[i];
                out[i] = torch::conv_transpose2d(a.to(p.weight.scalar_type()), p.weight, p.bias, n.stride,
                                                 n.kernel / 2, n.stride - 1);
                break;
            }
            case Op::sigmoid:
                out[i] = torch::sigmoid(a);
                break;
            case Op::gdn:
            case Op::inverse_gdn: {
                const NodeTensors& p = tensors[i];
                const torch::Tensor x32 = a.to(torch::kFloat);
                const torch::Tensor norm = torch::conv2d(x32 * x32, p.weight, p.bias);
                out[i] = x32 * (n.op == Op::gdn ? torch::rsqrt(norm) : torch::sqrt(norm));
                break;
            }
            case Op::add:
                out[i] = a + out[n.inputs[1]];
                break;
            case Op::relu:
                out[i] = torch::relu(a);
                break;
            case Op::abs:
                out[i] = torch::abs(a);
                break;
            case Op::leaky_relu:
                out[i] = torch::leaky_relu(a, n.slope);
                break;
            case Op::concat: {
                std::vector<torch::Tensor> all;
                for (uint16_t k : n.inputs) all.push_back(out[k]);
                out[i] = torch::cat(all, 1);
                break;
            }
            case Op::slice:
                out[i] = a.narrow(1, n.begin, n.channels);
                break;
            case Op::depth_to_space:
                out[i] = depth_to_space(a, n.block);
                break;
            case Op::space_to_depth:
                out[i] = space_to_depth(a, n.block);
                break;
            case Op::gain:
                out[i] =
                    a * torch::from_blob(const_cast<float*>(n.mult.data()), {1, int64_t(n.mult.size()), 1, 1})
                            .to(a.device(), a.scalar_type());
                break;
            default:
                TORCH_CHECK(false, "operator not known to this encoder");
        }
    }
    return out.back();
}

}  // namespace nae
