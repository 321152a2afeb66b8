#include "training/quantise_graph.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace nae::training {
namespace {

// Tensors that must share a unit form a group: both inputs of an add and its output, and whatever depth-to-space or
// relu passes on.
class Groups {
  public:
    explicit Groups(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
    size_t find(size_t i) {
        while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
        return i;
    }
    void join(size_t a, size_t b) { parent_[find(a)] = find(b); }

  private:
    std::vector<size_t> parent_;
};

double largest(const torch::Tensor& t) { return t.abs().max().item<double>(); }

// Runs the graph node by node and notes the largest magnitude of each node, and its channels.
std::vector<double> calibrate(const FloatGraph& graph, const std::vector<NodeTensors>& tensors,
                              const torch::Tensor& x, std::vector<int>& channels) {
    std::vector<double> peak(graph.nodes.size());
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const torch::Tensor given = run_float_graph(graph, tensors, x, 0, int(graph.nodes.size() - 1 - i));
        peak[i] = largest(given);
        channels[i] = int(given.size(1));
    }
    return peak;
}

}  // namespace

QuantisedGraph quantise_graph(const FloatGraph& graph, const std::vector<NodeTensors>& tensors,
                              const torch::Tensor& calibration, const QuantiseOptions& options) {
    const torch::NoGradGuard no_grad;
    const size_t n = graph.nodes.size();
    Groups groups(n);
    std::vector<std::vector<size_t>> readers(n);
    for (size_t i = 1; i < n; ++i) {
        const FloatNode& node = graph.nodes[i];
        for (uint16_t in : node.inputs) readers[in].push_back(i);
        if (node.op == Op::conv || (node.op == Op::concat && i + 1 == n) ||
            (node.op == Op::slice && node.inputs[0] == 0))
            continue;
        if (node.op != Op::add && node.op != Op::relu && node.op != Op::depth_to_space)
            throw std::runtime_error(std::string("operator ") + op_name(node.op) + " cannot be exported yet");
        for (uint16_t in : node.inputs) groups.join(i, in);
    }
    const bool joined = graph.nodes.back().op == Op::concat;
    const size_t output_group = groups.find(joined ? graph.nodes.back().inputs[0] : n - 1);
    std::vector<int> channels(n);
    const std::vector<double> peak = calibrate(graph, tensors, calibration, channels);
    std::vector<double> group_peak(n, 0);
    for (size_t i = 0; i < n; ++i) group_peak[groups.find(i)] = std::max(group_peak[groups.find(i)], peak[i]);

    // Unit of one channel of a node's tensor.
    auto unit = [&](size_t node, size_t channel) {
        if (graph.nodes[node].op == Op::slice) {
            channel += size_t(graph.nodes[node].begin);
            node = 0;
        }
        const size_t g = groups.find(node);
        if (g == groups.find(0)) return options.input_unit[channel];
        if (g == output_group)
            return options.output_unit.size() == 1 ? options.output_unit[0] : options.output_unit[channel];
        return std::max(group_peak[g], 1e-6) * options.headroom / kActivationLimit;
    };
    if (groups.find(0) == output_group)
        throw std::runtime_error("the input reaches the output without a convolution");

    QuantisedGraph result;
    for (size_t i = 0; i < n; ++i)
        if (graph.nodes[i].op == Op::relu && peak[i] == 0)
            result.warnings.push_back("node " + std::to_string(i) +
                                      " (relu) gives nothing but zeros: what led there is dead");
    for (size_t i = 0; i < n; ++i) {
        const double u = unit(i, 0);
        if (groups.find(i) == output_group && options.output_unit.size() == 1 &&
            peak[i] / u > kActivationLimit)
            result.warnings.push_back("node " + std::to_string(i) + " (" + op_name(graph.nodes[i].op) +
                                      ") reaches " + std::to_string(peak[i] / u) +
                                      " of ±8191 and is clamped");
    }

    // A relu that is the only reader folds into what it reads.
    auto folds = [&](size_t i) {
        return readers[i].size() == 1 && graph.nodes[readers[i][0]].op == Op::relu &&
               (graph.nodes[i].op == Op::conv || graph.nodes[i].op == Op::add);
    };
    GraphBuilder b(graph.nodes[0].channels, -kActivationLimit, kActivationLimit);
    std::vector<int> id(n, 0);
    for (size_t i = 1; i < n; ++i) {
        const FloatNode& node = graph.nodes[i];
        const size_t in = node.inputs[0];
        switch (node.op) {
            case Op::conv: {
                const torch::Tensor w = tensors[i].weight.to(torch::kFloat),
                                    bias = tensors[i].bias.to(torch::kFloat);
                std::vector<double> in_unit, out_unit;
                for (int64_t c = 0; c < w.size(1); ++c) in_unit.push_back(unit(in, size_t(c)));
                for (int64_t c = 0; c < w.size(0); ++c) out_unit.push_back(unit(i, size_t(c)));
                IntegerConv q =
                    quantise_conv(w, bias, ConvUnits{in_unit, out_unit}, "conv node " + std::to_string(i));
                ConvParams p;
                p.out_channels = node.channels;
                p.kernel = node.kernel;
                p.stride = node.stride;
                p.weights = std::move(q.weights);
                p.bias = std::move(q.bias);
                p.mult = std::move(q.mult);
                p.lo = folds(i) ? 0 : -kActivationLimit;
                p.hi = kActivationLimit;
                id[i] = b.conv(id[in], std::move(p));
                break;
            }
            case Op::add:
                id[i] = b.add(id[in], id[node.inputs[1]], folds(i) ? 0 : -kActivationLimit, kActivationLimit);
                break;
            case Op::slice:
                id[i] = b.slice(id[in], node.begin, node.channels);
                break;
            case Op::concat: {
                std::vector<int> inputs;
                for (const uint16_t input : node.inputs) inputs.push_back(id[input]);
                id[i] = b.concat(inputs);
                break;
            }
            case Op::relu:
                id[i] = folds(in) ? id[in] : b.relu(id[in]);
                break;
            default:
                id[i] = b.depth_to_space(id[in], node.block);
                break;
        }
    }
    const std::vector<uint16_t> ends =
        joined ? graph.nodes.back().inputs : std::vector<uint16_t>{uint16_t(n - 1)};
    for (const uint16_t end : ends)
        for (int c = 0; c < channels[end]; ++c) result.output_unit.push_back(unit(end, size_t(c)));
    result.graph = b.take();
    return result;
}

}  // namespace nae::training
