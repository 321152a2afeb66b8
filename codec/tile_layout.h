// Where tiles lie. The latent raster covers the picture with cells of 16 x 16 pixels, the last ones partly
// outside; tiles cut it into squares from (0, 0), row by row, those at the right and bottom edge smaller.
#ifndef NAE_CODEC_TILE_LAYOUT_H_
#define NAE_CODEC_TILE_LAYOUT_H_

#include <cstdint>

#include "codec/model.h"
#include "codec/region.h"

namespace nae {

// Tiles [x0, x1) x [y0, y1), counted across and down.
struct TileRange {
    int64_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

class TileLayout {
  public:
    // Sizes in pixels; all positive, tile_size a multiple of 16.
    TileLayout(int64_t width, int64_t height, int64_t tile_size)
        : picture_{height, width},
          latent_{div_up(height, kLatentStride), div_up(width, kLatentStride)},
          side_(tile_size / kLatentStride) {}

    const Extents& picture() const { return picture_; }  // pixels
    const Extents& latent() const { return latent_; }    // latent positions
    int64_t tile_side() const { return side_; }          // latent positions
    int64_t tile_pixels() const { return side_ * kLatentStride; }
    int64_t across() const { return div_up(latent_.w, side_); }
    int64_t down() const { return div_up(latent_.h, side_); }
    int64_t count() const { return across() * down(); }
    int64_t number(int64_t tile_x, int64_t tile_y) const { return tile_y * across() + tile_x; }

    // Latent positions of a tile.
    Rect latent_rect(int64_t tile) const {
        const int64_t x = tile % across() * side_, y = tile / across() * side_;
        return intersect(Rect{x, y, side_, side_}, whole(latent_));
    }

    // Pixels of a tile.
    Rect pixel_rect(int64_t tile) const {
        const Rect latents = latent_rect(tile);
        return intersect(Rect{latents.x * kLatentStride, latents.y * kLatentStride, latents.w * kLatentStride,
                              latents.h * kLatentStride},
                         whole(picture_));
    }

    // Tiles that a non-empty rectangle of latent positions inside the raster touches.
    TileRange tiles_touching(const Rect& latents) const {
        return {latents.x / side_, latents.y / side_, div_up(latents.right(), side_),
                div_up(latents.bottom(), side_)};
    }

    // Hyper-latent positions of a tile of h x w latent positions: every tile has its own raster.
    static Extents hyper_extents(int64_t h, int64_t w) {
        return {div_up(h, kHyperStride), div_up(w, kHyperStride)};
    }

  private:
    Extents picture_;
    Extents latent_;
    int64_t side_;
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_LAYOUT_H_
