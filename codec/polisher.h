// Runs the post-filter (post_filter.h) over windows of what comes before it.
#ifndef NAE_CODEC_POLISHER_H_
#define NAE_CODEC_POLISHER_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "codec/engine.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "codec/thread_team.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// Immutable; one may serve several threads.
class Polisher {
  public:
    // graph: of the post-filter at the picture's quality. limits: for its tensors.
    Polisher(PackedGraph graph, EngineLevel level, const Limits& limits)
        : graph_(std::move(graph)), level_(level), limits_(limits) {}

    // Pixels that those of `window` depend on. raster: extents of the synthesis' output, beyond which there are zeros.
    // Not asked of the engine, for which a window must not be too large: run() cuts it.
    Rect required(const Rect& window, const Extents& raster) const {
        return required_input(graph_.graph(), graph_.info(), raster, window);
    }

    // Called for each row of a window, row by row in parts of it, by any thread of the team.
    using Row = std::function<Status(int64_t y, const int16_t* rgb)>;
    // pixels: those of `available`, three values each, at least required(window, raster).
    // Errors: those of the engine and of `row`.
    Status run(const Tensor16& pixels, const Rect& available, const Extents& raster, const Rect& window,
               ThreadTeam* team, const Row& row) const;

  private:
    PackedGraph graph_;
    EngineLevel level_;
    Limits limits_;
};

}  // namespace nae

#endif  // NAE_CODEC_POLISHER_H_
