// From what the synthesis makes to pixels: overlap of blocks (block_lap.h), then the restoration filter
// (restoration_filter.h), where the model has them.
#ifndef NAE_CODEC_FINISHER_H_
#define NAE_CODEC_FINISHER_H_

#include <functional>
#include <optional>

#include "codec/cell_rows.h"
#include "codec/lapper.h"
#include "codec/model.h"
#include "codec/region.h"
#include "codec/restorer.h"
#include "codec/thread_team.h"
#include "format/status.h"

namespace nae {

// Immutable; one may serve several threads.
class Finisher {
  public:
    // model, kernels: must outlive the finisher. quality_centi: of the picture.
    Finisher(const Model& model, int quality_centi, const Kernels& kernels);

    // Whether pixels are what the synthesis makes.
    bool empty() const { return !lapper_ && !restorer_; }
    // Pixels of the synthesis' output that those of `window` depend on. raster: its extents.
    Rect required(const Rect& window, const Extents& raster) const;

    // Called for each row of a window, row by row in parts of it, by any thread of the team.
    using Row = Restorer::Row;
    // made: what the synthesis made of required(window, raster), at least; available: the pixels it holds. Must not be empty().
    Status run(const CellRows& made, const Rect& available, const Extents& raster, const Rect& window,
               ThreadTeam* team, const Row& row) const;

  private:
    Rect filtered(const Rect& window, const Extents& raster) const;

    std::optional<Lapper> lapper_;
    std::optional<Restorer> restorer_;
};

}  // namespace nae

#endif  // NAE_CODEC_FINISHER_H_
