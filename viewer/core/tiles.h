// A picture as a pyramid of square tiles: which ones a view needs, and where they come from.
#ifndef NAE_VIEWER_CORE_TILES_H_
#define NAE_VIEWER_CORE_TILES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "format/status.h"
#include "viewer/core/picture.h"
#include "viewer/core/region.h"
#include "viewer/core/view_transform.h"

namespace nae {

constexpr int kTileSize = 256;

// Level 0 has the picture's own pixels, each further one half as many a side.
struct TileKey {
    int level = 0;
    int column = 0;
    int row = 0;

    bool operator==(const TileKey& o) const { return level == o.level && column == o.column && row == o.row; }
};

// RGBA, not premultiplied, rows from the top.
struct Tile {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgba;
};

// The level of which one texel is at most one screen pixel, as coarse as that allows.
int level_for_zoom(double zoom, int picture_width, int picture_height);

// The coarsest level: the first at which the whole picture is one tile.
int coarsest_level(int picture_width, int picture_height);

// The part of the picture that a tile covers, in pixels of level 0.
Region tile_region(const TileKey& key, int picture_width, int picture_height);

// How many texels one side of a region has at a level: rounded up, so that no pixel is lost.
inline int texels(int pixels, int level) { return (pixels + (1 << level) - 1) >> level; }

// The tiles of one level that a region of the picture touches, nearest to its middle first.
std::vector<TileKey> tiles_of_region(const Region& region, int level, int picture_width, int picture_height);

// Where tiles come from. All functions may be called from several threads at once.
class TileSource {
  public:
    virtual ~TileSource() = default;
    virtual int width() const = 0;
    virtual int height() const = 0;
    virtual bool has_alpha() const { return false; }
    // Error: cancelled when the flag rises, others as the source has them.
    virtual Result<Tile> read(const TileKey& key, const std::atomic<bool>& cancelled) const = 0;
};

// A tile of `source`'s size with nothing in it yet; `texel` then makes every texel, row by row: it gets the square of
// the picture under it, which may reach beyond the right and lower border, and four bytes, all 0.
// Error: cancelled when the flag rises.
Result<Tile> make_tile(const TileSource& source, const TileKey& key, const std::atomic<bool>& cancelled,
                       const std::function<void(const Region& square, uint8_t* rgba)>& texel);

// A picture in memory, placed at (x, y) of a raster of width x height; outside it is transparent.
std::shared_ptr<const TileSource> tiles_of_picture(std::shared_ptr<const Picture> picture, int x, int y,
                                                   int width, int height);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_TILES_H_
