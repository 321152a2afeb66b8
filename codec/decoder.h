// Reading a .nae file: open, look at the header, decode any window of pixels.
//
// A window equals the crop of the full picture exactly, for any thread count, engine level and cache state:
// all arithmetic behind the entropy coder is integer, and the synthesis does not know about tiles.
#ifndef NAE_CODEC_DECODER_H_
#define NAE_CODEC_DECODER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/engine.h"
#include "codec/model.h"
#include "codec/model_store.h"
#include "format/band_table.h"
#include "format/byte_source.h"
#include "format/header.h"
#include "format/limits.h"
#include "format/metadata.h"
#include "format/preview.h"
#include "format/status.h"

namespace nae {

struct DecoderOptions {
    Limits limits;
    // Where models come from when the file does not embed its own. Not owned, must outlive open(); null: the
    // default search path (see model_store.h).
    ModelStore* model_store = nullptr;
    // Runs the networks of research models; null: nae_torch.so is opened. Not owned, must outlive the decoder.
    AnalysisBackend* research_backend = nullptr;
    int threads = 0;                   // computing threads of one read_window call; 0: all cores
    EngineLevel engine_level{};        // which instruction set; default: environment, then the best one
    uint64_t cache_bytes = 64u << 20;  // decoded latent tiles kept between calls
    // true: a damaged tile fails the read. false: it is reported and decoded as the neutral latent (mid-gray);
    // of alpha, as transparent; of a mask, as not valid; of special codes, as the band's first special value.
    bool strict = true;
    // Called for every damaged tile met by a read when strict is false; from any thread, one call at a time.
    std::function<void(const Status&)> on_damage;
};

// A rectangle of pixels at one level: 0 is the picture, each further one half as large.
struct Window {
    uint32_t x = 0, y = 0, width = 0, height = 0;
    int level = 0;
};

// Where samples go, in the machine's byte order. Strides in bytes; the first band of pixel (0, 0) of the window
// lies at data. Samples need no alignment.
struct PixelTarget {
    uint8_t* data = nullptr;
    ptrdiff_t pixel_stride = 0;  // from one pixel to the next in a row: 3 for interleaved RGB
    ptrdiff_t row_stride = 0;
    ptrdiff_t band_stride = 1;  // from one band to the next: 1 for interleaved, a plane's size for planar
};

// One open file. All const members are thread-safe; concurrent reads share the cache.
class Decoder {
  public:
    // Reads header, index and (small) metadata; the model is looked up on open, so a missing model fails
    // here.
    static Result<std::unique_ptr<Decoder>> open(std::shared_ptr<ByteSource> source,
                                                 const DecoderOptions& options);
    // As open(), but does without the model: header(), metadata() etc. work; read_window() then looks for the
    // model itself and fails with model_not_found if there is none. For identification and `gdalinfo`.
    static Result<std::unique_ptr<Decoder>> open_without_model(std::shared_ptr<ByteSource> source,
                                                               const DecoderOptions& options);
    ~Decoder();
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    const Header& header() const;
    const Metadata& metadata() const;
    // Of a remote source (byte_source.h) these three know only what precedes the tiles: what follows them is fetched
    // when the model is needed and nobody else has it.
    bool has_embedded_model() const;
    bool has_preview() const;
    // Empty when the file carries none. Taken apart by the first call, so that opening a file does not take that long; it belongs
    // to the decoder. Errors: corrupt.
    Result<const Preview*> preview() const;
    // The model in use; null after open_without_model() until the first read.
    ReadyModelPtr model() const;

    // What the bands are; never empty.
    const BandTable& bands() const;

    // Decodes a window, which must lie inside its level, of the bands named (from 0, any order, repetitions
    // allowed) into header().data_type. Only the planes that hold these bands are decoded. Memory used is bounded
    // by the cache, the latents under the window plus halo, and a strip of tensors.
    Status read(const Window& window, const std::vector<int>& bands, const PixelTarget& target) const;
    // The picture's mask, a byte for each pixel, 0 = not valid in any band; 255 where the file has no mask.
    Status read_mask(const Window& window, uint8_t* out, ptrdiff_t row_stride) const;

    // All bands at full resolution.
    Status read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                       const PixelTarget& target) const;
    // The same, interleaved.
    Status read_window(uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint8_t* out,
                       ptrdiff_t row_stride) const;

  private:
    struct Impl;
    explicit Decoder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace nae

#endif  // NAE_CODEC_DECODER_H_
