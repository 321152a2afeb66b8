// One tile: from its bytes to dequantised latents, and from analysis outputs to its bytes. Encoder and
// decoder share the integer path, so the encoder knows exactly what a decoder will see.
//
// Payload of a tile of h x w latent positions, hz = ceil(h / 4), wz = ceil(w / 4):
//   varint n   length of the hyper-latent stream, LEB128: 7 bits a byte, low bits first, top bit = more follow
//   n bytes    hyper-latent symbols, hz x wz positions, row by row, channel fastest (symbol_codec.h)
//   the rest   latent symbols, h x w positions, row by row, channel fastest
// With a model that has a context network, the rest is:
//   varint m   length of the first squares' stream
//   m bytes    latent symbols of the first squares (checkerboard.h)
//   the rest   those of the second squares
// A payload of zero bytes stands for streams that are all empty.
#ifndef NAE_CODEC_TILE_CODEC_H_
#define NAE_CODEC_TILE_CODEC_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/checkerboard.h"
#include "codec/engine.h"
#include "codec/latent_context.h"
#include "codec/latent_quantiser.h"
#include "codec/model.h"
#include "codec/tensor.h"
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

// A tile on its way from bytes to latents: everything that its entropy decoder needs to know.
struct PredictedTile {
    int h = 0, w = 0;        // latent positions
    ByteSpan hyper;          // hyper-latent symbols; of the payload, which must outlive this
    ByteSpan stream;         // latent symbols, with a context those of the first squares; the same
    ByteSpan second_stream;  // those of the second squares; empty without a context
    int rows = 0;            // how many rows from the first on are to be decoded
    // What the hyper-latent predicts: means, log2 scales and what else the context network is told. Of these rows, and of those
    // that their context reaches.
    Tensor16 prediction;
    AlignedVector8 index;  // latent table indices, C at each position
};

// A tile on its way from analysis outputs to bytes.
struct TileSymbols {
    int h = 0, w = 0;              // latent positions
    std::vector<uint8_t> z_index;  // hyper-latent table indices, hz x wz x Cz
    std::vector<int16_t> z;        // hyper-latent symbols
    Tensor16 prediction;           // of h x w positions: C means, C log2 scales, what else a context needs
    AlignedVector8 index;          // latent table indices, h x w x C
    std::vector<int16_t> symbols;  // latent symbols
};

// A model at one quality. Immutable, thread-safe.
class TileCodec {
  public:
    ~TileCodec();
    // Errors: those of the engine level (engine.h).
    static Result<std::unique_ptr<TileCodec>> create(ReadyModelPtr model, int quality_centi,
                                                     const Limits& limits, EngineLevel level);

    // The three steps of decoding the first `rows` rows of a tile of h x w positions: hyper-latents and what they predict;
    // latent symbols; latents (integer units of the synthesis input), resized into `latent`. team: the threads that share;
    // null: nobody does. The second step needs all rows of a tile that has few symbols, and then predicts them itself: tile.rows
    // says how many there are. Errors: corrupt (of streams that are decoded to their end only: what follows is not looked
    // at), limit_exceeded.
    Status predict_tile(ByteSpan payload, int h, int w, int rows, PredictedTile& tile,
                        ThreadTeam* team = nullptr) const;
    Status decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const;
    // decode_symbols() in parts: the first and the last are what threads cannot share. Without a context the first does it all.
    Status decode_first_squares(PredictedTile& tile, AlignedVector16& symbols) const;
    Status predict_second_squares(PredictedTile& tile, const AlignedVector16& symbols,
                                  ThreadTeam* team) const;
    Status decode_second_squares(PredictedTile& tile, AlignedVector16& symbols) const;
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
    // Dequantises hyper-latent symbols of h x w positions and runs the hyper-synthesis for the first `rows` rows.
    Status predict(const int16_t* z_symbols, int h, int w, int rows, Tensor16& prediction,
                   ThreadTeam* team) const;
    Status predict_rows(int rows, PredictedTile& tile, ThreadTeam* team) const;
    // Symbols of a stream. begin: it may go on beyond them; false then: too few to begin one. Errors: corrupt.
    Result<bool> decode_stream(ByteSpan stream, bool begin, const AlignedVector8& index,
                               int16_t* symbols) const;
    // Symbols of some squares of the first `rows` rows, into their places. False: too few to begin a stream. Errors:
    // corrupt.
    Result<bool> decode_squares(Squares which, const PredictedTile& tile, int rows, int16_t* symbols) const;
    // Prediction and indices of the second squares of the first `rows` rows, in the light of the first squares' symbols.
    Status see_context(int h, int rows, const int16_t* symbols, Tensor16& prediction, AlignedVector8& index,
                       ThreadTeam* team) const;
    // Where the symbols of a position should lie (symbol_choice.h).
    void aim(const float* values, const int16_t* mean, const uint8_t* index, float* target) const;
    void choose(const Stream& stream, const float* y, ptrdiff_t y_stride, const QuantiserOptions& options,
                TileSymbols& tile) const;
    Result<std::vector<uint8_t>> pack_stream(const Stream& stream, const TileSymbols& tile) const;

    ReadyModelPtr model_;
    const Kernels& kernels_;
    std::unique_ptr<const Finisher> finisher_;
    LatentScale latent_scale_;
    LatentScale hyper_scale_;
    std::vector<float> weights_;        // quantiser_weights()
    std::vector<float> release_;        // release_factors(), empty without dependent quantisation
    std::vector<uint8_t> hyper_index_;  // per hyper channel
    int context_reach_ = 0;             // rows; 0 without a context
    ContextScales context_scales_;
    Limits limits_;
    EngineLevel level_{};
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_CODEC_H_
