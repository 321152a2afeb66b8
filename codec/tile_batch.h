// Tiles that are decoded together: a team of threads takes the same step of all of them at once.
//
// Tiles differ in size, and what a window needs of each differs more: whole tiles for each thread leave one of them alone at the
// end, and steps of one tile after another leave all of them waiting at the end of each.
#ifndef NAE_CODEC_TILE_BATCH_H_
#define NAE_CODEC_TILE_BATCH_H_

#include <vector>

#include "codec/tensor.h"
#include "codec/thread_team.h"
#include "codec/tile_codec.h"
#include "format/status.h"

namespace nae {

// A tile of a batch.
struct BatchTile {
    PredictedTile tile;       // as TileCodec::begin_tile() left it
    AlignedVector16 symbols;  // room for its symbols
    Tensor16 latent;          // what becomes of it: latents of tile.part, if status is ok
    Status status;            // of what has been done so far; with a failure the rest is left out
};

// Decodes tiles that have begun, which may be none, to latents. What is wrong with one of them its own status says, and the others
// are decoded all the same. team: the threads that share; null: the calling thread alone. Errors: those of the bodies that
// threads run, but not of the tiles; limit_exceeded where memory runs out.
Status decode_batch(const TileCodec& codec, const std::vector<BatchTile*>& tiles, ThreadTeam* team);

}  // namespace nae

#endif  // NAE_CODEC_TILE_BATCH_H_
