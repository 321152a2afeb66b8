// The encoder's slow and thorough choice of symbols: by gradient through the decoder's networks.
#ifndef NAE_CODEC_BAND_REFINER_H_
#define NAE_CODEC_BAND_REFINER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/region.h"
#include "codec/thread_pool.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/status.h"

namespace nae {

// Gradients that an effort takes; 0: symbols are chosen by what the analysis says alone.
int refinement_rounds(int effort);

// Tiles of a band that are quantised but not packed yet.
struct TileBand {
    Rect rect;          // latent positions: whole rows of tiles, all columns
    int64_t first = 0;  // number of the first tile
    // What squared errors weigh at each position of `rect` (emphasis.h); null: 1. Not owned.
    const float* emphasis = nullptr;
    std::vector<TileSymbols> tiles;
};

class BandRefiner {
  public:
    struct Options {
        int quality_centi = 0;
        int rounds = 0;
        double distortion_weight = 1;  // EncoderOptions
    };
    // Fills RGB floats (value - 128) / 128 of a rectangle of pixels, as the analysis sees them.
    using Fill = std::function<void(const Rect& pixels, float* out)>;
    // Predicts and chooses the second squares (checkerboard.h) of a tile of the band anew, from what the first ones are now. Several
    // threads may ask for a tile each.
    using ChooseSecond = std::function<Status(size_t tile)>;
    // Told often which part of all the work has been done since the last time; false cancels.
    using GoOn = std::function<bool(double share)>;

    // pool: for what is shared out by tiles. Nothing is owned.
    BandRefiner(const TileCodec& codec, const TileLayout& layout, AnalysisBackend& analysis, ThreadPool& pool,
                Options options, Fill fill, ChooseSecond choose_second, GoOn go_on);

    // Replaces symbols where bits + weight * squared error, as the integer decoder gives it, are lower afterwards. With a
    // context the first squares are refined first, by half of the gradients: what they are decides how the others are
    // predicted. Tiles of more than 2048 pixels a side are left as they are: their windows would take too much memory.
    // Errors: cancelled, and those of the networks.
    Status refine(TileBand& band);

  private:
    struct Window;
    // Which symbols may change, and how often gradients are taken.
    struct Pass {
        std::optional<Squares> squares;  // none: all
        int rounds = 0;
    };
    // A stream of a block that may change, and its table indices.
    struct Part {
        Rect tile;  // latent positions
        Stream stream;
        AlignedVector8 index;
    };
    Status refine(TileBand& band, const Pass& pass);
    Status refine_block(TileBand& band, const Rect& block, const Pass& pass);
    void gather(const TileBand& band, const Rect& block, const Pass& pass, Window& window) const;
    std::vector<Part> parts_of(const TileBand& band, const Rect& block,
                               const std::optional<Squares>& squares) const;
    // Chooses the symbols of the parts by the window's aims. hold: how strongly they are held where they are, in
    // proportion to what a distance from their aims costs.
    Status choose(const std::vector<Part>& parts, const Window& window, float hold,
                  AlignedVector16& symbols) const;
    // What the symbols of the parts cost, as a window has them. Errors: those of memory.
    Result<double> bits_of(const std::vector<Part>& parts, const Window& window,
                           const AlignedVector16& symbols) const;
    // What a decoder would see exactly of a window of latent positions, in pixels: there it holds all that the networks
    // reach for.
    Rect judged(const Rect& window) const;
    // Told a row of judged() as the synthesis made it and as it is after all that follows, by any thread.
    using Row = std::function<void(int64_t y, const int16_t* made, const int16_t* restored)>;
    Status decode(const Window& window, const AlignedVector16& symbols, const Row& row) const;
    // Squared error, weighed, of what the integer decoder makes of these symbols, in bits, over what it can decode of the window.
    // target: if not null, receives what the synthesis should make for the pixels to be right, in the order of the window's
    // target. For the search knows the synthesis alone: what the restoration filter adds counts as given, and where blocks
    // overlap the target is what the synthesis makes now less the pixels' errors passed back through the overlap, so that the
    // gradient is the same. With an emphasis it is made like that, too, of errors times what they weigh.
    Result<double> true_error(const Window& window, const AlignedVector16& symbols,
                              AlignedFloats* target) const;
    // Number of the tile in the band that has a position, and the position's number in the tile.
    size_t tile_of(const TileBand& band, int64_t y, int64_t x, size_t* position) const;

    const TileCodec& codec_;
    const TileLayout& layout_;
    AnalysisBackend& analysis_;
    ThreadPool& pool_;
    const Options options_;
    const Fill fill_;
    const ChooseSecond choose_second_;
    const GoOn go_on_;
    int64_t reach_ = 0;  // of the synthesis, latent positions
    float bits_per_error_ = 0;
    AnalysisLap lap_;          // of the model, empty without
    std::vector<float> step_;  // [channels], units of the synthesis' input
};

}  // namespace nae

#endif  // NAE_CODEC_BAND_REFINER_H_
