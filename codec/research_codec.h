// Tiles of a research model (research_model.h): each one is a small picture of its own, coded by itself.
//
// Payload of a tile of h x w pixels: one stream (entropy/symbol_codec.h) of ceil(h / stride) x ceil(w / stride)
// positions, row by row, channel fastest; channel c is coded with table c + 1.
#ifndef NAE_CODEC_RESEARCH_CODEC_H_
#define NAE_CODEC_RESEARCH_CODEC_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/model.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

// Thread-safe; the networks run one at a time.
class ResearchCodec {
  public:
    // backend: runs the networks; null: nae_torch.so is opened, and what it makes of the model stays in memory, for the
    // next small picture. Not owned. threads: for the module, 0 = all cores. Errors: those of load_research_backend().
    static Result<std::unique_ptr<ResearchCodec>> create(ReadyModelPtr model, AnalysisBackend* backend,
                                                         int threads, const Limits& limits);

    // Pixels of a tile, resized into `values`: h x w x 3, in units of 2^-kResearchFracBits around mid-gray, as the
    // integer synthesis gives them; gray models give three equal channels. Errors: corrupt, truncated, limit_exceeded.
    Status decode(ByteSpan payload, int h, int w, Tensor16& values) const;

    // rgb: (sample - 128) / 128, h x w x 3, dense. label: the class, where the model has classes. Errors:
    // invalid_argument (no class), encoder_unavailable (the model has no analysis).
    Result<std::vector<uint8_t>> encode(const float* rgb, int h, int w, int label) const;

    // What stands in for a tile that cannot be decoded: mid-gray.
    static void neutral(int h, int w, Tensor16& values);

  private:
    ResearchCodec(ReadyModelPtr model, SymbolCodec symbols)
        : model_(std::move(model)), symbols_(std::move(symbols)) {}
    Extents latent_extents(int h, int w) const;
    std::vector<uint8_t> table_indices(const Extents& latent) const;
    Status check_size(const Extents& latent) const;

    ReadyModelPtr model_;
    SymbolCodec symbols_;
    Limits limits_;
    uint64_t values_per_position_ = 0;  // of the synthesis' largest node
    struct Networks;
    std::shared_ptr<Networks> networks_;
};

}  // namespace nae

#endif  // NAE_CODEC_RESEARCH_CODEC_H_
