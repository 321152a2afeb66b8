#include "training/checkpoint.h"

#include <cstdio>
#include <filesystem>

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

std::string load_checkpoint(const std::string& path, FlatAdam& optimiser, CheckpointInfo& info) try {
    std::vector<torch::Tensor> in;
    torch::load(in, path);
    if (in.size() != 5 && in.size() != 2) return path + ": not a checkpoint of this trainer";
    const double* d = in[0].data_ptr<double>();
    info.steps = int64_t(d[0]);
    info.hours = d[1];
    info.megapixels = d[2];
    if (in.size() == 5) {
        if (!optimiser.restore({in[1], in[2], in[3], in[4]}, int64_t(d[3])))
            return path + ": made for another model shape";
        return {};
    }
    const torch::Tensor w = in[1].to(torch::kFloat);
    if (!optimiser.restore({w, torch::zeros_like(w), torch::zeros_like(w), w}, 0))
        return path + ": made for another model shape";
    return {};
} catch (const std::exception& e) {
    return path + ": " + e.what();
}

}  // namespace nae::training
