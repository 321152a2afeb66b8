// One plane that the model codes, at one level: from rows of samples to the payloads of its tiles.
#ifndef NAE_CODEC_PLANE_ENCODER_H_
#define NAE_CODEC_PLANE_ENCODER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "codec/analysis_column.h"
#include "codec/encoder.h"
#include "codec/region.h"
#include "codec/research_codec.h"
#include "codec/row_window.h"
#include "codec/thread_pool.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/file_layout.h"

namespace nae {

// What all planes and levels of a picture share while it is being encoded.
struct EncodeJob {
    const EncoderOptions& options;
    const Header& header;
    BandPlan plan;
    ReadyModelPtr model;
    const TileCodec* codec;         // null for a research model
    const ResearchCodec* research;  // null for all others
    AnalysisBackend* analysis;      // null for a research model
    ThreadPool& pool;
    EncodeStatistics& statistics;
    QuantiserOptions quantiser;
    std::vector<std::vector<uint8_t>> payloads;  // in the order of the tile index
    double work = 1;                             // all there is to do, and what is done: latent positions
    double done = 0;
    std::mutex coded{};  // guards the statistics and the observer while several tiles are coded

    std::vector<uint8_t>& payload(int level, uint64_t tile, size_t plane) {
        return payloads[static_cast<size_t>(
            tile_number(header, plan.table.planes.size(), level, tile, plane))];
    }
    // Reports that so much more is done. Error: cancelled.
    Status progress(double more);
};

class PlaneEncoder {
  public:
    // rows: those of the plane's level. Nothing is owned.
    PlaneEncoder(EncodeJob& job, int level, size_t plane, const TileLayout& tiles, const RowWindow& rows);

    // Codes the tiles of latent rows [band.y, band.bottom()), whole rows of tiles, which begin where the last ones ended. The
    // window must hold their rows of pixels, halo() more above, and all before pixels_end(band.bottom()), as far as there are any.
    Status encode(const Rect& band);
    int64_t halo() const { return halo_; }  // pixels, a multiple of 16
    int64_t pixels_end(int64_t bottom) const;

    // The analysis' input: RGB floats (value - 128) / 128 of a rectangle, which may reach beyond the right and
    // bottom edge; there the last column and row are repeated. Gray is fed as R = G = B. Pixels that are not
    // valid get values from those around them.
    void fill(const Rect& rect, float* out);

  private:
    // Latents y of latent rows [band.y, band.bottom()), all columns, into y_: in columns, if that can be; else in blocks, each with
    // a halo of its own.
    Status analyse(const Rect& band);
    void make_columns();
    Status analyse_columns(const Rect& band);
    Status analyse_blocks(const Rect& band);
    Status analyse_block(const Rect& band, const Rect& block);
    // What errors weigh at each position of the band, into emphasis_.
    void emphasise(const Rect& band);
    // How the symbols of a tile are chosen.
    QuantiserOptions quantiser_of(const Rect& band, const Rect& tile) const;
    // z of one tile from y_.
    Status hyper_analyse(const Rect& band, const Rect& tile, std::vector<float>& z);
    Status encode_tiles(const Rect& band);
    Status encode_tiles_refined(const Rect& band);
    // z of tiles from number `first` on, as many as there is room for.
    Status hyper_analyse(const Rect& band, int64_t first, std::vector<std::vector<float>>& z);
    // These two may run for several tiles at once.
    Status quantise_tile(const Rect& band, int64_t number, const std::vector<float>& z, TileSymbols& tile);
    Status pack_tile(int64_t number, const TileSymbols& tile);
    Status encode_research_tiles(const Rect& band);
    Status encode_tiles(const Rect& band, int64_t first, int64_t count);  // by their numbers
    template <class F>
    Status timed(const char* what, F work);  // counts as analysis
    bool has_holes(int band) const;          // pixels that are not valid
    // One band of fill(), to every third float; and a row of that, which does not look at its neighbours.
    void fill_channel(const Rect& rect, int band, float* out);
    void fill_row(const Rect& rect, int band, int64_t y, float* out);

    const float* y_at(const Rect& band, int64_t y, int64_t x) const {
        return y_.data() + ((y - band.y) * band.w + x) * job_.model->latent_channels();
    }

    EncodeJob& job_;
    const int level_;
    const size_t plane_;
    const TileLayout& tiles_;
    const RowWindow& rows_;
    const int64_t halo_;
    AlignedFloats y_;                                       // of the current band
    std::vector<float> emphasis_;                           // of the current band; empty: the same everywhere
    AlignedFloats input_;                                   // scratch: analysis input
    std::vector<uint8_t> valid_;                            // scratch of fill_channel()
    std::vector<std::unique_ptr<AnalysisColumn>> columns_;  // none: blocks
};

}  // namespace nae

#endif  // NAE_CODEC_PLANE_ENCODER_H_
