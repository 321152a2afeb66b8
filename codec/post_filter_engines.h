// The graphs of a model's post-filter, arranged for the engine.
#ifndef NAE_CODEC_POST_FILTER_ENGINES_H_
#define NAE_CODEC_POST_FILTER_ENGINES_H_

#include <memory>
#include <mutex>
#include <vector>

#include "codec/engine.h"
#include "codec/post_filter.h"
#include "format/status.h"

namespace nae {

// Those of one model, each arranged when a picture first asks for its set and kept as long as this lives: all of them would
// take several megabytes and as many milliseconds at every start, and most programs need one. Thread-safe.
class PostFilterEngines {
  public:
    // filter: valid, not empty. Errors: those of validate().
    static Result<std::shared_ptr<PostFilterEngines>> create(PostFilter filter);

    // What all sets have in common: shapes and costs.
    const GraphInfo& info() const { return info_; }
    // The graph for a quality (100 .. 10000). Errors: none of a valid post-filter.
    Result<PackedGraph> get(int quality_centi);

  private:
    PostFilterEngines(PostFilter filter, GraphInfo info);

    const PostFilter filter_;
    const GraphInfo info_;
    std::mutex mutex_;
    std::vector<PackedGraph> packed_;  // one per set, empty until it is asked for; guarded by mutex_
};

}  // namespace nae

#endif  // NAE_CODEC_POST_FILTER_ENGINES_H_
