#include "codec/latent_context.h"

#include <algorithm>
#include <utility>

#include "codec/checkerboard.h"
#include "codec/engine_kernels.h"
#include "codec/gains.h"
#include "codec/thread_team.h"

namespace nae {
namespace {

// Rows at once, even numbers: few enough for the network's tensors to be small, many against its reach.
constexpr int kStripRows = 16, kLeastStripRows = 4;

// Symbols in multiples of their scales.
void normalise(const ContextScales& scales, const int16_t* symbols, const uint8_t* index, size_t channels,
               int16_t* out) {
    for (size_t c = 0; c < channels; ++c) {
        const int64_t v = (int64_t{symbols[c]} * scales.from_steps[index[c]] + (1 << 15)) >> 16;
        out[c] = static_cast<int16_t>(std::clamp<int64_t>(v, -kValueLimit, kValueLimit));
    }
}

// Rows [top, bottom) of the network's input: the symbols of the first squares, 0 at the second ones, and what the
// hyper-synthesis says for the network alone.
void lay_out(const ContextTask& task, const Tensor16& prediction, int top, int bottom, Tensor16& input) {
    const auto channels = static_cast<size_t>(task.scale.channels()),
               predicted = static_cast<size_t>(prediction.c);
    const size_t features = predicted - 2 * channels,
                 known = static_cast<size_t>(task.network.input_channels()) - features;
    input.resize(bottom - top, task.w, task.network.input_channels());
    for (int y = top; y < bottom; ++y) {
        for (int x = 0; x < task.w; ++x) {
            const size_t position =
                static_cast<size_t>(y) * static_cast<size_t>(task.w) + static_cast<size_t>(x);
            int16_t* to = input.pixel(y - top, x);
            if (is_square(Squares::first, y, x))
                normalise(task.scales, task.symbols + position * channels, task.index + position * channels,
                          known, to);
            else
                std::fill_n(to, known, int16_t{0});
            std::copy_n(prediction.data.data() + position * predicted + 2 * channels, features, to + known);
        }
    }
}

// What the network says at the second squares alone, one after another. seen: its last tensor that depends on neighbours, from
// an even row on.
Status finish_at_squares(const ContextTask& task, const Tensor16& seen, Tensor16& said) {
    Tensor16 squares(1, static_cast<int>(square_count(Squares::second, seen.h, seen.w)), seen.c);
    take_squares(Squares::second, seen.data.data(), seen.h, seen.w, static_cast<size_t>(seen.c),
                 squares.data.data());
    if (task.pointwise.empty() || squares.w == 0) {
        said = std::move(squares);
        return Status();
    }
    const Extents extents{1, squares.w};
    return Engine::run(task.pointwise, extents, squares, whole(extents), whole(extents), said, task.level,
                       task.limits);
}

}  // namespace

int context_reach(const PackedGraph& context) {
    constexpr int64_t kFar = 256;  // from every edge
    const Rect needed = required_input(context, Extents{2 * kFar, 2 * kFar}, Rect{kFar, kFar, 1, 1});
    return static_cast<int>(std::max(kFar - needed.y, needed.bottom() - kFar - 1));
}

void change_means(const LatentScale& scale, const ContextScales& scales, const int16_t* said,
                  const uint8_t* index, int16_t* mean) {
    for (size_t c = 0; c < scale.steps.step.size(); ++c)
        mean[c] = changed_mean(mean[c], said[c], scales.to_steps[index[c]], scale.steps.step[c]);
}

ContextScales context_scales(const TableSet& latent_tables) {
    ContextScales out;
    for (int i = 0; i < latent_tables.count(); ++i) {
        const int32_t log2_sigma = 64 * i + 32 - latent_tables.bias;
        constexpr int32_t kInput = 6 * 256;  // log2 of kContextInputPerScale
        out.from_steps.push_back(i == 0 ? 0 : dequant_step(kInput, log2_sigma));
        out.to_steps.push_back(i == 0 ? 0 : dequant_step(log2_sigma, 0));
        out.fits_32_bits = out.fits_32_bits && out.to_steps.back() < 1 << 26;
    }
    return out;
}

Status add_context(const ContextTask& task, int rows, Tensor16& prediction, ThreadTeam* team) {
    const Extents extents{task.h, task.w};
    const int threads = team != nullptr ? team->threads() : 1;
    const int fair = (rows + threads - 1) / threads;
    const int strip = std::clamp(fair + fair % 2, kLeastStripRows, kStripRows);
    return share(team, (rows + strip - 1) / strip, [&](int64_t number) {
        Tensor16 input, seen, said;
        std::vector<uint8_t> index(static_cast<size_t>(task.scale.channels()));
        const int top = static_cast<int>(number) * strip, bottom = std::min(top + strip, rows);
        const int first = std::max(top - task.reach, 0), end = std::min(bottom + task.reach, task.h);
        lay_out(task, prediction, first, end, input);
        NAE_RETURN_IF_ERROR(Engine::run(task.network, extents, input, Rect{0, first, task.w, end - first},
                                        Rect{0, top, task.w, bottom - top}, seen, task.level, task.limits));
        NAE_RETURN_IF_ERROR(finish_at_squares(task, seen, said));
        int16_t* const strip_prediction = prediction.pixel(top, 0);
        for_squares(Squares::second, bottom - top, task.w, [&](size_t position, size_t square) {
            int16_t* const mean = strip_prediction + position * static_cast<size_t>(prediction.c);
            int16_t* const log2_scale = mean + index.size();
            const int16_t* const words = said.data.data() + square * static_cast<size_t>(said.c);
            task.kernels.index(task.scale, log2_scale, index.data());
            task.kernels.change_means(task.scale, task.scales, words, index.data(), mean);
            task.kernels.add(log2_scale, words + index.size(), log2_scale, index.size(), -kValueLimit,
                             kValueLimit);
        });
        return Status();
    });
}

}  // namespace nae
