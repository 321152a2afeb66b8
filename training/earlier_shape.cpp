#include "training/earlier_shape.h"

#include <map>

namespace nae::training {
namespace {

using torch::Tensor;

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// State of `to` with the parts of the same name from that of `from`.
std::vector<Tensor> by_name(const std::vector<Tensor>& state, const FlatAdam& from, const FlatAdam& to) {
    std::map<std::string, const Parameter*> known;
    for (const Parameter& p : from.parameters()) known[p.name] = &p;
    std::vector<Tensor> out = to.state();
    for (size_t s = 0; s < out.size(); ++s) {
        Tensor& t = out[s] = out[s].clone();
        for (const Parameter& p : to.parameters()) {
            Tensor part = t.narrow(0, p.offset, p.size);
            const auto old = known.find(p.name);
            if (old != known.end())
                part.copy_(state[s].narrow(0, old->second->offset, old->second->size));
            else if (ends_with(p.name, ".second.weight"))
                part.zero_();
        }
    }
    return out;
}

}  // namespace

bool restore_earlier(const std::vector<Tensor>& state, int64_t steps, const PhotoConfig& config,
                     FlatAdam& optimiser) {
    for (const auto& [context, lapped] : {std::pair{true, true}, {true, false}, {false, false}}) {
        if ((context && !config.context) || (lapped && !config.lapped)) continue;
        for (int blocks = config.decoder_blocks16; blocks >= 0; --blocks) {
            PhotoConfig smaller = config;
            smaller.context = context;
            smaller.lapped = lapped;
            smaller.decoder_blocks16 = blocks;
            FlatAdam before(torch::kCPU, torch::kFloat);
            const PhotoModel model(smaller, shapes_only(config.latent_channels), before);
            before.seal();
            if (before.restore(state, steps))
                return optimiser.restore(by_name(before.state(), before, optimiser), steps);
        }
    }
    return false;
}

void restart_branch(const std::vector<Tensor>& start, FlatAdam& optimiser) {
    std::vector<Tensor> state = optimiser.state();
    for (const Parameter& p : optimiser.parameters()) {
        const auto begins = [&](const char* with) { return p.name.rfind(with, 0) == 0; };
        if (!begins("synthesis.at") && !begins("synthesis.conv2.") && p.name != "synthesis.conv3.weight")
            continue;
        for (size_t s = 0; s < state.size(); ++s)
            state[s].narrow(0, p.offset, p.size).copy_(start[s].narrow(0, p.offset, p.size));
    }
    optimiser.refresh(false);
}

}  // namespace nae::training
