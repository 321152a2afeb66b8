// Writing a .nae file from rows of 8-bit pixels.
//
// The picture is taken in rows of tiles, each row of pixels asked for once and in order, so memory is bounded
// by a row of tiles plus the compressed bytes, which are held until the end because the tile index precedes
// the data.
#ifndef NAE_CODEC_ENCODER_H_
#define NAE_CODEC_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/analysis_backend.h"
#include "codec/model.h"
#include "codec/model_store.h"
#include "format/byte_sink.h"
#include "format/metadata.h"
#include "format/status.h"

namespace nae {

// The picture to be encoded.
class ImageSource {
  public:
    virtual ~ImageSource() = default;
    virtual uint32_t width() const = 0;
    virtual uint32_t height() const = 0;
    virtual int bands() const = 0;  // 1 (gray) or 3 (RGB)
    // Writes rows [y, y + count) as dense interleaved 8-bit pixels. Called with increasing y, every row once,
    // from the thread that called encode().
    virtual Status read_rows(uint32_t y, uint32_t count, uint8_t* out) = 0;
};

// An ImageSource over pixels in memory (not owned).
class MemoryImageSource : public ImageSource {
  public:
    // row_stride: bytes from row to row; 0 = dense.
    MemoryImageSource(const uint8_t* pixels, uint32_t width, uint32_t height, int bands,
                      ptrdiff_t row_stride = 0);
    uint32_t width() const override { return width_; }
    uint32_t height() const override { return height_; }
    int bands() const override { return bands_; }
    Status read_rows(uint32_t y, uint32_t count, uint8_t* out) override;

  private:
    const uint8_t* pixels_;
    uint32_t width_, height_;
    int bands_;
    ptrdiff_t row_stride_;
};

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
    int effort = 5;         // 1..9: 1 = plain rounding, from 2 rate-distortion-aware quantisation
    int tile_size = 512;    // pixels, power of two, 64..4096
    // The model; null: model_name is looked up in model_store (null: the default search path).
    ReadyModelPtr model;
    std::string model_name = "photo";
    ModelStore* model_store = nullptr;  // not owned
    // Where analysis runs; null: nae_torch.so is opened. Not owned, used only during encode().
    AnalysisBackend* analysis = nullptr;
    int threads = 0;  // 0: all cores
    bool embed_model = false;
    PreviewMode preview = PreviewMode::automatic;
    // Factor on the weight of squared error against bits in the quantiser (quantiser_weights() in
    // latent_quantiser.h). Smaller: wider dead zone, fewer bits.
    double distortion_weight = 1.0;
    TileObserver* observer = nullptr;  // not owned
    // Called now and then with the fraction done (0..1) from the calling thread; false cancels (code
    // `cancelled`).
    std::function<bool(double)> progress;
};

// What encode() produced, for tools and tests. Sizes in bytes.
struct EncodeStatistics {
    uint64_t total_bytes = 0;
    uint64_t hyper_bytes = 0;    // hyper-latent streams
    uint64_t latent_bytes = 0;   // latent streams
    uint64_t coded_symbols = 0;  // latent symbols not certain to be zero
    uint64_t tiles = 0;
    double seconds_analysis = 0;
};

// Encodes one picture. Nothing is written to `sink` before every tile is compressed; committing the sink is
// the caller's business. statistics may be null.
Status encode(const EncoderOptions& options, ImageSource& image, const Metadata& metadata, ByteSink& sink,
              EncodeStatistics* statistics = nullptr);

}  // namespace nae

#endif  // NAE_CODEC_ENCODER_H_
