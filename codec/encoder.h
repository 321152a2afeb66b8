// Writing a .nae file from rows of samples.
//
// The picture is taken in rows of tiles, from the top, so memory is bounded by a row of tiles at each level plus
// the compressed bytes, which are held until the end because the tile index precedes the data. A picture of very
// many bands is taken in several passes, and one whose ranges are unknown in one more beforehand.
#ifndef NAE_CODEC_ENCODER_H_
#define NAE_CODEC_ENCODER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/analysis_backend.h"
#include "codec/emphasis.h"
#include "codec/image_source.h"
#include "codec/model.h"
#include "codec/model_store.h"
#include "format/byte_sink.h"
#include "format/metadata.h"
#include "format/status.h"

namespace nae {

enum class PreviewMode { automatic, always, never };  // automatic: above 4 megapixels

struct TileSymbols;  // codec/tile_codec.h

// Sees what the encoder has chosen: for statistics, such as those entropy tables are fitted to.
class TileObserver {
  public:
    virtual ~TileObserver() = default;
    // Called once for every tile, one call at a time, in any order and from any thread.
    virtual void tile_coded(const TileSymbols& tile) = 0;
};

struct EncoderOptions {
    double quality = 75.0;  // 1..100, steps of 0.01
    // 1..9: 1 = plain rounding, from 2 rate-distortion-aware quantisation, from 5 then refined by gradients through the
    // decoder's networks (band_refiner.h), two at 5 and more at each level. Decoding takes the same time after all.
    int effort = 5;
    int tile_size = 512;  // pixels, power of two, 64..4096
    // The model; null: model_name is looked up in model_store (null: the default search path).
    ReadyModelPtr model;
    std::string model_name = "photo";
    ModelStore* model_store = nullptr;  // not owned
    // Where analysis runs; null: nae_torch.so is opened. Not owned, used only during encode().
    AnalysisBackend* analysis = nullptr;
    int threads = 0;  // 0: all cores
    bool embed_model = false;
    int levels = 1;  // 1: the picture alone; each further one is half as large. See automatic_levels().
    PreviewMode preview = PreviewMode::automatic;
    // Factor on the weight of squared error against bits in the quantiser (quantiser_weights() in
    // latent_quantiser.h). Smaller: wider dead zone, fewer bits.
    double distortion_weight = 1.0;
    // What the encoder goes by. Tune::ssim needs a choice between symbols: with models without dependent quantisation an effort of
    // 2 at least; research models have none.
    Tune tune = Tune::psnr;
    TileObserver* observer = nullptr;  // not owned
    // The picture's class, for research models that have classes (codec/research_model.h); -1: none.
    int label = -1;
    // Called now and then with the fraction done (0..1) from the calling thread; false cancels (code
    // `cancelled`).
    std::function<bool(double)> progress;
};

// So many levels that the last one fits into `side` pixels each way.
int automatic_levels(uint32_t width, uint32_t height, uint32_t side);

// What encode() produced, for tools and tests. Sizes in bytes.
struct EncodeStatistics {
    uint64_t total_bytes = 0;
    uint64_t hyper_bytes = 0;    // hyper-latent streams
    uint64_t latent_bytes = 0;   // latent streams
    uint64_t coded_symbols = 0;  // latent symbols not certain to be zero
    uint64_t tiles = 0;          // of all planes and levels
    double seconds_analysis = 0;
};

// Encodes one picture. Nothing is written to `sink` before every tile is compressed; committing the sink is
// the caller's business. statistics may be null.
Status encode(const EncoderOptions& options, ImageSource& image, const Metadata& metadata, ByteSink& sink,
              EncodeStatistics* statistics = nullptr);

}  // namespace nae

#endif  // NAE_CODEC_ENCODER_H_
