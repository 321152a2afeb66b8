// One tile: from its bytes to dequantised latents, and from analysis outputs to its bytes. Encoder and
// decoder share the integer path, so the encoder knows exactly what a decoder will see.
//
// Payload of a tile of h x w latent positions, hz = ceil(h / 4), wz = ceil(w / 4):
//   varint n   length of the hyper-latent stream, LEB128: 7 bits a byte, low bits first, top bit = more follow
//   n bytes    hyper-latent symbols, hz x wz positions, row by row, channel fastest (symbol_codec.h)
//   the rest   latent symbols, h x w positions, row by row, channel fastest
// A payload of zero bytes stands for n = 0 and an empty latent stream.
#ifndef NAE_CODEC_TILE_CODEC_H_
#define NAE_CODEC_TILE_CODEC_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/engine.h"
#include "codec/latent_quantiser.h"
#include "codec/model.h"
#include "codec/tensor.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

class Restorer;    // codec/restorer.h
struct Kernels;    // codec/engine_kernels.h
class ThreadTeam;  // codec/thread_team.h

// How the encoder chooses latent symbols.
struct QuantiserOptions {
    bool rate_aware = true;          // false: plain rounding
    double distortion_weight = 1.0;  // factor on quantiser_weights()
};

// Bytes of the two streams of an encoded tile, and how many latent symbols were coded.
struct TileStatistics {
    uint64_t hyper_bytes = 0;
    uint64_t latent_bytes = 0;
    uint64_t coded_symbols = 0;
};

// A tile on its way from bytes to latents: everything that its entropy decoder needs to know.
struct PredictedTile {
    int h = 0, w = 0;      // latent positions
    ByteSpan hyper;        // hyper-latent symbols; of the payload, which must outlive this
    ByteSpan stream;       // latent symbols; the same
    int rows = 0;          // how many rows from the first on have been predicted
    Tensor16 prediction;   // rows x w x 2C, means and log2 scales
    AlignedVector8 index;  // latent table indices, rows x w x C
};

// A tile on its way from analysis outputs to bytes.
struct TileSymbols {
    int h = 0, w = 0;              // latent positions
    std::vector<uint8_t> z_index;  // hyper-latent table indices, hz x wz x Cz
    std::vector<int16_t> z;        // hyper-latent symbols
    Tensor16 prediction;           // what they predict: h x w x 2C, means and log2 scales
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
    // latent symbols, the one step that threads cannot share; latents (integer units of the synthesis input), resized
    // into `latent`. team: the threads that share; null: nobody does. The second step needs all rows of a tile that has few
    // symbols, and then predicts them itself: tile.rows says how many there are. Errors: corrupt (of streams that are
    // decoded to their end only: what follows is not looked at), limit_exceeded.
    Status predict_tile(ByteSpan payload, int h, int w, int rows, PredictedTile& tile,
                        ThreadTeam* team = nullptr) const;
    Status decode_symbols(PredictedTile& tile, AlignedVector16& symbols) const;
    Status dequantise(const PredictedTile& tile, const AlignedVector16& symbols, Tensor16& latent,
                      ThreadTeam* team = nullptr) const;

    // What stands in for a tile that cannot be decoded.
    void neutral(int h, int w, Tensor16& latent) const;

    // Chooses the symbols of a tile of h x w positions. y: analysis outputs, h x w x C, rows y_stride floats apart; z:
    // hyper-analysis outputs, hz x wz x Cz, dense; both in integer units of the synthesis' / hyper-synthesis' input.
    Status quantise(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                    const QuantiserOptions& options, TileSymbols& tile) const;
    // The tile's bytes. statistics may be null.
    Result<std::vector<uint8_t>> pack(const TileSymbols& tile, TileStatistics* statistics) const;
    // quantise(), then pack().
    Result<std::vector<uint8_t>> encode(const float* y, ptrdiff_t y_stride, int h, int w, const float* z,
                                        const QuantiserOptions& options, TileStatistics* statistics) const;

    const ReadyModel& model() const { return *model_; }
    const LatentScale& latent_scale() const { return latent_scale_; }
    // What the synthesis' output goes through; null: the model has no restoration filter.
    const Restorer* restorer() const { return restorer_.get(); }

  private:
    TileCodec(ReadyModelPtr model, const Kernels& kernels);

    // Rejects tiles whose tensors would be larger than the limit.
    Status check_size(int h, int w) const;
    // Hyper-latent table indices of all positions; they depend on the channel only.
    std::vector<uint8_t> hyper_indices(int64_t positions) const;
    // Table indices of the latent positions that a prediction implies.
    Status index_latents(const Tensor16& prediction, AlignedVector8& index, ThreadTeam* team) const;
    // Dequantises hyper-latent symbols of h x w positions and runs the hyper-synthesis: rows x w x 2C.
    Status predict(const int16_t* z_symbols, int h, int w, int rows, Tensor16& prediction,
                   ThreadTeam* team) const;
    Status predict_rows(int rows, PredictedTile& tile, ThreadTeam* team) const;

    ReadyModelPtr model_;
    const Kernels& kernels_;
    std::unique_ptr<const Restorer> restorer_;
    LatentScale latent_scale_;
    LatentScale hyper_scale_;
    int quality_centi_ = 0;
    std::vector<uint8_t> hyper_index_;  // per hyper channel
    Limits limits_;
    EngineLevel level_{};
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_CODEC_H_
