// From what the synthesis makes to pixels: overlap of blocks (block_lap.h), then the restoration filter
// (restoration_filter.h), then the post-filter (post_filter.h), where the model has them.
#ifndef NAE_CODEC_FINISHER_H_
#define NAE_CODEC_FINISHER_H_

#include <functional>
#include <memory>
#include <optional>

#include "codec/cell_rows.h"
#include "codec/engine.h"
#include "codec/lapper.h"
#include "codec/model.h"
#include "codec/polisher.h"
#include "codec/region.h"
#include "codec/restorer.h"
#include "codec/thread_team.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// Immutable; one may serve several threads.
class Finisher {
  public:
    // model: must outlive the finisher. quality_centi: of the picture. limits: for the tensors of the post-filter.
    // Errors: those of the engine level (engine.h).
    static Result<std::unique_ptr<const Finisher>> create(const ReadyModel& model, int quality_centi,
                                                          EngineLevel level, const Limits& limits);

    // Whether pixels are what the synthesis makes.
    bool empty() const { return !lapper_ && !restorer_ && !polisher_; }
    // Pixels of the synthesis' output that those of `window` depend on. raster: its extents. Empty where there is nothing to see.
    Rect required(const Rect& window, const Extents& raster) const;

    // Called for each row of a window, row by row in parts of it, by any thread of the team.
    using Row = Restorer::Row;
    // made: what the synthesis made of required(window, raster), at least; available: the pixels it holds. Must not be empty().
    Status run(const CellRows& made, const Rect& available, const Extents& raster, const Rect& window,
               ThreadTeam* team, const Row& row) const;

  private:
    Finisher() = default;

    // What the post-filter looks at, and what the restoration filter does for a window of its pixels.
    Rect polished(const Rect& window, const Extents& raster) const;
    Rect filtered(const Rect& window, const Extents& raster) const;
    // All but the post-filter.
    Status run_filters(const CellRows& made, const Rect& available, const Extents& raster, const Rect& window,
                       ThreadTeam* team, const Row& row) const;

    std::optional<Lapper> lapper_;
    std::optional<Restorer> restorer_;
    std::optional<Polisher> polisher_;
};

}  // namespace nae

#endif  // NAE_CODEC_FINISHER_H_
