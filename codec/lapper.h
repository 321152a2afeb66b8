// Lets the blocks of windows of what a synthesis has made overlap.
#ifndef NAE_CODEC_LAPPER_H_
#define NAE_CODEC_LAPPER_H_

#include "codec/block_lap.h"
#include "codec/cell_rows.h"
#include "codec/engine_kernels.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "codec/thread_team.h"
#include "format/status.h"

namespace nae {

// Immutable; one may serve several threads.
class Lapper {
  public:
    // lap: must not be empty, and must outlive the lapper.
    Lapper(const BlockLap& lap, const Kernels& kernels) : lap_(lap), kernels_(kernels) {}

    // The smallest window around `window` in which every pixel has all those that it is mixed with. raster: extents of the
    // synthesis' output.
    static Rect required(const Rect& window, const Extents& raster);

    // window: as required() gives it. out: resized to its pixels, three values each.
    Status run(const CellRows& pixels, const Rect& window, const Extents& raster, Tensor16& out,
               ThreadTeam* team) const;

  private:
    const BlockLap& lap_;
    const Kernels& kernels_;
};

}  // namespace nae

#endif  // NAE_CODEC_LAPPER_H_
