#include "codec/torch/torch_analysis.h"

#include <thread>

namespace nae {
namespace {

bool has_bfloat16_instructions() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512bf16") != 0;
#else
    return false;
#endif
}

std::vector<NodeTensors> make_tensors(const FloatGraph& graph) {
    std::vector<NodeTensors> out(graph.nodes.size());
    const bool bf16 = has_bfloat16_instructions();
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const FloatNode& n = graph.nodes[i];
        if (n.op == Op::gdn || n.op == Op::inverse_gdn) {
            const auto c = int64_t(n.mult.size());
            out[i].weight = torch::from_blob(const_cast<float*>(n.weights.data()), {c, c, 1, 1}).clone();
            out[i].bias = torch::from_blob(const_cast<float*>(n.mult.data()), {c}).clone();
            continue;
        }
        if (n.op != Op::conv && n.op != Op::conv_transpose) continue;
        const int64_t in = int64_t(n.weights.size()) / (int64_t{n.channels} * n.kernel * n.kernel);
        const auto type = n.type == WeightType::bf16 && bf16 ? torch::kBFloat16 : torch::kFloat;
        // from_blob does not own: the copy made by to(..., copy) does.
        out[i].weight =
            torch::from_blob(const_cast<float*>(n.weights.data()), {n.channels, n.kernel, n.kernel, in})
                .permute(n.op == Op::conv ? at::IntArrayRef({0, 3, 1, 2}) : at::IntArrayRef({3, 0, 1, 2}))
                .to(torch::kCPU, type, false, true, torch::MemoryFormat::ChannelsLast);
        out[i].bias = torch::from_blob(const_cast<float*>(n.bias.data()), {n.channels})
                          .to(torch::kCPU, type, false, true);
    }
    return out;
}

}  // namespace

std::unique_ptr<TorchAnalysis> TorchAnalysis::create(FloatGraph analysis, FloatGraph hyper_analysis,
                                                     int threads) {
    const int cores = int(std::max(1u, std::thread::hardware_concurrency()));
    at::set_num_threads(threads > 0 ? threads : cores);
    auto out = std::make_unique<TorchAnalysis>();
    out->nets_[0].tensors = make_tensors(analysis);
    out->nets_[0].graph = std::move(analysis);
    out->nets_[1].tensors = make_tensors(hyper_analysis);
    out->nets_[1].graph = std::move(hyper_analysis);
    return out;
}

std::string TorchAnalysis::run(int graph, const float* in, int h, int w, int c, float* out, int out_h,
                               int out_w, int out_c) {
    if (graph < 0 || graph > 1) return "no such graph";
    const c10::InferenceMode inference;
    const torch::Tensor x = torch::from_blob(const_cast<float*>(in), {1, h, w, c}).permute({0, 3, 1, 2});
    const torch::Tensor y = run_float_graph(nets_[graph].graph, nets_[graph].tensors, x).to(torch::kFloat);
    if (y.size(1) != out_c || y.size(2) != out_h || y.size(3) != out_w)
        return "analysis gave " + std::to_string(y.size(2)) + "x" + std::to_string(y.size(3)) + "x" +
               std::to_string(y.size(1)) + " values where " + std::to_string(out_h) + "x" +
               std::to_string(out_w) + "x" + std::to_string(out_c) + " were expected";
    torch::from_blob(out, {1, out_h, out_w, out_c}).copy_(y.permute({0, 2, 3, 1}));
    return {};
}

}  // namespace nae
