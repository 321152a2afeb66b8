#include "training/lab/linear_start.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace nae::training {
namespace {

using torch::Tensor;

// Of the random weights: enough to break symmetries, too little to disturb the transform.
constexpr double kRandomShare = 0.03;
// sigmoid(slope v) stays near (1 + v) / 2 for v in -1..1; 2 at 0, more makes up for the bends.
constexpr double kSigmoidSlope = 2.6;

// One block transform: rows are orthonormal, [n, channels · stride²], columns in the order of pixel_unshuffle.
struct Step {
    Tensor rows;
    int64_t stride = 1;
    bool pairs_in = false, pairs_out = false;
};

// [n, channels] of a tap times the signs with which pairs of channels carry values.
Tensor with_signs(const Tensor& values, bool pairs_rows, bool pairs_columns) {
    Tensor t = values;
    if (pairs_rows) t = torch::cat({t, -t}, 0);
    if (pairs_columns) t = torch::cat({t, -t}, 1);
    return t;
}

// Puts the transform into a convolution's weight [out][in][k][k], or, transposed, into [in][out][k][k]: the same layout
// read the other way.
void put(const Step& step, double gain, Tensor& weight) {
    weight.mul_(kRandomShare);
    const int64_t s = step.stride, pad = weight.size(2) / 2;
    const Tensor taps = step.rows.reshape({step.rows.size(0), -1, s, s});
    for (int64_t dy = 0; dy < s; ++dy)
        for (int64_t dx = 0; dx < s; ++dx) {
            const Tensor m =
                with_signs(taps.select(3, dx).select(2, dy) * gain, step.pairs_out, step.pairs_in);
            weight.select(3, pad + dx).select(2, pad + dy).slice(0, 0, m.size(0)).slice(1, 0, m.size(1)) = m;
        }
}

struct Convolution {
    Tensor weight, bias;
    int64_t stride = 1;
    bool relu = false;  // follows
};

std::vector<Convolution> convolutions(Network& network) {
    std::vector<Convolution> out;
    size_t next = 0;
    const std::vector<FloatNode>& nodes = network.graph().nodes;
    for (size_t i = 1; i < nodes.size(); ++i) {
        const Op op = nodes[i].op;
        if (op == Op::relu) out.back().relu = true;
        if (op != Op::conv && op != Op::conv_transpose && op != Op::gdn && op != Op::inverse_gdn) continue;
        const Tensor weight = network.parameters()[next], bias = network.parameters()[next + 1];
        next += 2;
        if (op == Op::conv || op == Op::conv_transpose) out.push_back({weight, bias, nodes[i].stride, false});
    }
    return out;
}

}  // namespace

void start_linear(LabModel& model, const Tensor& pictures, double gain) {
    const torch::NoGradGuard no_grad;
    std::vector<Convolution> down = convolutions(model.analysis), up = convolutions(model.synthesis);
    std::vector<Step> steps;
    Tensor x = model.analysis_input(pictures, {});
    bool pairs = false;
    for (Convolution& c : down) {
        Step step;
        step.stride = c.stride;
        step.pairs_in = pairs;
        step.pairs_out = pairs = c.relu;
        const Tensor blocks = torch::pixel_unshuffle(x, c.stride);
        const int64_t d = blocks.size(1), most = c.weight.size(0) / (c.relu ? 2 : 1), n = std::min(d, most);
        const Tensor flat = blocks.transpose(0, 1).reshape({d, -1});
        // Ascending eigenvalues: the last columns are the largest components.
        const Tensor vectors =
            std::get<1>(torch::linalg_eigh(torch::mm(flat, flat.t()).to(torch::kDouble), "L"));
        step.rows = vectors.flip({1}).narrow(1, 0, n).t().contiguous().to(torch::kFloat);
        x = torch::einsum("nd,bdhw->bnhw", {step.rows, blocks});
        put(step, &c == &down.back() ? gain : 1, c.weight);
        steps.push_back(step);
    }
    for (size_t i = 0; i < up.size(); ++i) {
        Step step = steps[steps.size() - 1 - i];
        const bool last = i + 1 == up.size();
        const bool sigmoid = model.synthesis.graph().nodes.back().op == Op::sigmoid;
        step.pairs_out = i > 0 && up[i - 1].relu;
        step.pairs_in = up[i].relu;
        put(step, (i == 0 ? 1 / gain : 1) * (!last ? 1 : sigmoid ? kSigmoidSlope : 0.5), up[i].weight);
        if (last && !sigmoid) up[i].bias.fill_(0.5);
    }
    const Tensor y = model.latent(pictures, {}).transpose(0, 1).flatten(1);
    const Tensor scale = y.std(1).clamp_min(0.1) * (std::sqrt(3.0) / M_PI);
    model.centre.copy_(y.mean(1));
    model.log_scale.copy_(scale.log().unsqueeze(1) + torch::tensor({-1.2, 0.0, 1.0}));
}

}  // namespace nae::training
