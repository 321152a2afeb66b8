#include "training/checkpoint.h"

#include <torch/serialize.h>

#include <cstdio>
#include <filesystem>

#include "training/earlier_shape.h"

namespace nae::training {

std::string save_checkpoint(const std::string& path, const FlatAdam& optimiser, const CheckpointInfo& info,
                            bool full) try {
    const std::vector<torch::Tensor> state = optimiser.state();
    std::vector<torch::Tensor> out;
    out.push_back(torch::tensor({double(info.steps), info.hours, info.megapixels, double(optimiser.steps())},
                                torch::kDouble));
    if (full)
        for (const torch::Tensor& t : state) out.push_back(t.cpu());
    else
        out.push_back(state[3].cpu().to(torch::kHalf));
    const std::string tmp = path + ".part";
    torch::save(out, tmp);
    std::filesystem::rename(tmp, path);
    return {};
} catch (const std::exception& e) {
    return path + ": " + e.what();
}

std::string load_checkpoint(const std::string& path, const PhotoConfig& config, FlatAdam& optimiser,
                            CheckpointInfo& info) try {
    std::vector<torch::Tensor> in;
    torch::load(in, path);
    if (in.size() != 5 && in.size() != 2) return path + ": not a checkpoint of this trainer";
    const double* d = in[0].data_ptr<double>();
    info.steps = int64_t(d[0]);
    info.hours = d[1];
    info.megapixels = d[2];
    std::vector<torch::Tensor> state;
    int64_t steps = 0;
    if (in.size() == 5) {
        state.assign(in.begin() + 1, in.end());
        steps = int64_t(d[3]);
    } else {
        const torch::Tensor w = in[1].to(torch::kFloat);
        state = {w, torch::zeros_like(w), torch::zeros_like(w), w};
    }
    if (optimiser.restore(state, steps) || restore_earlier(state, steps, config, optimiser)) return {};
    return path + ": made for another model shape";
} catch (const std::exception& e) {
    return path + ": " + e.what();
}

}  // namespace nae::training
