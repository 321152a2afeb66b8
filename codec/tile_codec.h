// One tile: from its bytes to dequantised latents, and from analysis outputs to its bytes. Encoder and
// decoder share the integer path, so the encoder knows exactly what a decoder will see.
//
// Payload of a tile of h x w latent positions, hz = ceil(h / 4), wz = ceil(w / 4):
//   varint n   length of the hyper-latent stream, LEB128: 7 bits a byte, low bits first, top bit = more follow
//   n bytes    hyper-latent symbols, hz x wz positions, row by row, channel fastest (symbol_codec.h)
//   u8 S       substreams of a stream of latents (substreams.h), 1 .. 32
//   varints    length of each substream but the last one, as the difference to the one before it: S of the first squares
//              (checkerboard.h), then S of the second ones; without a context network S of all positions
//   the rest   these substreams: latent symbols, row by row, channel fastest
// Earlier files (whose flags are 0, header.h) have instead, each of as many lanes as lane_count() says:
//   varint m   with a context network only: length of the first squares' stream
//   m bytes    latent symbols of the first squares
//   the rest   those of the second squares, or of all positions
// A payload of zero bytes stands for streams that are all empty.
#ifndef NAE_CODEC_TILE_CODEC_H_
#define NAE_CODEC_TILE_CODEC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "codec/checkerboard.h"
#include "codec/engine.h"
#include "codec/latent_context.h"
#include "codec/latent_quantiser.h"
#include "codec/model.h"
#include "codec/substreams.h"
#include "codec/tensor.h"
#include "codec/thread_pool.h"
#include "codec/tile_part.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

class Finisher;  // codec/finisher.h
struct Kernels;  // codec/engine_kernels.h

// How the encoder chooses latent symbols.
struct QuantiserOptions {
    bool rate_aware = true;  // false: plain rounding, but for models whose symbols depend on each other
    double distortion_weight = 1.0;  // factor on quantiser_weights()
    // Further factors, one for each position of the tile, rows emphasis_stride apart (emphasis.h); null: none.
    const float* emphasis = nullptr;
    ptrdiff_t emphasis_stride = 0;
};

// Bytes of the two streams of an encoded tile, and how many latent symbols were coded.
struct TileStatistics {
    uint64_t hyper_bytes = 0;
    uint64_t latent_bytes = 0;
    uint64_t coded_symbols = 0;
};

// A tile on its way from bytes to latents: everything that its entropy decoder needs to know. It refers to the payload, which
// must outlive it.
struct PredictedTile {
    int h = 0, w = 0;  // latent positions
    ByteSpan hyper;    // hyper-latent symbols
    // Latent symbols, in substreams: with a context those of the first squares, then those of the second ones; without, all.
    std::vector<ByteSpan> streams[2];
    TilePart part;   // what is to be decoded; whole substreams
    TilePart known;  // of which the first squares are; it holds `part` and what its context reaches
    Tensor16 z;      // hyper-latents, all of the tile's
    // What the hyper-latent predicts of the known part: means, undefined above part.top, log2 scales and what else the context
    // network is told.
    Tensor16 prediction;
    AlignedVector8 index;  // latent table indices of the known part, C at each position

    int substreams() const { return static_cast<int>(streams[0].size()); }
};

// One of the substreams of a tile that is being decoded.
struct TileStream {
    PredictedTile* tile = nullptr;
    AlignedVector16* symbols = nullptr;  // of tile->known
    int number = 0;
    Status status;
};

// A tile on its way from analysis outputs to bytes.
struct TileSymbols {
    int h = 0, w = 0;              // latent positions
    std::vector<uint8_t> z_index;  // hyper-latent table indices, hz x wz x Cz
    std::vector<int16_t> z;        // hyper-latent symbols
    Tensor16 prediction;           // of h x w positions: C means, C log2 scales, what else a context needs
    AlignedVector8 index;          // latent table indices, h x w x C
    std::vector<int16_t> symbols;  // latent symbols
    int substreams = 1;            // of each stream
};

// What the streams of a file are, by its header's flags (header.h).
StreamKind stream_kind(uint8_t flags);

// The substreams of a tile's latent symbols: those of some squares, or, with none given, of all positions.
std::vector<Stream> streams_of(const std::optional<Squares>& squares, const TileSymbols& tile);

// A model at one quality. Immutable, thread-safe.
class TileCodec {
  public:
    ~TileCodec();
    // Errors: those of the engine level (engine.h).
    // streams: what the payloads that are decoded have (stream_kind()); those that are encoded have the last kind.
    static Result<std::unique_ptr<TileCodec>> create(ReadyModelPtr model, int quality_centi,
                                                     const Limits& limits, EngineLevel level,
                                                     StreamKind streams = StreamKind::substream);

    // Decoding a part of a tile of h x w positions, step by step. Rows of a step are done by any threads in any order, each once,
    // and so are streams; every step needs all of the one before it. tile.part is what was asked for and more: whole substreams,
    // and in earlier files all columns. `symbols` are those of tile.known. Errors: corrupt (of streams that are decoded to their
    // end only: what follows is not looked at), limit_exceeded.

    // 1. The hyper-latents. Sets `tile`, whose tensors are empty then, and sizes its prediction and indices.
    Status begin_tile(ByteSpan payload, int h, int w, const TilePart& part, PredictedTile& tile) const;
    // 2. What they predict, for the rows [top, bottom) of tile.known, of which top is a multiple of kHyperStride. What else the
    // rows depend on is computed anew: a few cuts are better than many.
    Status predict_rows(PredictedTile& tile, int top, int bottom) const;
    // 3. and 5. Latent symbols of the first squares, or of all positions; then of the second ones. Before the third step
    // `symbols` is sized.
    void size_symbols(const PredictedTile& tile, AlignedVector16& symbols) const;
    // The substreams that hold them; none of second squares without a context. An earlier file has one stream.
    SubstreamRange streams(Squares which, const PredictedTile& tile) const;
    // What decoding one of them costs, roughly and in any unit.
    uint64_t stream_cost(Squares which, const PredictedTile& tile, int stream) const;
    // Decodes up to kMostLanes of them, of one tile or of several, side by side. Each is told how it went.
    void decode_streams(Squares which, TileStream* streams, size_t count) const;
    // 4. What the first squares tell of the second ones, for rows of tile.part, of which top is even. Without a context nothing.
    Status predict_second_rows(PredictedTile& tile, const AlignedVector16& symbols, int top,
                               int bottom) const;
    // 6. Latents (integer units of the synthesis input) of rows of tile.part from its top on: rows of `latent`, which begins with that
    // and has the part's height and width.
    void dequantise_rows(const PredictedTile& tile, const AlignedVector16& symbols, int top, int bottom,
                         Tensor16& latent) const;

    // The same by the calling thread alone: steps 1 and 2; 3 to 5; 6, with `latent` resized.
    Status predict_tile(ByteSpan payload, int h, int w, const TilePart& part, PredictedTile& tile) const;
    Status decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const;
    Status dequantise(const PredictedTile& tile, const AlignedVector16& symbols, Tensor16& latent) const;

    // What stands in for a tile that cannot be decoded.
    void neutral(int h, int w, Tensor16& latent) const;

    // Whether the second squares are predicted from the first ones, too.
    bool has_context() const { return !model_->context.empty(); }

    // Chooses the symbols of a tile of h x w positions. y: analysis outputs, h x w x C, rows y_stride floats apart; z:
    // hyper-analysis outputs, hz x wz x Cz, dense; both in integer units of the synthesis' / hyper-synthesis' input. pool: whose
    // threads share the substreams; null: the calling thread alone.
    Status quantise(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                    const QuantiserOptions& options, TileSymbols& tile, ThreadPool* pool = nullptr) const;
    // Predicts the second squares again from the symbols that the first ones have now, and chooses theirs anew. Only with a
    // context. y: as above.
    Status quantise_second(const float* y, ptrdiff_t y_stride, const QuantiserOptions& options,
                           TileSymbols& tile) const;
    // The tile's bytes. statistics may be null; pool as for quantise().
    Result<std::vector<uint8_t>> pack(const TileSymbols& tile, TileStatistics* statistics,
                                      ThreadPool* pool = nullptr) const;
    // quantise(), then pack().
    Result<std::vector<uint8_t>> encode(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                                        const QuantiserOptions& options, TileStatistics* statistics) const;

    const ReadyModel& model() const { return *model_; }
    const Kernels& kernels() const { return kernels_; }
    const LatentScale& latent_scale() const { return latent_scale_; }
    // Per table index: bits for a squared distance of one symbol from where the analysis puts it.
    const std::vector<float>& quantiser_weights() const { return weights_; }
    // What the synthesis' output goes through.
    const Finisher& finisher() const { return *finisher_; }

  private:
    TileCodec(ReadyModelPtr model, const Kernels& kernels);

    // Rejects tiles whose tensors would be larger than the limit.
    Status check_size(int h, int w) const;
    // Hyper-latent table indices of all positions; they depend on the channel only.
    std::vector<uint8_t> hyper_indices(int64_t positions) const;
    // Clears a position's small means (Model::mean_dead_zone), if it has means, and writes its table indices.
    void settle(size_t position, bool has_means, Tensor16& prediction, AlignedVector8& index) const;
    // The same for the rows [top, bottom) of a part, which has all these predictions, and in them for all positions that the
    // hyper-latent alone predicts.
    void settle_rows(const TilePart& part, int top, int bottom, Tensor16& prediction,
                     AlignedVector8& index) const;
    // Dequantises hyper-latent symbols of h x w positions.
    Tensor16 hyper_latents(const int16_t* z_symbols, int h, int w) const;
    // Runs the hyper-synthesis for the columns of a part, and of its rows for [top, bottom), into those of `prediction`, which has
    // the part's rows and columns. Above the part's top means are left out.
    Status predict(const Tensor16& z, const TilePart& part, int top, int bottom, Tensor16& prediction) const;
    // All that the hyper-latent predicts of a whole tile.
    Status predict_whole(TileSymbols& tile) const;
    // Cuts a payload into streams.
    Status split(ByteSpan payload, PredictedTile& tile) const;
    // Says what there will be of the tile for this part to be there.
    void set_part(const TilePart& part, PredictedTile& tile) const;
    // All rows of step 2; all streams of step 3 or 5.
    Status predict_all(PredictedTile& tile) const;
    Status decode_squares(Squares which, PredictedTile& tile, AlignedVector16& symbols) const;
    // The squares that a stream has; none: all positions.
    std::optional<Squares> squares(Squares which) const {
        return has_context() ? std::optional(which) : std::nullopt;
    }
    // What is decoded of some squares.
    const TilePart& decoded_part(Squares which, const PredictedTile& tile) const {
        return which == Squares::first ? tile.known : tile.part;
    }
    // Substreams side by side: the status is that of all of them.
    Status decode_together(Squares which, const TileStream* streams, size_t count) const;
    // The stream of an earlier file.
    Status decode_earlier(Squares which, PredictedTile& tile, AlignedVector16& symbols) const;
    // The same, as far as needed. False: too few of its symbols are known to begin it.
    Result<bool> decode_without_substreams(Squares which, const PredictedTile& tile, int16_t* symbols) const;
    // Prediction and indices of the second squares of a part's rows [top, bottom), in the light of the first squares' symbols of
    // what is known. top is even.
    Status see_context(int h, int w, const TilePart& known, const TilePart& part, int top, int bottom,
                       const int16_t* symbols, Tensor16& prediction, AlignedVector8& index) const;
    // Where the symbols of a position should lie (symbol_choice.h).
    void aim(const float* values, const int16_t* mean, const uint8_t* index, float* target) const;
    Status choose(const std::optional<Squares>& squares, const float* y, ptrdiff_t y_stride,
                  const QuantiserOptions& options, TileSymbols& tile, ThreadPool* pool) const;
    void choose_stream(const Stream& stream, const float* y, ptrdiff_t y_stride,
                       const QuantiserOptions& options, TileSymbols& tile) const;
    Result<std::vector<uint8_t>> pack_stream(const Stream& stream, const TileSymbols& tile) const;

    ReadyModelPtr model_;
    const Kernels& kernels_;
    std::unique_ptr<const Finisher> finisher_;
    LatentScale latent_scale_;
    LatentScale hyper_scale_;
    std::vector<float> weights_;        // quantiser_weights()
    std::vector<float> release_;        // release_factors(), empty without dependent quantisation
    std::vector<uint8_t> hyper_index_;  // per hyper channel
    int context_reach_ = 0;             // positions; 0 without a context
    ContextScales context_scales_;
    Limits limits_;
    EngineLevel level_{};
    StreamKind streams_ = StreamKind::substream;
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_CODEC_H_
