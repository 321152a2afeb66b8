#include "codec/tile_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "codec/engine_kernels.h"
#include "codec/finisher.h"
#include "codec/symbol_choice.h"
#include "codec/thread_team.h"
#include "codec/tile_layout.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

void append_varint(std::vector<uint8_t>& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(0x80 | (value & 0x7f)));
    out.push_back(static_cast<uint8_t>(value));
}

// Takes a stream and its length off the front of a payload, which is not empty.
Status cut_stream(ByteSpan& payload, const char* what, ByteSpan* stream) {
    uint64_t length = 0;
    size_t position = 0;
    for (int shift = 0;; shift += 7) {
        if (position == payload.size() || shift > 28) {
            return Status(ErrorCode::corrupt, cat("length of the ", what, " stream is malformed"));
        }
        const uint8_t byte = payload[position++];
        length |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) break;
    }
    if (length > payload.size() - position) {
        return Status(ErrorCode::corrupt, cat(what, " stream of ", length, " bytes in ",
                                              payload.size() - position, " that are left"));
    }
    *stream = payload.subspan(position, static_cast<size_t>(length));
    payload = payload.subspan(position + static_cast<size_t>(length));
    return Status();
}

// Means of at most `largest` in magnitude become zero; of one position.
void clear_small_means(int16_t* mean, int channels, int16_t largest) {
    for (int c = 0; c < channels; ++c) {
        const bool small = mean[c] <= largest && mean[c] >= -largest;
        mean[c] = small ? int16_t{0} : mean[c];
    }
}

void append_stream(std::vector<uint8_t>& out, const std::vector<uint8_t>& stream) {
    append_varint(out, stream.size());
    out.insert(out.end(), stream.begin(), stream.end());
}

// body(i) for the positions [0, count), shared out among the team's threads if there is a team.
template <class F>
Status for_each_position(ThreadTeam* team, size_t count, F body) {
    constexpr size_t kAtOnce = 128;
    const auto part = [&](int64_t k) {
        const size_t first = static_cast<size_t>(k) * kAtOnce;
        for (size_t i = first; i < std::min(first + kAtOnce, count); ++i) body(i);
        return Status();
    };
    return share(team, static_cast<int64_t>((count + kAtOnce - 1) / kAtOnce), part);
}

}  // namespace

TileCodec::TileCodec(ReadyModelPtr model, const Kernels& kernels)
    : model_(std::move(model)), kernels_(kernels) {}

TileCodec::~TileCodec() = default;

Result<std::unique_ptr<TileCodec>> TileCodec::create(ReadyModelPtr model, int quality_centi,
                                                     const Limits& limits, EngineLevel level) {
    const Model& m = model->model;
    const NodeInfo& latent_input = model->synthesis.info().nodes.front();
    const NodeInfo& hyper_input = model->hyper_synthesis.info().nodes.front();
    NAE_ASSIGN_OR_RETURN(const Kernels* kernels, kernels_for(level));
    std::unique_ptr<TileCodec> codec(new TileCodec(model, *kernels));
    codec->latent_scale_ =
        make_latent_scale(m.gains.latent, m.latent_tables, quality_centi, latent_input.lo, latent_input.hi);
    codec->hyper_scale_ =
        make_latent_scale(m.gains.hyper, m.hyper_tables, quality_centi, hyper_input.lo, hyper_input.hi);
    for (size_t c = 0; c < static_cast<size_t>(m.hyper_channels); ++c) {
        const int64_t log2_scale =
            static_cast<int64_t>(m.gains.hyper_log2_scale[c]) + codec->hyper_scale_.steps.log2_gain[c];
        codec->hyper_index_.push_back(static_cast<uint8_t>(m.hyper_tables.index_of(log2_scale)));
    }
    if (m.has_trellis()) {
        codec->weights_.assign(m.latent_tables.tables.size(), static_cast<float>(kTrellisWeight));
        codec->release_ = release_factors(m.latent_tables);
    } else {
        codec->weights_ = nae::quantiser_weights(m.latent_tables, quality_centi);
    }
    NAE_ASSIGN_OR_RETURN(codec->finisher_, Finisher::create(*model, quality_centi, level, limits));
    if (!model->context.empty()) {
        codec->context_reach_ = context_reach(model->context);
        codec->context_scales_ = context_scales(m.latent_tables);
    }
    codec->limits_ = limits;
    codec->level_ = level;
    return codec;
}

Status TileCodec::check_size(int h, int w) const {
    // The largest tensor that is not the engine's to check: the prediction.
    uint64_t bytes = 0;
    if (!checked_mul<uint64_t>(static_cast<uint64_t>(h) * static_cast<uint64_t>(w),
                               static_cast<uint64_t>(model_->hyper_synthesis.output_channels()),
                               sizeof(int16_t), &bytes) ||
        bytes > limits_.max_tensor_bytes) {
        return Status(ErrorCode::limit_exceeded,
                      cat("a tile of ", w, "x", h, " latent positions with ", model_->latent_channels(),
                          " channels needs tensors over the limit of ", limits_.max_tensor_bytes, " bytes"));
    }
    return Status();
}

std::vector<uint8_t> TileCodec::hyper_indices(int64_t positions) const {
    std::vector<uint8_t> index;
    index.reserve(static_cast<size_t>(positions) * hyper_index_.size());
    for (int64_t i = 0; i < positions; ++i)
        index.insert(index.end(), hyper_index_.begin(), hyper_index_.end());
    return index;
}

Status TileCodec::predict(const int16_t* z_symbols, int h, int w, int rows, Tensor16& prediction,
                          ThreadTeam* team) const {
    const Extents extents = TileLayout::hyper_extents(h, w);
    Tensor16 z(static_cast<int>(extents.h), static_cast<int>(extents.w), model_->hyper_channels());
    for (int64_t i = 0; i < extents.h * extents.w; ++i) {
        const int64_t at = i * z.c;
        kernels_.dequantise(hyper_scale_, z_symbols + at, nullptr, z.data.data() + at);
    }
    return Engine::run(model_->hyper_synthesis, extents, z, whole(extents), Rect{0, 0, w, rows}, prediction,
                       level_, limits_, team);
}

void TileCodec::settle(size_t position, Tensor16& prediction, AlignedVector8& index) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    int16_t* const mean = prediction.data.data() + position * static_cast<size_t>(prediction.c);
    if (const int largest = model_->model.mean_dead_zone; largest > 0)
        clear_small_means(mean, model_->latent_channels(), static_cast<int16_t>(largest));
    kernels_.index(latent_scale_, mean + channels, index.data() + position * channels);
}

Status TileCodec::settle(Tensor16& prediction, AlignedVector8& index, ThreadTeam* team) const {
    const size_t positions = static_cast<size_t>(prediction.h) * static_cast<size_t>(prediction.w);
    index.resize(positions * static_cast<size_t>(model_->latent_channels()));
    const auto w = static_cast<size_t>(prediction.w);
    return for_each_position(team, positions, [&](size_t i) {
        if (has_context() &&
            !is_square(Squares::first, static_cast<int64_t>(i / w), static_cast<int64_t>(i % w)))
            return;
        settle(i, prediction, index);
    });
}

Status TileCodec::see_context(int h, int rows, const int16_t* symbols, Tensor16& prediction,
                              AlignedVector8& index, ThreadTeam* team) const {
    const ContextTask task{model_->context,
                           model_->context_pointwise,
                           context_reach_,
                           latent_scale_,
                           context_scales_,
                           kernels_,
                           h,
                           prediction.w,
                           symbols,
                           index.data(),
                           level_,
                           limits_};
    NAE_RETURN_IF_ERROR(add_context(task, rows, prediction, team).in("context"));
    return share(team, rows, [&](int64_t y) {
        for (int x = leftmost(Squares::second, y); x < prediction.w; x += 2)
            settle(static_cast<size_t>(y) * static_cast<size_t>(prediction.w) + static_cast<size_t>(x),
                   prediction, index);
        return Status();
    });
}

Status TileCodec::predict_tile(ByteSpan payload, int h, int w, int rows, PredictedTile& tile,
                               ThreadTeam* team) const {
    NAE_RETURN_IF_ERROR(check_size(h, w));
    tile.h = h;
    tile.w = w;
    if (!payload.empty()) NAE_RETURN_IF_ERROR(cut_stream(payload, "hyper-latent", &tile.hyper));
    if (!payload.empty() && has_context())
        NAE_RETURN_IF_ERROR(cut_stream(payload, "first latent", &tile.stream));
    (has_context() ? tile.second_stream : tile.stream) = payload;
    return predict_rows(rows, tile, team);
}

Status TileCodec::predict_rows(int rows, PredictedTile& tile, ThreadTeam* team) const {
    const Extents hyper = TileLayout::hyper_extents(tile.h, tile.w);
    const std::vector<uint8_t> z_index = hyper_indices(hyper.h * hyper.w);
    std::vector<int16_t> z_symbols(z_index.size());
    NAE_RETURN_IF_ERROR(
        model_->hyper_codec
            .decode(tile.hyper.data(), tile.hyper.size(), z_index.data(), z_index.size(), z_symbols.data())
            .in("hyper-latent"));
    const int predicted = std::min(rows + context_reach_, tile.h);
    NAE_RETURN_IF_ERROR(
        predict(z_symbols.data(), tile.h, tile.w, predicted, tile.prediction, team).in("hyper-synthesis"));
    tile.rows = rows;
    return settle(tile.prediction, tile.index, team);
}

Result<bool> TileCodec::decode_stream(ByteSpan stream, bool begin, const AlignedVector8& index,
                                      int16_t* symbols) const {
    const SymbolCodec& codec = model_->latent_codec;
    if (begin) return codec.decode_first(stream.data(), stream.size(), index.data(), index.size(), symbols);
    NAE_RETURN_IF_ERROR(codec.decode(stream.data(), stream.size(), index.data(), index.size(), symbols));
    return true;
}

Result<bool> TileCodec::decode_squares(Squares which, const PredictedTile& tile, int rows,
                                       int16_t* symbols) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    AlignedVector8 index(square_count(which, rows, tile.w) * channels);
    AlignedVector16 some(index.size());
    take_squares(which, tile.index.data(), rows, tile.w, channels, index.data());
    const ByteSpan stream = which == Squares::first ? tile.stream : tile.second_stream;
    NAE_ASSIGN_OR_RETURN(const bool decoded, decode_stream(stream, rows < tile.h, index, some.data()));
    put_squares(which, some.data(), rows, tile.w, channels, symbols);
    return decoded;
}

Status TileCodec::decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const {
    NAE_RETURN_IF_ERROR(decode_first_squares(tile, symbols));
    NAE_RETURN_IF_ERROR(predict_second_squares(tile, symbols, nullptr));
    return decode_second_squares(tile, symbols);
}

Status TileCodec::decode_first_squares(PredictedTile& tile, AlignedVector16& symbols) const {
    for (;;) {
        symbols.resize(tile.index.size());
        bool decoded = true;
        if (has_context()) {
            NAE_ASSIGN_OR_RETURN(
                decoded,
                decode_squares(Squares::first, tile, tile.prediction.h, symbols.data()).in("latent"));
        } else {
            NAE_ASSIGN_OR_RETURN(
                decoded,
                decode_stream(tile.stream, tile.rows < tile.h, tile.index, symbols.data()).in("latent"));
        }
        if (decoded) return Status();
        NAE_RETURN_IF_ERROR(predict_rows(tile.h, tile, nullptr));  // then no stream is merely begun
    }
}

Status TileCodec::predict_second_squares(PredictedTile& tile, const AlignedVector16& symbols,
                                         ThreadTeam* team) const {
    if (!has_context()) return Status();
    return see_context(tile.h, tile.rows, symbols.data(), tile.prediction, tile.index, team);
}

Status TileCodec::decode_second_squares(PredictedTile& tile, AlignedVector16& symbols) const {
    if (!has_context()) return Status();
    NAE_ASSIGN_OR_RETURN(const bool decoded,
                         decode_squares(Squares::second, tile, tile.rows, symbols.data()).in("latent"));
    if (!decoded) {
        NAE_RETURN_IF_ERROR(predict_rows(tile.h, tile, nullptr));
        return decode_symbols(tile, symbols);
    }
    symbols.resize(static_cast<size_t>(tile.rows) * static_cast<size_t>(tile.w) *
                   static_cast<size_t>(model_->latent_channels()));
    return Status();
}

Status TileCodec::dequantise(const PredictedTile& tile, const AlignedVector16& symbols, Tensor16& latent,
                             ThreadTeam* team) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    latent.resize(tile.rows, tile.w, model_->latent_channels());
    return for_each_position(team, symbols.size() / channels, [&](size_t i) {
        kernels_.dequantise(latent_scale_, symbols.data() + i * channels,
                            tile.prediction.data.data() + i * static_cast<size_t>(tile.prediction.c),
                            latent.data.data() + i * channels);
    });
}

void TileCodec::neutral(int h, int w, Tensor16& latent) const {
    latent.resize(h, w, model_->latent_channels());
    std::fill(latent.data.begin(), latent.data.end(), int16_t{0});
}

Status TileCodec::quantise(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                           const QuantiserOptions& options, TileSymbols& tile) const {
    NAE_RETURN_IF_ERROR(check_size(h, w));
    const Extents hyper = TileLayout::hyper_extents(h, w);
    tile.h = h;
    tile.w = w;
    tile.z_index = hyper_indices(hyper.h * hyper.w);
    tile.z.resize(tile.z_index.size());
    // Plain rounding: a hyper-latent's error shows in the latent's rate, which its own bits know nothing
    // about.
    const auto hyper_channels = static_cast<size_t>(model_->hyper_channels());
    AlignedFloats targets(tile.z.size());
    for (size_t at = 0; at < tile.z.size(); at += hyper_channels)
        symbol_targets(hyper_scale_, z + at, nullptr, tile.z_index.data() + at, targets.data() + at);
    choose_symbols(model_->hyper_codec, tile.z_index.data(), targets.data(), nullptr, targets.size(),
                   tile.z.data());
    NAE_RETURN_IF_ERROR(predict(tile.z.data(), h, w, h, tile.prediction, nullptr).in("hyper-synthesis"));

    NAE_RETURN_IF_ERROR(settle(tile.prediction, tile.index, nullptr));
    tile.symbols.resize(tile.index.size());
    if (!has_context()) {
        choose(std::nullopt, y, y_stride, options, tile);
        return Status();
    }
    choose(Squares::first, y, y_stride, options, tile);
    NAE_RETURN_IF_ERROR(see_context(h, h, tile.symbols.data(), tile.prediction, tile.index, nullptr));
    choose(Squares::second, y, y_stride, options, tile);
    return Status();
}

Status TileCodec::quantise_second(const float* y, ptrdiff_t y_stride, const QuantiserOptions& options,
                                  TileSymbols& tile) const {
    NAE_RETURN_IF_ERROR(
        predict(tile.z.data(), tile.h, tile.w, tile.h, tile.prediction, nullptr).in("hyper-synthesis"));
    NAE_RETURN_IF_ERROR(settle(tile.prediction, tile.index, nullptr));
    NAE_RETURN_IF_ERROR(
        see_context(tile.h, tile.h, tile.symbols.data(), tile.prediction, tile.index, nullptr));
    choose(Squares::second, y, y_stride, options, tile);
    return Status();
}

void TileCodec::aim(const float* values, const int16_t* mean, const uint8_t* index, float* target) const {
    symbol_targets(latent_scale_, values, mean, index, target);
    constexpr auto kMost = static_cast<float>(kMostReleased);
    if (release_.empty()) return;
    for (size_t c = 0; c < latent_scale_.steps.step.size(); ++c)
        target[c] += std::clamp(target[c] * release_[index[c]], -kMost, kMost);
}

void TileCodec::choose(const Stream& stream, const float* y, ptrdiff_t y_stride,
                       const QuantiserOptions& options, TileSymbols& tile) const {
    const auto channels = static_cast<size_t>(model_->latent_channels()), w = static_cast<size_t>(tile.w);
    const size_t count = stream_positions(stream, tile.h, tile.w) * channels;
    const auto factor = static_cast<float>(options.distortion_weight);
    // A path costs as much time to find whatever bits count for.
    const bool weighs = options.rate_aware || model_->latent_codec.has_trellis();
    AlignedVector8 index(count);
    AlignedFloats target(count), weight(weighs ? count : 0);
    for_stream(stream, tile.h, tile.w, [&](size_t i, size_t at) {
        const float* values =
            y + static_cast<ptrdiff_t>(i / w) * y_stride + static_cast<ptrdiff_t>(i % w * channels);
        uint8_t* const some = index.data() + at * channels;
        std::copy_n(tile.index.data() + i * channels, channels, some);
        aim(values, tile.prediction.data.data() + i * static_cast<size_t>(tile.prediction.c), some,
            target.data() + at * channels);
        if (!weighs) return;
        const float here =
            options.emphasis == nullptr
                ? factor
                : factor * options.emphasis[static_cast<ptrdiff_t>(i / w) * options.emphasis_stride +
                                            static_cast<ptrdiff_t>(i % w)];
        for (size_t c = 0; c < channels; ++c) weight[at * channels + c] = here * weights_[some[c]];
    });
    AlignedVector16 symbols(count);
    choose_symbols(model_->latent_codec, index.data(), target.data(), weighs ? weight.data() : nullptr, count,
                   symbols.data());
    for_stream(stream, tile.h, tile.w, [&](size_t i, size_t at) {
        std::copy_n(symbols.data() + at * channels, channels, tile.symbols.data() + i * channels);
    });
}

Result<std::vector<uint8_t>> TileCodec::pack_stream(const Stream& stream, const TileSymbols& tile) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    const size_t count = stream_positions(stream, tile.h, tile.w) * channels;
    AlignedVector8 index(count);
    AlignedVector16 symbols(count);
    take_stream(stream, tile.index.data(), tile.h, tile.w, channels, index.data());
    take_stream(stream, tile.symbols.data(), tile.h, tile.w, channels, symbols.data());
    return model_->latent_codec.encode(index.data(), symbols.data(), count);
}

Result<std::vector<uint8_t>> TileCodec::pack(const TileSymbols& tile, TileStatistics* statistics) const {
    NAE_ASSIGN_OR_RETURN(const auto hyper_stream,
                         model_->hyper_codec.encode(tile.z_index.data(), tile.z.data(), tile.z_index.size()));
    std::vector<uint8_t> first_stream, latent_stream;  // the first one with a context only
    if (has_context()) {
        NAE_ASSIGN_OR_RETURN(first_stream, pack_stream(Squares::first, tile));
        NAE_ASSIGN_OR_RETURN(latent_stream, pack_stream(Squares::second, tile));
    } else {
        NAE_ASSIGN_OR_RETURN(latent_stream, pack_stream(std::nullopt, tile));
    }
    if (statistics != nullptr) {
        statistics->hyper_bytes += hyper_stream.size();
        statistics->latent_bytes += first_stream.size() + latent_stream.size();
        for (const uint8_t i : tile.index) statistics->coded_symbols += i != 0;
    }
    std::vector<uint8_t> payload;
    if (hyper_stream.empty() && first_stream.empty() && latent_stream.empty()) return payload;
    append_stream(payload, hyper_stream);
    if (has_context()) append_stream(payload, first_stream);
    payload.insert(payload.end(), latent_stream.begin(), latent_stream.end());
    return payload;
}

Result<std::vector<uint8_t>> TileCodec::encode(const float* y, ptrdiff_t y_stride, int h, int w,
                                               const float* z, const QuantiserOptions& options,
                                               TileStatistics* statistics) const {
    TileSymbols tile;
    NAE_RETURN_IF_ERROR(quantise(y, y_stride, h, w, z, options, tile));
    return pack(tile, statistics);
}

}  // namespace nae
