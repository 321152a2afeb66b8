#include "viewer/core/heat_tiles.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nae {
namespace {

class HeatTiles : public TileSource {
  public:
    HeatTiles(std::shared_ptr<const ErrorMap> map, std::vector<Rgb> palette, HeatRange range, Region placed,
              int width, int height)
        : map_(std::move(map)),
          palette_(std::move(palette)),
          range_(range),
          placed_(placed),
          width_(width),
          height_(height) {}

    int width() const override { return width_; }
    int height() const override { return height_; }
    bool has_alpha() const override { return true; }

    Result<Tile> read(const TileKey& key, const std::atomic<bool>& cancelled) const override {
        const auto last = static_cast<double>(palette_.size() - 1);
        const double scale = last / (range_.high - range_.low);
        return make_tile(*this, key, cancelled, [&](const Region& square, uint8_t* rgba) {
            const Region inside = intersection(square, placed_);
            if (inside.empty()) return;
            const double place = std::clamp((mean_of(inside) - range_.low) * scale, 0.0, last);
            const Rgb& colour = palette_[static_cast<size_t>(place + 0.5)];
            std::copy(colour.begin(), colour.end(), rgba);
            rgba[3] = 255;
        });
    }

  private:
    double mean_of(const Region& region) const {
        double sum = 0;
        for (int y = region.y - placed_.y; y < region.y - placed_.y + region.height; ++y) {
            const float* value =
                map_->values.data() + static_cast<ptrdiff_t>(y) * map_->width + region.x - placed_.x;
            for (int x = 0; x < region.width; ++x) sum += static_cast<double>(*value++);
        }
        return sum / (static_cast<double>(region.width) * region.height);
    }

    const std::shared_ptr<const ErrorMap> map_;
    const std::vector<Rgb> palette_;
    const HeatRange range_;
    const Region placed_;
    const int width_;
    const int height_;
};

}  // namespace

std::shared_ptr<const TileSource> tiles_of_heat_map(std::shared_ptr<const ErrorMap> map,
                                                    std::vector<Rgb> palette, HeatRange range, int x, int y,
                                                    int width, int height) {
    const Region placed{x, y, map->width, map->height};
    return std::make_shared<HeatTiles>(std::move(map), std::move(palette), range, placed, width, height);
}

}  // namespace nae
