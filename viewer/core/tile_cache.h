// Tiles read in the background and kept, within a bound on memory.
#ifndef NAE_VIEWER_CORE_TILE_CACHE_H_
#define NAE_VIEWER_CORE_TILE_CACHE_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "viewer/core/tiles.h"

namespace nae {

using TilePtr = std::shared_ptr<const Tile>;
using TileSourcePtr = std::shared_ptr<const TileSource>;

// One thread draws: it calls begin_frame(), get() for every tile it would like to show, end_frame(). Readers
// work on what the last frame wanted, in its order, and give up what it no longer wants: panning fast over a
// large raster leaves no backlog behind.
class TileCache {
  public:
    // `wake` is called from reading threads when a tile has come; it may be empty.
    TileCache(size_t max_bytes, int threads, std::function<void()> wake = {});
    ~TileCache();
    TileCache(const TileCache&) = delete;
    TileCache& operator=(const TileCache&) = delete;

    void begin_frame();
    // The tile, or null when it has to be read first or could not be.
    TilePtr get(const TileSourcePtr& source, const TileKey& key);
    // The tile if it is there; nothing is asked for.
    TilePtr peek(const TileSourcePtr& source, const TileKey& key);
    void end_frame();

    // Nothing wanted is missing (what failed is not waited for).
    bool settled() const;
    size_t bytes() const;
    // The last failure's message, once; "" when there was none since.
    std::string take_error();

  private:
    struct Id {
        TileSourcePtr source;  // keeps it alive, so that its address stays its own
        TileKey key;
        bool operator<(const Id& o) const {
            return std::tie(source, key.level, key.column, key.row) <
                   std::tie(o.source, o.key.level, o.key.column, o.key.row);
        }
    };
    struct Kept {
        TilePtr tile;  // null: reading failed
        std::list<Id>::iterator age;
    };
    struct Reading {
        Id id;
        std::shared_ptr<std::atomic<bool>> cancelled;
    };
    void run();
    void keep(const Id& id, TilePtr tile);
    TilePtr find(const Id& id, bool& known);

    const size_t max_bytes_;
    const std::function<void()> wake_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::map<Id, Kept> kept_;
    std::list<Id> ages_;  // most recently used first
    size_t bytes_ = 0;
    std::vector<Id> collecting_;  // what the frame being drawn wants
    std::vector<Id> wanted_;      // what the last one wanted and is not being read yet, last is first
    std::vector<Reading> reading_;
    std::string error_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_TILE_CACHE_H_
