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

    // Has `held` hold exactly the tiles that `needed` touches, of each what lies in that and more, and returns, row by row, those
    // that have to be fetched first: their places in `held` are empty and must stay where they are until then. needed: in latent
    // positions of the level; of tiles of pixels, which are always whole, in pixels.
    std::vector<Fetch> begin(const TilePlane& plane, const Rect& needed, HeldTiles& held) const;

    // Fetches one of them; several threads may each fetch one. Errors: those of the source, limit_exceeded, what damage() does not
    // tolerate; the tile's place then stays empty.
    Status fetch(Fetch& tile) { return decode(&tile, 1, nullptr); }
    // All of them, by the team. Errors: as above; of several tiles that fail one is named.
    Status fetch(std::vector<Fetch>& tiles, ThreadTeam& team);
    // True where all are better fetched before anything is made of them: they are little work, or too few to go round.
    static bool all_at_once(const std::vector<Fetch>& tiles, int threads);

  private:
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

// Whether all threads should decode a read's tiles, given by size in positions, together, or each thread one tile after another.
bool decode_together(const std::vector<int64_t>& sizes, int threads);
// How many of them at a time, if so: that many, then that many, and so on. The largest first.
std::vector<size_t> tile_batches(const std::vector<int64_t>& sizes, int threads);

}  // namespace nae

#endif  // NAE_CODEC_TILE_FETCHER_H_
