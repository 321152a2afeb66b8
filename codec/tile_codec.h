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
#include "codec/tensor.h"
#include "codec/tile_part.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

class Finisher;    // codec/finisher.h
struct Kernels;    // codec/engine_kernels.h
class ThreadTeam;  // codec/thread_team.h

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
    // What the hyper-latent predicts of the known part: means, log2 scales and what else the context network is told.
    Tensor16 prediction;
    AlignedVector8 index;  // latent table indices of the known part, C at each position

    int substreams() const { return static_cast<int>(streams[0].size()); }
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

    // The three steps of decoding a part of a tile of h x w positions: hyper-latents and what they predict; latent symbols;
    // latents (integer units of the synthesis input) of tile.part, resized into `latent`. team: the threads that share;
    // null: nobody does. tile.part is what was asked for and more: whole substreams, and in earlier files all columns. Of these
    // the second step needs all rows where few symbols are coded, and then predicts them itself. Errors: corrupt (of streams
    // that are decoded to their end only: what follows is not looked at), limit_exceeded.
    Status predict_tile(ByteSpan payload, int h, int w, const TilePart& part, PredictedTile& tile,
                        ThreadTeam* team = nullptr) const;
    Status decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const;
    // decode_symbols() in parts. Groups of substreams (of the first squares, or of all positions; then of the second squares) are
    // decoded by any threads in any order; before the first group `symbols` is sized.
    size_t groups(Squares which,
                  const PredictedTile& tile) const;  // none of second squares without a context
    void size_symbols(const PredictedTile& tile, AlignedVector16& symbols) const;
    Status decode_group(Squares which, size_t group, PredictedTile& tile, AlignedVector16& symbols) const;
    Status decode_squares(Squares which, PredictedTile& tile, AlignedVector16& symbols) const;  // all groups
    Status predict_second_squares(PredictedTile& tile, const AlignedVector16& symbols,
                                  ThreadTeam* team) const;
    Status dequantise(const PredictedTile& tile, const AlignedVector16& symbols, Tensor16& latent,
                      ThreadTeam* team = nullptr) const;

    // What stands in for a tile that cannot be decoded.
    void neutral(int h, int w, Tensor16& latent) const;

    // Whether the second squares are predicted from the first ones, too.
    bool has_context() const { return !model_->context.empty(); }

    // Chooses the symbols of a tile of h x w positions. y: analysis outputs, h x w x C, rows y_stride floats apart; z:
    // hyper-analysis outputs, hz x wz x Cz, dense; both in integer units of the synthesis' / hyper-synthesis' input.
    Status quantise(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                    const QuantiserOptions& options, TileSymbols& tile) const;
    // Predicts the second squares again from the symbols that the first ones have now, and chooses theirs anew. Only with a
    // context. y: as above.
    Status quantise_second(const float* y, ptrdiff_t y_stride, const QuantiserOptions& options,
                           TileSymbols& tile) const;
    // The tile's bytes. statistics may be null.
    Result<std::vector<uint8_t>> pack(const TileSymbols& tile, TileStatistics* statistics) const;
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
    // Clears a position's small means (Model::mean_dead_zone) and writes its table indices.
    void settle(size_t position, Tensor16& prediction, AlignedVector8& index) const;
    // The same for all positions that the hyper-latent alone predicts.
    Status settle(Tensor16& prediction, AlignedVector8& index, ThreadTeam* team) const;
    // Dequantises hyper-latent symbols of h x w positions and runs the hyper-synthesis for a part of them.
    Status predict(const int16_t* z_symbols, int h, int w, const TilePart& part, Tensor16& prediction,
                   ThreadTeam* team) const;
    // Cuts a payload into streams.
    Status split(ByteSpan payload, PredictedTile& tile) const;
    // Says what there will be of the tile for this part to be there, and predicts it.
    Status predict_part(const TilePart& part, PredictedTile& tile, ThreadTeam* team) const;
    // The squares that a stream has; none: all positions.
    std::optional<Squares> squares(Squares which) const {
        return has_context() ? std::optional(which) : std::nullopt;
    }
    // What is decoded of some squares.
    const TilePart& decoded_part(Squares which, const PredictedTile& tile) const {
        return which == Squares::first ? tile.known : tile.part;
    }
    // A stream of an earlier file. False: too few of its symbols are known to begin it.
    Result<bool> decode_without_substreams(Squares which, const PredictedTile& tile, int16_t* symbols) const;
    // Prediction and indices of the second squares of a part, in the light of the first squares' symbols of what is known.
    Status see_context(int h, int w, const TilePart& known, const TilePart& part, const int16_t* symbols,
                       Tensor16& prediction, AlignedVector8& index, ThreadTeam* team) const;
    // Where the symbols of a position should lie (symbol_choice.h).
    void aim(const float* values, const int16_t* mean, const uint8_t* index, float* target) const;
    void choose(const std::optional<Squares>& squares, const float* y, ptrdiff_t y_stride,
                const QuantiserOptions& options, TileSymbols& tile) const;
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
