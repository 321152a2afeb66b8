// Decoded latent tiles kept between reads, the least recently used one dropped first.
#ifndef NAE_CODEC_TILE_CACHE_H_
#define NAE_CODEC_TILE_CACHE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "codec/tensor.h"
#include "codec/tile_part.h"

namespace nae {

// Values of a part of a tile.
struct DecodedTile {
    TilePart part;
    Tensor16 values;

    // Values of a position of the part, counted from the tile's corner.
    const int16_t* pixel(int64_t y, int64_t x) const {
        return values.pixel(static_cast<int>(y - part.top), static_cast<int>(x - part.left));
    }
};
using LatentTile = std::shared_ptr<const DecodedTile>;

// Thread-safe. Tiles still in use elsewhere outlive their eviction.
class TileCache {
  public:
    explicit TileCache(uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

    // What there is of a tile, or null.
    LatentTile find(int64_t tile) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto it = by_tile_.find(tile);
        if (it == by_tile_.end()) return nullptr;
        order_.splice(order_.begin(), order_, it->second);
        return it->second->second;
    }

    // A tile larger than the cache is not kept; what is there already stays if it holds the new part.
    void insert(int64_t tile, LatentTile latent) {
        const uint64_t size = bytes(*latent);
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto known = by_tile_.find(tile);
        if (size > capacity_ ||
            (known != by_tile_.end() && known->second->second->part.contains(latent->part)))
            return;
        if (known != by_tile_.end()) {
            used_ -= bytes(*known->second->second);
            order_.erase(known->second);
            by_tile_.erase(known);
        }
        while (used_ + size > capacity_) {
            used_ -= bytes(*order_.back().second);
            by_tile_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(tile, std::move(latent));
        by_tile_[tile] = order_.begin();
        used_ += size;
    }

    uint64_t used_bytes() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return used_;
    }

  private:
    static uint64_t bytes(const DecodedTile& tile) { return tile.values.data.size() * sizeof(int16_t); }

    using Entry = std::pair<int64_t, LatentTile>;
    const uint64_t capacity_;
    mutable std::mutex mutex_;
    uint64_t used_ = 0;
    std::list<Entry> order_;  // most recently used first
    std::unordered_map<int64_t, std::list<Entry>::iterator> by_tile_;
};

}  // namespace nae

#endif  // NAE_CODEC_TILE_CACHE_H_
