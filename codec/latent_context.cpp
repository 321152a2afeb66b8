#include "codec/latent_context.h"

#include <algorithm>
#include <utility>

#include "codec/checkerboard.h"
#include "codec/engine_kernels.h"
#include "codec/gains.h"
#include "codec/thread_team.h"

namespace nae {
namespace {

// Rows at once: few enough for the network's tensors to be small, many against its reach.
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

// What the network says at the second squares alone, one after another. seen: its last tensor that depends on neighbours, rows
// from `top` on.
Status finish_at_squares(const ContextTask& task, int top, const Tensor16& seen, Tensor16& said) {
    Tensor16 squares;
    size_t count = 0;
    for (int y = 0; y < seen.h; ++y)
        count += static_cast<size_t>((seen.w - leftmost(Squares::second, top + y) + 1) / 2);
    squares.resize(1, static_cast<int>(count), seen.c);
    int16_t* to = squares.data.data();
    for (int y = 0; y < seen.h; ++y)
        for (int x = leftmost(Squares::second, top + y); x < seen.w; x += 2)
            to = std::copy_n(seen.pixel(y, x), seen.c, to);
    if (task.pointwise.empty() || count == 0) {
        said = std::move(squares);
        return Status();
    }
    const Extents extents{1, static_cast<int64_t>(count)};
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
    const int reach = context_reach(task.network);
    const int threads = team != nullptr ? team->threads() : 1;
    const int strip = std::clamp((rows + threads - 1) / threads, kLeastStripRows, kStripRows);
    return share(team, (rows + strip - 1) / strip, [&](int64_t number) {
        Tensor16 input, seen, said;
        std::vector<uint8_t> index(static_cast<size_t>(task.scale.channels()));
        const int top = static_cast<int>(number) * strip, bottom = std::min(top + strip, rows);
        const int first = std::max(top - reach, 0), end = std::min(bottom + reach, task.h);
        lay_out(task, prediction, first, end, input);
        NAE_RETURN_IF_ERROR(Engine::run(task.network, extents, input, Rect{0, first, task.w, end - first},
                                        Rect{0, top, task.w, bottom - top}, seen, task.level, task.limits));
        NAE_RETURN_IF_ERROR(finish_at_squares(task, top, seen, said));
        size_t square = 0;
        for (int y = top; y < bottom; ++y) {
            for (int x = leftmost(Squares::second, y); x < task.w; x += 2) {
                int16_t* const at = prediction.pixel(y, x);
                task.kernels.index(task.scale, at + index.size(), index.data());
                const int16_t* const words = said.data.data() + square++ * static_cast<size_t>(said.c);
                task.kernels.change_means(task.scale, task.scales, words, index.data(), at);
                int16_t* const log2_scale = at + index.size();
                task.kernels.add(log2_scale, words + index.size(), log2_scale, index.size(), -kValueLimit,
                                 kValueLimit);
            }
        }
        return Status();
    });
}

}  // namespace nae
