#include "codec/tile_codec.h"

#include <algorithm>
#include <string>
#include <utility>

#include "codec/engine_kernels.h"
#include "codec/finisher.h"
#include "codec/for_each.h"
#include "codec/substreams.h"
#include "codec/symbol_choice.h"
#include "codec/tile_layout.h"
#include "codec/tile_payload.h"
#include "format/checked_math.h"
#include "format/text.h"

namespace nae {
namespace {

// How many of a stream's symbols are coded.
uint64_t coded_symbols(const Stream& stream, const TileSymbols& tile, size_t channels) {
    uint64_t coded = 0;
    for_stream(stream, tile.h, tile.w, [&](size_t i, size_t) {
        const uint8_t* const index = tile.index.data() + i * channels;
        for (size_t c = 0; c < channels; ++c) coded += index[c] != 0;
    });
    return coded;
}

// Means of at most `largest` in magnitude become zero; of one position.
void clear_small_means(int16_t* mean, int channels, int16_t largest) {
    for (int c = 0; c < channels; ++c) {
        const bool small = mean[c] <= largest && mean[c] >= -largest;
        mean[c] = small ? int16_t{0} : mean[c];
    }
}

}  // namespace

StreamKind stream_kind(uint8_t flags) {
    return flags == kFlagManyStates   ? StreamKind::substream
           : flags == kFlagSubstreams ? StreamKind::substream8
                                      : StreamKind::lanes;
}

std::vector<Stream> streams_of(const std::optional<Squares>& squares, const TileSymbols& tile) {
    std::vector<Stream> streams;
    for (int k = 0; k < tile.substreams; ++k)
        streams.push_back(Stream{squares, substream_begin(k, tile.substreams, tile.w),
                                 substream_begin(k + 1, tile.substreams, tile.w)});
    return streams;
}

TileCodec::TileCodec(ReadyModelPtr model, const Kernels& kernels)
    : model_(std::move(model)), kernels_(kernels) {}

TileCodec::~TileCodec() = default;

Result<std::unique_ptr<TileCodec>> TileCodec::create(ReadyModelPtr model, int quality_centi,
                                                     const Limits& limits, EngineLevel level,
                                                     StreamKind streams) {
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
    codec->streams_ = streams;
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

Tensor16 TileCodec::hyper_latents(const int16_t* z_symbols, int h, int w) const {
    const Extents extents = TileLayout::hyper_extents(h, w);
    Tensor16 z(static_cast<int>(extents.h), static_cast<int>(extents.w), model_->hyper_channels());
    for (int64_t i = 0; i < extents.h * extents.w; ++i) {
        const int64_t at = i * z.c;
        kernels_.dequantise(hyper_scale_, z_symbols + at, nullptr, z.data.data() + at);
    }
    return z;
}

Status TileCodec::predict(const Tensor16& z, const TilePart& part, int top, int bottom,
                          Tensor16& prediction) const {
    const Extents extents{z.h, z.w};
    return Engine::run_into(model_->hyper_synthesis, extents, z, whole(extents),
                            Rect{part.left, top, part.width(), bottom - top}, prediction.pixel(top, 0),
                            level_, limits_, UnusedChannels{model_->latent_channels(), part.top});
}

void TileCodec::settle(size_t position, bool has_means, Tensor16& prediction, AlignedVector8& index) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    int16_t* const mean = prediction.data.data() + position * static_cast<size_t>(prediction.c);
    if (const int largest = model_->model.mean_dead_zone; largest > 0 && has_means)
        clear_small_means(mean, model_->latent_channels(), static_cast<int16_t>(largest));
    kernels_.index(latent_scale_, mean + channels, index.data() + position * channels);
}

void TileCodec::settle_rows(const TilePart& part, int top, int bottom, Tensor16& prediction,
                            AlignedVector8& index) const {
    const int step = has_context() ? 2 : 1;
    for (int y = top; y < bottom; ++y) {
        const size_t row = static_cast<size_t>(y) * static_cast<size_t>(prediction.w);
        for (int x = has_context() ? leftmost(Squares::first, y) : 0; x < prediction.w; x += step)
            settle(row + static_cast<size_t>(x), y >= part.top, prediction, index);
    }
}

Status TileCodec::see_context(int h, int w, const TilePart& known, const TilePart& part, int top, int bottom,
                              const int16_t* symbols, Tensor16& prediction, AlignedVector8& index) const {
    const ContextTask task{model_->context,
                           model_->context_pointwise,
                           context_reach_,
                           latent_scale_,
                           context_scales_,
                           kernels_,
                           h,
                           w,
                           known,
                           symbols,
                           index.data(),
                           level_,
                           limits_};
    NAE_RETURN_IF_ERROR(add_context(task, part, top, bottom, prediction).in("context"));
    const int left = part.left - known.left, right = part.right - known.left;
    for (int y = top; y < bottom; ++y)
        for (int x = left + leftmost(Squares::second, y); x < right; x += 2)
            settle(static_cast<size_t>(y) * static_cast<size_t>(prediction.w) + static_cast<size_t>(x),
                   y >= part.top, prediction, index);
    return Status();
}

Status TileCodec::split(ByteSpan payload, PredictedTile& tile) const {
    const int passes = has_context() ? 2 : 1;
    tile.hyper = ByteSpan();
    for (std::vector<ByteSpan>& streams : tile.streams) streams.clear();
    if (payload.empty()) {
        for (int pass = 0; pass < passes; ++pass) tile.streams[pass].assign(1, ByteSpan());
        return Status();
    }
    NAE_RETURN_IF_ERROR(cut_stream(payload, "hyper-latent", &tile.hyper));
    if (streams_ != StreamKind::lanes) return cut_substreams(payload, passes, tile.streams);
    ByteSpan first;
    if (has_context()) {
        NAE_RETURN_IF_ERROR(cut_stream(payload, "first latent", &first));
        tile.streams[0].assign(1, first);
    }
    tile.streams[passes - 1].assign(1, payload);
    return Status();
}

Status TileCodec::begin_tile(ByteSpan payload, int h, int w, const TilePart& part,
                             PredictedTile& tile) const {
    NAE_RETURN_IF_ERROR(check_size(h, w));
    tile.h = h;
    tile.w = w;
    NAE_RETURN_IF_ERROR(split(payload, tile));
    set_part(part, tile);
    const Extents hyper = TileLayout::hyper_extents(h, w);
    const std::vector<uint8_t> z_index = hyper_indices(hyper.h * hyper.w);
    std::vector<int16_t> z_symbols(z_index.size());
    if (streams_ != StreamKind::lanes) {
        const Substream all{tile.hyper.data(), tile.hyper.size(), z_index.data(), z_index.size(), true,
                            z_symbols.data()};
        NAE_RETURN_IF_ERROR(model_->hyper_codec.decode_side_by_side(&all, 1).in("hyper-latent"));
    } else {
        NAE_RETURN_IF_ERROR(model_->hyper_codec
                                .decode(tile.hyper.data(), tile.hyper.size(), z_index.data(), z_index.size(),
                                        z_symbols.data())
                                .in("hyper-latent"));
    }
    tile.z = hyper_latents(z_symbols.data(), h, w);
    return Status();
}

void TileCodec::set_part(const TilePart& part, PredictedTile& tile) const {
    const int count = tile.substreams(), top = part.top / 2 * 2;  // as a step of add_context() must begin
    const auto whole_substreams = [&](int rows, int left, int right) {
        const SubstreamRange range = substreams_of(left, right, count, tile.w);
        return TilePart{rows, substream_begin(range.first, count, tile.w),
                        substream_begin(range.end, count, tile.w), top};
    };
    tile.part = whole_substreams(part.rows, part.left, part.right);
    tile.known = whole_substreams(std::min(part.rows + context_reach_, tile.h),
                                  std::max(tile.part.left - context_reach_, 0),
                                  std::min(tile.part.right + context_reach_, tile.w));
    tile.prediction.resize(tile.known.rows, tile.known.width(), model_->hyper_synthesis.output_channels());
    tile.index.resize(static_cast<size_t>(tile.known.rows) * static_cast<size_t>(tile.known.width()) *
                      static_cast<size_t>(model_->latent_channels()));
}

Status TileCodec::predict_rows(PredictedTile& tile, int top, int bottom) const {
    NAE_RETURN_IF_ERROR(predict(tile.z, tile.known, top, bottom, tile.prediction).in("hyper-synthesis"));
    settle_rows(tile.known, top, bottom, tile.prediction, tile.index);
    return Status();
}

Status TileCodec::predict_all(PredictedTile& tile) const { return predict_rows(tile, 0, tile.known.rows); }

Status TileCodec::predict_tile(ByteSpan payload, int h, int w, const TilePart& part,
                               PredictedTile& tile) const {
    NAE_RETURN_IF_ERROR(begin_tile(payload, h, w, part, tile));
    return predict_all(tile);
}

SubstreamRange TileCodec::streams(Squares which, const PredictedTile& tile) const {
    if (which == Squares::second && !has_context()) return {};
    const TilePart& part = decoded_part(which, tile);
    return substreams_of(part.left, part.right, tile.substreams(), tile.w);
}

uint64_t TileCodec::stream_cost(Squares which, const PredictedTile& tile, int stream) const {
    const TilePart& part = decoded_part(which, tile);
    const auto rows = static_cast<uint64_t>(part.rows);
    // Of less than 2^32 bytes and at most 256 rows: no product overflows.
    const uint64_t bytes =
        uint64_t{tile.streams[static_cast<size_t>(which)][static_cast<size_t>(stream)].size()} * rows /
        static_cast<uint64_t>(tile.h);
    // Most values are certain to be zero. Passing over a hundred of them takes as long as a byte of others does: 0.4 ns each.
    constexpr uint64_t kValuesAByte = 128;
    const int count = tile.substreams();
    const int columns = substream_begin(stream + 1, count, tile.w) - substream_begin(stream, count, tile.w);
    return bytes + rows * static_cast<uint64_t>(columns) * static_cast<uint64_t>(model_->latent_channels()) /
                       (has_context() ? 2 * kValuesAByte : kValuesAByte);
}

void TileCodec::size_symbols(const PredictedTile& tile, AlignedVector16& symbols) const {
    symbols.resize(tile.index.size());
}

void TileCodec::decode_streams(Squares which, TileStream* streams, size_t count) const {
    if (streams_ != StreamKind::lanes) {
        const Status status = decode_together(which, streams, count);
        if (status.ok()) return;
        // Which of them is damaged they say when they are alone.
        for (size_t i = 0; i < count; ++i)
            streams[i].status = count > 1 ? decode_together(which, streams + i, 1) : status;
        return;
    }
    for (size_t i = 0; i < count; ++i)
        streams[i].status = decode_earlier(which, *streams[i].tile, *streams[i].symbols);
}

Status TileCodec::decode_together(Squares which, const TileStream* streams, size_t count) const {
    if (count > kMostLanes) return Status(ErrorCode::internal, "too many substreams side by side");
    const auto channels = static_cast<size_t>(model_->latent_channels());
    Stream places[kMostLanes];
    AlignedVector8 index[kMostLanes];
    AlignedVector16 some[kMostLanes];
    Substream lanes[kMostLanes];
    for (size_t i = 0; i < count; ++i) {
        const PredictedTile& tile = *streams[i].tile;
        const TilePart& part = decoded_part(which, tile);
        const int k = streams[i].number, all = tile.substreams();
        places[i] = Stream{squares(which), substream_begin(k, all, tile.w) - tile.known.left,
                           substream_begin(k + 1, all, tile.w) - tile.known.left};
        index[i].resize(stream_positions(places[i], part.rows) * channels);
        some[i].resize(index[i].size());
        take_stream(places[i], tile.index.data(), part.rows, tile.known.width(), channels, index[i].data());
        const ByteSpan bytes = tile.streams[static_cast<size_t>(which)][static_cast<size_t>(k)];
        lanes[i] = Substream{bytes.data(),    bytes.size(),        index[i].data(),
                             index[i].size(), part.rows == tile.h, some[i].data()};
    }
    NAE_RETURN_IF_ERROR(model_->latent_codec.decode_side_by_side(lanes, count, streams_).in("latent"));
    for (size_t i = 0; i < count; ++i) {
        const PredictedTile& tile = *streams[i].tile;
        put_stream(places[i], some[i].data(), decoded_part(which, tile).rows, tile.known.width(), channels,
                   streams[i].symbols->data());
    }
    return Status();
}

Status TileCodec::decode_earlier(Squares which, PredictedTile& tile, AlignedVector16& symbols) const {
    NAE_ASSIGN_OR_RETURN(const bool decoded,
                         decode_without_substreams(which, tile, symbols.data()).in("latent"));
    if (decoded) return Status();
    // Then no stream is merely begun.
    set_part(TilePart{tile.h, 0, tile.w}, tile);
    NAE_RETURN_IF_ERROR(predict_all(tile));
    return which == Squares::first ? decode_squares(which, tile, symbols) : decode_symbols(tile, symbols);
}

Result<bool> TileCodec::decode_without_substreams(Squares which, const PredictedTile& tile,
                                                  int16_t* symbols) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    const int rows = decoded_part(which, tile).rows;
    const Stream stream{squares(which), 0, tile.w};
    AlignedVector8 index(stream_positions(stream, rows) * channels);
    AlignedVector16 some(index.size());
    take_stream(stream, tile.index.data(), rows, tile.w, channels, index.data());
    const ByteSpan bytes = tile.streams[static_cast<size_t>(which)].front();
    const SymbolCodec& codec = model_->latent_codec;
    bool decoded = true;
    if (rows < tile.h) {
        NAE_ASSIGN_OR_RETURN(
            decoded, codec.decode_first(bytes.data(), bytes.size(), index.data(), index.size(), some.data()));
    } else {
        NAE_RETURN_IF_ERROR(
            codec.decode(bytes.data(), bytes.size(), index.data(), index.size(), some.data()));
    }
    if (decoded) put_stream(stream, some.data(), rows, tile.w, channels, symbols);
    return decoded;
}

Status TileCodec::decode_squares(Squares which, PredictedTile& tile, AlignedVector16& symbols) const {
    if (which == Squares::first) size_symbols(tile, symbols);
    const SubstreamRange range = streams(which, tile);
    TileStream some[kMostLanes];
    for (int first = range.first; first < range.end; first += kMostLanes) {
        const int end = std::min(first + kMostLanes, range.end);
        for (int k = first; k < end; ++k) some[k - first] = TileStream{&tile, &symbols, k, Status()};
        decode_streams(which, some, static_cast<size_t>(end - first));
        for (int k = first; k < end; ++k) NAE_RETURN_IF_ERROR(std::move(some[k - first].status));
    }
    return Status();
}

Status TileCodec::decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const {
    NAE_RETURN_IF_ERROR(decode_squares(Squares::first, tile, symbols));
    NAE_RETURN_IF_ERROR(predict_second_rows(tile, symbols, 0, tile.part.rows));
    return decode_squares(Squares::second, tile, symbols);
}

Status TileCodec::predict_second_rows(PredictedTile& tile, const AlignedVector16& symbols, int top,
                                      int bottom) const {
    if (!has_context()) return Status();
    return see_context(tile.h, tile.w, tile.known, tile.part, top, bottom, symbols.data(), tile.prediction,
                       tile.index);
}

void TileCodec::dequantise_rows(const PredictedTile& tile, const AlignedVector16& symbols, int top,
                                int bottom, Tensor16& latent) const {
    const auto channels = static_cast<size_t>(model_->latent_channels()),
               predicted = static_cast<size_t>(tile.prediction.c),
               known_w = static_cast<size_t>(tile.known.width()),
               left = static_cast<size_t>(tile.part.left - tile.known.left);
    for (int y = top; y < bottom; ++y) {
        for (int x = 0; x < tile.part.width(); ++x) {
            const size_t from = static_cast<size_t>(y) * known_w + left + static_cast<size_t>(x);
            kernels_.dequantise(latent_scale_, symbols.data() + from * channels,
                                tile.prediction.data.data() + from * predicted,
                                latent.pixel(y - tile.part.top, x));
        }
    }
}

Status TileCodec::dequantise(const PredictedTile& tile, const AlignedVector16& symbols,
                             Tensor16& latent) const {
    latent.resize(tile.part.height(), tile.part.width(), model_->latent_channels());
    dequantise_rows(tile, symbols, tile.part.top, tile.part.rows, latent);
    return Status();
}

void TileCodec::neutral(int h, int w, Tensor16& latent) const {
    latent.resize(h, w, model_->latent_channels());
    std::fill(latent.data.begin(), latent.data.end(), int16_t{0});
}

Status TileCodec::predict_whole(TileSymbols& tile) const {
    tile.prediction.resize(tile.h, tile.w, model_->hyper_synthesis.output_channels());
    tile.index.resize(static_cast<size_t>(tile.h) * static_cast<size_t>(tile.w) *
                      static_cast<size_t>(model_->latent_channels()));
    const Tensor16 z = hyper_latents(tile.z.data(), tile.h, tile.w);
    const TilePart all{tile.h, 0, tile.w};
    NAE_RETURN_IF_ERROR(predict(z, all, 0, tile.h, tile.prediction).in("hyper-synthesis"));
    settle_rows(all, 0, tile.h, tile.prediction, tile.index);
    return Status();
}

Status TileCodec::quantise(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                           const QuantiserOptions& options, TileSymbols& tile, ThreadPool* pool) const {
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
    const TilePart all{h, 0, w};
    NAE_RETURN_IF_ERROR(predict_whole(tile));
    tile.symbols.resize(tile.index.size());
    tile.substreams = substream_count(coded_symbols(Stream{squares(Squares::first), 0, w}, tile,
                                                    static_cast<size_t>(model_->latent_channels())));
    NAE_RETURN_IF_ERROR(choose(squares(Squares::first), y, y_stride, options, tile, pool));
    if (!has_context()) return Status();
    NAE_RETURN_IF_ERROR(see_context(h, w, all, all, 0, h, tile.symbols.data(), tile.prediction, tile.index));
    return choose(Squares::second, y, y_stride, options, tile, pool);
}

Status TileCodec::quantise_second(const float* y, ptrdiff_t y_stride, const QuantiserOptions& options,
                                  TileSymbols& tile) const {
    const TilePart all{tile.h, 0, tile.w};
    NAE_RETURN_IF_ERROR(predict_whole(tile));
    NAE_RETURN_IF_ERROR(
        see_context(tile.h, tile.w, all, all, 0, tile.h, tile.symbols.data(), tile.prediction, tile.index));
    return choose(Squares::second, y, y_stride, options, tile, nullptr);
}

void TileCodec::aim(const float* values, const int16_t* mean, const uint8_t* index, float* target) const {
    symbol_targets(latent_scale_, values, mean, index, target);
    constexpr auto kMost = static_cast<float>(kMostReleased);
    if (release_.empty()) return;
    for (size_t c = 0; c < latent_scale_.steps.step.size(); ++c)
        target[c] += std::clamp(target[c] * release_[index[c]], -kMost, kMost);
}

Status TileCodec::choose(const std::optional<Squares>& squares, const float* y, ptrdiff_t y_stride,
                         const QuantiserOptions& options, TileSymbols& tile, ThreadPool* pool) const {
    const std::vector<Stream> streams = streams_of(squares, tile);
    return for_each(pool, static_cast<int64_t>(streams.size()), [&](int64_t i) {
        choose_stream(streams[static_cast<size_t>(i)], y, y_stride, options, tile);
        return Status();
    });
}

void TileCodec::choose_stream(const Stream& stream, const float* y, ptrdiff_t y_stride,
                              const QuantiserOptions& options, TileSymbols& tile) const {
    const auto channels = static_cast<size_t>(model_->latent_channels()), w = static_cast<size_t>(tile.w);
    const size_t count = stream_positions(stream, tile.h) * channels;
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
                   symbols.data(), StreamKind::substream, kernels_.trellis_steps);
    for_stream(stream, tile.h, tile.w, [&](size_t i, size_t at) {
        std::copy_n(symbols.data() + at * channels, channels, tile.symbols.data() + i * channels);
    });
}

Result<std::vector<uint8_t>> TileCodec::pack_stream(const Stream& stream, const TileSymbols& tile) const {
    const auto channels = static_cast<size_t>(model_->latent_channels());
    const size_t count = stream_positions(stream, tile.h) * channels;
    AlignedVector8 index(count);
    AlignedVector16 symbols(count);
    take_stream(stream, tile.index.data(), tile.h, tile.w, channels, index.data());
    take_stream(stream, tile.symbols.data(), tile.h, tile.w, channels, symbols.data());
    return model_->latent_codec.encode(index.data(), symbols.data(), count, StreamKind::substream);
}

Result<std::vector<uint8_t>> TileCodec::pack(const TileSymbols& tile, TileStatistics* statistics,
                                             ThreadPool* pool) const {
    NAE_ASSIGN_OR_RETURN(const auto hyper_stream,
                         model_->hyper_codec.encode(tile.z_index.data(), tile.z.data(), tile.z_index.size(),
                                                    StreamKind::substream));
    std::vector<Stream> places = streams_of(squares(Squares::first), tile);
    if (has_context())
        for (const Stream& stream : streams_of(Squares::second, tile)) places.push_back(stream);
    std::vector<std::vector<uint8_t>> streams(places.size());
    NAE_RETURN_IF_ERROR(for_each(pool, static_cast<int64_t>(places.size()), [&](int64_t i) {
        const auto slot = static_cast<size_t>(i);
        NAE_ASSIGN_OR_RETURN(streams[slot], pack_stream(places[slot], tile));
        return Status();
    }));
    uint64_t latent_bytes = 0;
    for (const auto& stream : streams) latent_bytes += stream.size();
    if (statistics != nullptr) {
        statistics->hyper_bytes += hyper_stream.size();
        statistics->latent_bytes += latent_bytes;
        for (const uint8_t i : tile.index) statistics->coded_symbols += i != 0;
    }
    std::vector<uint8_t> payload;
    if (hyper_stream.empty() && latent_bytes == 0) return payload;
    append_stream(payload, hyper_stream);
    payload.push_back(static_cast<uint8_t>(tile.substreams));
    append_lengths(payload, streams);
    for (const auto& stream : streams) payload.insert(payload.end(), stream.begin(), stream.end());
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
