#include "codec/latent_context.h"

#include <algorithm>
#include <utility>

#include "codec/checkerboard.h"
#include "codec/engine_kernels.h"
#include "codec/gains.h"

namespace nae {
namespace {

// At once, in even numbers of rows: few enough positions for the network's tensors to be small, many rows against its reach.
constexpr int kStripPositions = 512, kLeastStripRows = 4, kMostStripRows = 32;

// Symbols in multiples of their scales.
void normalise(const ContextScales& scales, const int16_t* symbols, const uint8_t* index, size_t channels,
               int16_t* out) {
    for (size_t c = 0; c < channels; ++c) {
        const int64_t v = (int64_t{symbols[c]} * scales.from_steps[index[c]] + (1 << 15)) >> 16;
        out[c] = static_cast<int16_t>(std::clamp<int64_t>(v, -kValueLimit, kValueLimit));
    }
}

// The network's input for `area`, positions of the tile: the symbols of the first squares, 0 at the second ones, and what the
// hyper-synthesis says for the network alone.
void lay_out(const ContextTask& task, const Tensor16& prediction, const Rect& area, Tensor16& input) {
    const auto channels = static_cast<size_t>(task.scale.channels()),
               predicted = static_cast<size_t>(prediction.c);
    const size_t features = predicted - 2 * channels,
                 known = static_cast<size_t>(task.network.input_channels()) - features;
    input.resize(static_cast<int>(area.h), static_cast<int>(area.w), task.network.input_channels());
    for (int64_t y = area.y; y < area.bottom(); ++y) {
        for (int64_t x = area.x; x < area.right(); ++x) {
            const auto position = static_cast<size_t>(y * task.known.width() + x - task.known.left);
            int16_t* to = input.pixel(static_cast<int>(y - area.y), static_cast<int>(x - area.x));
            if (is_square(Squares::first, y, x))
                normalise(task.scales, task.symbols + position * channels, task.index + position * channels,
                          known, to);
            else
                std::fill_n(to, known, int16_t{0});
            std::copy_n(prediction.data.data() + position * predicted + 2 * channels, features, to + known);
        }
    }
}

// What the network says at the second squares alone, one after another, with or without what it says of means. seen: its last
// tensor that depends on neighbours, from an even row and column on.
Status finish_at_squares(const ContextTask& task, const Tensor16& seen, bool with_means, Tensor16& said) {
    const Stream second{Squares::second, 0, seen.w};
    Tensor16 squares(1, static_cast<int>(stream_positions(second, seen.h)), seen.c);
    take_stream(second, seen.data.data(), seen.h, seen.w, static_cast<size_t>(seen.c), squares.data.data());
    if (task.pointwise.empty() || squares.w == 0) {
        said = std::move(squares);
        return Status();
    }
    const Extents extents{1, squares.w};
    return Engine::run(task.pointwise, extents, squares, whole(extents), whole(extents), said, task.level,
                       task.limits, nullptr, UnusedChannels{with_means ? 0 : task.scale.channels(), 1});
}

}  // namespace

int context_reach(const PackedGraph& context) {
    constexpr int64_t kFar = 256;  // from every edge
    const Rect needed = required_input(context, Extents{2 * kFar, 2 * kFar}, Rect{kFar, kFar, 1, 1});
    return static_cast<int>(
        std::max({kFar - needed.y, needed.bottom() - kFar - 1, kFar - needed.x, needed.right() - kFar - 1}));
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

Status add_context(const ContextTask& task, const TilePart& part, int top, int bottom, Tensor16& prediction) {
    const Extents extents{task.h, task.w};
    const int known = task.known.width(), left = part.left - task.known.left;
    const int step = std::clamp(kStripPositions / part.width() / 2 * 2, kLeastStripRows, kMostStripRows);
    Tensor16 input, seen, said;
    std::vector<uint8_t> index(static_cast<size_t>(task.scale.channels()));
    for (int y = top, end = top; y < bottom; y = end) {
        const bool with_means = y >= part.top;
        end = std::min(with_means ? y + step : std::min(y + step, part.top), bottom);
        const Rect wanted{part.left, y, part.width(), end - y};
        const Rect around = intersect(Rect{wanted.x - task.reach, wanted.y - task.reach,
                                           wanted.w + 2 * task.reach, wanted.h + 2 * task.reach},
                                      whole(extents));
        lay_out(task, prediction, around, input);
        NAE_RETURN_IF_ERROR(
            Engine::run(task.network, extents, input, around, wanted, seen, task.level, task.limits));
        NAE_RETURN_IF_ERROR(finish_at_squares(task, seen, with_means, said));
        int16_t* const strip_prediction = prediction.pixel(y, 0);
        for_stream(Stream{Squares::second, left, left + part.width()}, static_cast<int>(wanted.h), known,
                   [&](size_t position, size_t square) {
                       int16_t* const mean = strip_prediction + position * static_cast<size_t>(prediction.c);
                       int16_t* const log2_scale = mean + index.size();
                       const int16_t* const words = said.data.data() + square * static_cast<size_t>(said.c);
                       if (with_means) {
                           task.kernels.index(task.scale, log2_scale, index.data());
                           task.kernels.change_means(task.scale, task.scales, words, index.data(), mean);
                       }
                       task.kernels.add(log2_scale, words + index.size(), log2_scale, index.size(),
                                        -kValueLimit, kValueLimit);
                   });
    }
    return Status();
}

}  // namespace nae
