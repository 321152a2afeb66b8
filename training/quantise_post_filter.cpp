#include "training/quantise_post_filter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "codec/engine_kernels.h"
#include "training/post_filter_batch.h"
#include "training/quantise_conv.h"

namespace nae::training {
namespace {

constexpr double kLeastScale = 0.01;  // of the last convolution at any quality

// Largest magnitude of each node's values.
std::vector<double> calibrate(const PostFilterNet& net, const std::vector<CodedCropView>& crops,
                              const CodedCropsHead& head) {
    std::vector<double> peak(net.graph.nodes.size());
    for (const CodedCropView& crop : crops) {
        const PostFilterBatch whole = whole_crop(crop, head);
        const std::vector<NodeTensors> tensors = net.tensors_at(whole.quality);
        torch::Tensor x = whole.decoded * (1 / kPostFilterInput);
        for (size_t i = 1; i < peak.size(); ++i) {
            const torch::Tensor made =
                run_float_graph(net.graph, tensors, x, 0, int(net.graph.nodes.size() - 1 - i));
            peak[i] = std::max(peak[i], made.abs().max().item<double>());
        }
    }
    return peak;
}

// [sets, …] of what the quality does.
torch::Tensor set_qualities(int sets) {
    return sets == 1 ? torch::full({1}, 50.0) : 1 + 99.0 * torch::arange(sets, torch::kFloat) / (sets - 1);
}

class Quantiser {
  public:
    Quantiser(const PostFilterNet& net, const CodedCropsHead& head, const QuantisePostFilterOptions& o,
              std::vector<double> peak)
        : net_(net), frac_bits_(int(head.frac_bits)), o_(o), peak_(std::move(peak)) {
        // Everything between the first convolution and the last one that is no block's inner half meets in
        // additions.
        for (size_t i = kPostFilterFirstNode; i < net_.last_node(); ++i)
            if (on_line(i)) line_peak_ = std::max(line_peak_, peak_[i]);
    }

    PostFilter run() {
        const torch::Tensor qualities = set_qualities(o_.sets);
        const torch::Tensor bias = net_.bias_at(qualities).to(torch::kDouble);
        const torch::Tensor scale = net_.scale_at(qualities).clamp_min(kLeastScale).to(torch::kDouble);
        const int32_t low = black(frac_bits_), high = white(frac_bits_);
        GraphBuilder b(3, low, high);
        std::vector<int> id(net_.graph.nodes.size());
        int cells = 0;
        for (size_t i = 1; i < net_.graph.nodes.size(); ++i) {
            const FloatNode& node = net_.graph.nodes[i];
            const int input = id[node.inputs[0]];
            if (i == kPostFilterWhiteNode)
                id[i] = input;  // folded
            else if (i == kPostFilterFirstNode)
                id[i] = b.conv(input, first(bias));
            else if (node.op == Op::conv)
                id[i] = b.conv(input, i == net_.last_node() ? last() : inner(i));
            else if (node.op == Op::add)
                id[i] = b.add(input, id[node.inputs[1]], -kActivationLimit, kActivationLimit);
            else if (node.op == Op::leaky_relu)
                id[i] = b.leaky_relu(input, kPostFilterSlope);
            else if (node.op == Op::space_to_depth)
                id[i] = cells = b.space_to_depth(input, node.block);
            else  // the addition to the pixels comes before it: codec/post_filter.h
                id[i] = b.depth_to_space(b.add(cells, input, low, high), node.block);
        }
        PostFilter filter;
        for (int s = 0; s < o_.sets; ++s) filter.sets.push_back(set(bias[s], scale[s].item<double>()));
        filter.graph = b.take();
        return filter;
    }

  private:
    // Whether a node's tensor is one of those that meet in additions: not what a block's first convolution
    // gives.
    bool on_line(size_t node) const {
        const FloatNode& n = net_.graph.nodes[node];
        if (n.op == Op::leaky_relu) return on_line(n.inputs[0]);
        if (n.op != Op::conv || node == kPostFilterFirstNode) return true;
        return net_.graph.nodes[node + 1].op == Op::add;
    }
    // Real value of one integer step.
    double unit(size_t node) const {
        if (net_.graph.nodes[node].op == Op::leaky_relu) return unit(net_.graph.nodes[node].inputs[0]);
        const double peak = on_line(node) ? line_peak_ : peak_[node];
        return std::max(peak, 1e-6) * o_.headroom / kActivationLimit;
    }
    double grey_unit() const { return 1.0 / (1 << frac_bits_); }

    static ConvParams params(const IntegerConv& conv, int kernel, int32_t limit) {
        ConvParams p;
        p.out_channels = int(conv.bias.size());
        p.kernel = kernel;
        p.weights = conv.weights;
        p.bias = conv.bias;
        p.mult = conv.mult;
        p.lo = -limit;
        p.hi = limit;
        return p;
    }
    IntegerConv quantise(size_t node, const torch::Tensor& weight, const torch::Tensor& bias,
                         ConvUnits units) const {
        return quantise_conv(weight, bias, units, "post-filter: conv node " + std::to_string(node));
    }

    ConvParams first(const torch::Tensor& set_bias) {
        const NodeTensors& t = net_.tensors[kPostFilterFirstNode];
        const torch::Tensor weight = torch::einsum("omyx,mi->oiyx", {t.weight, net_.whitening()});
        ConvUnits units;
        units.in.assign(kPostFilterChannels, grey_unit() / kPostFilterInput);
        units.out.assign(size_t(weight.size(0)), unit(kPostFilterFirstNode));
        units.input_limit = 128 << frac_bits_;
        const torch::Tensor most = (t.bias.to(torch::kDouble) + set_bias).abs().amax(0).contiguous();
        units.most_bias.assign(most.data_ptr<double>(), most.data_ptr<double>() + most.numel());
        first_ = quantise(kPostFilterFirstNode, weight, t.bias, units);
        return params(first_, 3, kActivationLimit);
    }
    ConvParams inner(size_t node) const {
        const NodeTensors& t = net_.tensors[node];
        ConvUnits units;
        units.in.assign(size_t(t.weight.size(1)), unit(net_.graph.nodes[node].inputs[0]));
        units.out.assign(size_t(t.weight.size(0)), unit(node));
        return params(quantise(node, t.weight, t.bias, units), 3, kActivationLimit);
    }
    ConvParams last() {
        const NodeTensors& t = net_.tensors[net_.last_node()];
        ConvUnits units;
        units.in.assign(size_t(t.weight.size(1)), unit(net_.graph.nodes[net_.last_node()].inputs[0]));
        units.out.assign(kPostFilterChannels, grey_unit() / kPostFilterOutput);
        last_ = quantise(net_.last_node(), t.weight, t.bias, units);
        return params(last_, 3, kActivationLimit);
    }
    PostFilterSet set(const torch::Tensor& bias, double scale) const {
        PostFilterSet out;
        const torch::Tensor whole = net_.tensors[kPostFilterFirstNode].bias.to(torch::kDouble) + bias;
        for (size_t o = 0; o < first_.scale.size(); ++o)
            out.bias.push_back(int32_t(std::lround(whole[int64_t(o)].item<double>() * first_.scale[o])));
        for (const double steps : last_.scale)
            out.mult.push_back(int32_t(
                std::clamp(std::round(4294967296.0 * scale * kPostFilterOutput / (steps * grey_unit())), 1.0,
                           2147483647.0)));
        return out;
    }

    const PostFilterNet& net_;
    const int frac_bits_;
    const QuantisePostFilterOptions& o_;
    const std::vector<double> peak_;
    double line_peak_ = 0;
    IntegerConv first_, last_;
};

}  // namespace

Result<PostFilter> quantise_post_filter(const PostFilterNet& net,
                                        const std::vector<CodedCropView>& calibration,
                                        const CodedCropsHead& head,
                                        const QuantisePostFilterOptions& options) try {
    const torch::NoGradGuard no_grad;
    if (calibration.empty())
        return Status(ErrorCode::invalid_argument, "there are no crops to calibrate with");
    if (options.sets < 1 || options.sets > 64)
        return Status(ErrorCode::invalid_argument, "sets of a post-filter are outside 1..64");
    return Quantiser(net, head, options, calibrate(net, calibration, head)).run();
} catch (const std::exception& e) {
    return Status(ErrorCode::internal, e.what());
}

}  // namespace nae::training
