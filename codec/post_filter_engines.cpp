#include "codec/post_filter_engines.h"

#include <utility>

namespace nae {
namespace {

// The model as a whole has been judged.
Limits no_cost_limit() {
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;
    return limits;
}

}  // namespace

PostFilterEngines::PostFilterEngines(PostFilter filter, GraphInfo info)
    : filter_(std::move(filter)), info_(std::move(info)), packed_(filter_.sets.size()) {}

Result<std::shared_ptr<PostFilterEngines>> PostFilterEngines::create(PostFilter filter) {
    NAE_ASSIGN_OR_RETURN(GraphInfo info, validate(filter.graph, no_cost_limit()));
    return std::shared_ptr<PostFilterEngines>(new PostFilterEngines(std::move(filter), std::move(info)));
}

Result<PackedGraph> PostFilterEngines::get(int quality_centi) {
    const size_t set = filter_.set_of(quality_centi);
    const std::lock_guard<std::mutex> lock(mutex_);
    PackedGraph& packed = packed_[set];
    if (packed.empty()) {
        NAE_ASSIGN_OR_RETURN(packed, PackedGraph::create(filter_.at(set), no_cost_limit()));
    }
    return packed;
}

}  // namespace nae
