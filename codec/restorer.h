// Runs the restoration filter over windows of what a synthesis has made.
#ifndef NAE_CODEC_RESTORER_H_
#define NAE_CODEC_RESTORER_H_

#include <cstdint>
#include <functional>

#include "codec/cell_rows.h"
#include "codec/engine_kernels.h"
#include "codec/region.h"
#include "codec/restoration_filter.h"
#include "codec/thread_team.h"
#include "format/status.h"

namespace nae {

// Immutable; one may serve several threads.
class Restorer {
  public:
    // filter: must not be empty, and must outlive the restorer. quality_centi: of the picture.
    Restorer(const RestorationFilter& filter, int quality_centi, int output_frac_bits, const Kernels& kernels)
        : set_(filter.at(quality_centi)), frac_bits_(output_frac_bits), kernels_(kernels) {}

    // Pixels that those of `window` depend on. raster: extents of the synthesis' output, beyond which its outermost pixels
    // repeat.
    static Rect required(const Rect& window, const Extents& raster);

    // Called for each row of a window, row by row in parts of it, by any thread of the team.
    using Row = std::function<Status(int64_t y, const int16_t* rgb)>;
    // pixels: what the synthesis made of required(window, raster), at least; available: the pixels it holds.
    Status run(const CellRows& pixels, const Rect& available, const Extents& raster, const Rect& window,
               ThreadTeam* team, const Row& row) const;

  private:
    struct Strip;
    void load(const CellRows& pixels, const Rect& available, const Rect& blocks, Strip& strip) const;

    const RestorationSet& set_;
    int frac_bits_;
    const Kernels& kernels_;
};

}  // namespace nae

#endif  // NAE_CODEC_RESTORER_H_
