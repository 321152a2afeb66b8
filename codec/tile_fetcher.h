// Tiles of a file on their way to dequantised latents, through the cache.
#ifndef NAE_CODEC_TILE_FETCHER_H_
#define NAE_CODEC_TILE_FETCHER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "codec/research_codec.h"
#include "codec/thread_team.h"
#include "codec/tile_batch.h"
#include "codec/tile_cache.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/byte_source.h"
#include "format/file_layout.h"
#include "format/status.h"

namespace nae {

// Tiles that a read holds on to, by number in their level: those of the current chunk, which shares some with the next one.
using HeldTiles = std::map<int64_t, LatentTile>;

// A plane of a level.
struct TilePlane {
    int level = 0;
    size_t plane = 0;
};

// Thread-safe once it has a codec.
class TileFetcher {
  public:
    // source, layout and levels must outlive this. damage: reports damage that is tolerated, and returns what is not.
    TileFetcher(const ByteSource& source, const FileLayout& layout, const std::vector<TileLayout>& levels,
                uint64_t cache_bytes, std::function<Status(const Status&)> damage)
        : source_(source),
          layout_(layout),
          levels_(levels),
          cache_(cache_bytes),
          damage_(std::move(damage)) {}

    // What decodes the tiles, one of the two; must outlive this. Before the first fetch(), and not beside one.
    void use(const TileCodec* codec, const ResearchCodec* research) {
        codec_ = codec;
        research_ = research;
    }

    // Tells a source that is far away what fetch() of the same will read of it, and waits until it is here where the source does: ahead
    // of a team, whose threads others need meanwhile.
    void announce(const TilePlane& plane, const Rect& needed, const HeldTiles& held);

    // Makes sure that `held` has exactly the tiles that `needed` touches, and of each what lies in that, and more. needed: in latent positions of the level; of tiles of pixels, which are
    // always whole, in pixels. Errors: those of the source, limit_exceeded, what damage() does not tolerate; `held` is then
    // unspecified.
    Status fetch(const TilePlane& plane, const Rect& needed, HeldTiles& held, ThreadTeam& team);

  private:
    // A tile on its way.
    struct Fetch {
        LatentTile* out = nullptr;  // set once the tile is there
        Rect rect;                  // its positions, or pixels, in the level
        size_t number = 0;          // in the tile index
        TilePart part;              // needed at least
        bool was_read = false;
        std::vector<uint8_t> payload;
        BatchTile decoding;  // its status: what has gone wrong so far
    };

    // Out of the cache, or read, and its decoding has begun.
    void start(Fetch& fetch);
    // All of it for some tiles. team: the threads that share, or null.
    Status decode(Fetch* first, size_t count, ThreadTeam* team);
    void decode_research(Fetch& fetch);
    Status finish(Fetch& fetch);  // tolerated damage becomes a neutral tile
    // Tiles that `needed` touches, in `wanted`, and of these what `held` does not have.
    std::vector<Fetch> missing_of(const TilePlane& plane, const Rect& needed, const HeldTiles& held,
                                  HeldTiles& wanted) const;

    const ByteSource& source_;
    const FileLayout& layout_;
    const std::vector<TileLayout>& levels_;
    TileCache cache_;  // by number in the tile index
    const std::function<Status(const Status&)> damage_;
    const TileCodec* codec_ = nullptr;
    const ResearchCodec* research_ = nullptr;
};

// How many of a fetch's tiles, given by size in positions, the largest first, all threads should decode together: that many, then
// that many, and so on. Then each thread takes one tile after another of those that are left, which are all or none: with many of
// them threads need not wait for each other.
std::vector<size_t> tile_batches(const std::vector<int64_t>& sizes, int threads);

}  // namespace nae

#endif  // NAE_CODEC_TILE_FETCHER_H_
