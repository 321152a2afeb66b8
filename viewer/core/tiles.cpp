#include "viewer/core/tiles.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nae {
namespace {

class PictureTiles : public TileSource {
  public:
    PictureTiles(std::shared_ptr<const Picture> picture, int x, int y, int width, int height)
        : picture_(std::move(picture)),
          placed_{x, y, picture_->width, picture_->height},
          width_(width),
          height_(height) {}

    int width() const override { return width_; }
    int height() const override { return height_; }
    bool has_alpha() const override { return placed_.width < width_ || placed_.height < height_; }

    Result<Tile> read(const TileKey& key, const std::atomic<bool>& cancelled) const override {
        return make_tile(*this, key, cancelled,
                         [this](const Region& square, uint8_t* rgba) { mean_of(square, rgba); });
    }

  private:
    // The mean over the pixels of `square` that the picture has.
    void mean_of(const Region& square, uint8_t* rgba) const {
        const Region inside = intersection(square, placed_);
        if (inside.empty()) return;
        unsigned sums[3] = {0, 0, 0};
        for (int y = 0; y < inside.height; ++y) {
            const uint8_t* sample = picture_->pixel(inside.x - placed_.x, inside.y - placed_.y + y);
            for (int x = 0; x < inside.width; ++x)
                for (int band = 0; band < picture_->bands; ++band) sums[band] += *sample++;
        }
        const auto count = static_cast<unsigned>(inside.width * inside.height);
        for (int band = 0; band < 3; ++band)
            rgba[band] = static_cast<uint8_t>((sums[picture_->bands == 3 ? band : 0] + count / 2) / count);
        rgba[3] = 255;
    }

    const std::shared_ptr<const Picture> picture_;
    const Region placed_;
    const int width_;
    const int height_;
};

}  // namespace

int coarsest_level(int picture_width, int picture_height) {
    int level = 0;
    while (texels(std::max(picture_width, picture_height), level) > kTileSize) ++level;
    return level;
}

int level_for_zoom(double zoom, int picture_width, int picture_height) {
    const int level = zoom >= 1 ? 0 : static_cast<int>(std::floor(std::log2(1 / zoom) + 1e-6));
    return std::clamp(level, 0, coarsest_level(picture_width, picture_height));
}

Region tile_region(const TileKey& key, int picture_width, int picture_height) {
    const int64_t side = int64_t{kTileSize} << key.level;
    const int64_t x = key.column * side;
    const int64_t y = key.row * side;
    return {static_cast<int>(x), static_cast<int>(y),
            static_cast<int>(std::clamp<int64_t>(picture_width - x, 0, side)),
            static_cast<int>(std::clamp<int64_t>(picture_height - y, 0, side))};
}

std::vector<TileKey> tiles_of_region(const Region& region, int level, int picture_width, int picture_height) {
    const Region inside = intersection(region, {0, 0, picture_width, picture_height});
    std::vector<TileKey> keys;
    if (inside.empty()) return keys;
    const int side = kTileSize << level;
    for (int row = inside.y / side; row <= (inside.y + inside.height - 1) / side; ++row)
        for (int column = inside.x / side; column <= (inside.x + inside.width - 1) / side; ++column)
            keys.push_back({level, column, row});
    const double middle_x = inside.x + inside.width / 2.0;
    const double middle_y = inside.y + inside.height / 2.0;
    const auto distance = [&](const TileKey& key) {
        return std::hypot((key.column + 0.5) * side - middle_x, (key.row + 0.5) * side - middle_y);
    };
    std::stable_sort(keys.begin(), keys.end(),
                     [&](const TileKey& a, const TileKey& b) { return distance(a) < distance(b); });
    return keys;
}

Result<Tile> make_tile(const TileSource& source, const TileKey& key, const std::atomic<bool>& cancelled,
                       const std::function<void(const Region& square, uint8_t* rgba)>& texel) {
    const Region region = tile_region(key, source.width(), source.height());
    Tile tile;
    tile.width = texels(region.width, key.level);
    tile.height = texels(region.height, key.level);
    tile.rgba.assign(static_cast<size_t>(tile.width) * static_cast<size_t>(tile.height) * 4, 0);
    const int step = 1 << key.level;
    uint8_t* out = tile.rgba.data();
    for (int row = 0; row < tile.height; ++row) {
        if (cancelled) return Status(ErrorCode::cancelled, "cancelled");
        for (int column = 0; column < tile.width; ++column, out += 4)
            texel({region.x + column * step, region.y + row * step, step, step}, out);
    }
    return tile;
}

std::shared_ptr<const TileSource> tiles_of_picture(std::shared_ptr<const Picture> picture, int x, int y,
                                                   int width, int height) {
    return std::make_shared<PictureTiles>(std::move(picture), x, y, width, height);
}

}  // namespace nae
