// The neural post-filter: a small network behind everything else, from pixels to pixels. Video coding has it as the
// "neural-network post-filter" of VSEI (H.274): it takes off what the transform and its quantiser have left, which depends on
// how coarse that was, so that a few of its parameters depend on the picture's quality.
//
// It is an integer graph (graph.h) of 3 channels in and out, both in units of the synthesis' output (2^-F around mid grey)
// and within black .. white (engine_kernels.h). Its raster is that of the synthesis' output, whose sides are multiples of
// 16; like any graph it sees zeros beyond. What the exporter makes of it, in outline:
//   GraphBuilder b(3, black, white);
//   const int cells = b.space_to_depth(b.input(), 2);
//   int x = ...convolutions of `cells`...
//   b.depth_to_space(b.add(cells, x, black, white), 2);
// The addition comes before the depth_to_space: behind it, a picture of odd extents (which there are none of, but the graph
// does not know) would have other extents than the input, and validate() refuses to add the two.
#ifndef NAE_CODEC_POST_FILTER_H_
#define NAE_CODEC_POST_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/graph.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr size_t kMaxPostFilterSets = 64;
constexpr int kPostFilterSide = 16;  // extents of its raster are multiples of this
// Fraction bits of its values: as many as the restoration filter can have, too.
constexpr int kMinPostFilterFracBits = 2, kMaxPostFilterFracBits = 6;

// What depends on the quality.
struct PostFilterSet {
    std::vector<int32_t> bias;  // of the graph's first convolution, one for each of its output channels
    std::vector<int32_t> mult;  // of the last one, likewise; 1 .. 2^31 - 1
};

// A graph, and sets for qualities spaced evenly from 1 to 100; none of either: the model has no post-filter.
struct PostFilter {
    // Valid as it is; what the sets replace means nothing.
    Graph graph;
    std::vector<PostFilterSet> sets;

    bool empty() const { return graph.empty() && sets.empty(); }
    // Number of the nearest set to a quality (100 .. 10000, clamped); of two as near ones the finer. There must be sets.
    size_t set_of(int quality_centi) const;
    // The graph as a set has it. The post-filter must be valid, and `set` less than the number of sets.
    Graph at(size_t set) const;
};

// Number of a graph's first or last convolution in node order; -1: it has none.
int first_convolution(const Graph& graph);
int last_convolution(const Graph& graph);

// What a decoder relies on, for every set: a valid graph within its bounds, its ends, the sizes of the sets. Must not be empty.
// Costs are the caller's to judge: those of the result are per pixel. Errors: corrupt.
Result<GraphInfo> validate(const PostFilter& filter, int output_frac_bits);

// Chunk NNPF (little-endian): u8 number of sets S (1 .. 64); u32 length of the graph's bytes; the graph (graph_io.h); then for
// each set i32 bias[channels of the first convolution], i32 mult[channels of the last one].
// The post-filter must be valid. Errors: those of serialise_graph().
Result<std::vector<uint8_t>> serialise_post_filter(const PostFilter& filter);
// The graph is validated (limits: what it may cost), the sets are not yet. Errors: corrupt, truncated, limit_exceeded.
Result<PostFilter> parse_post_filter(ByteSpan bytes, const Limits& limits = Limits());

}  // namespace nae

#endif  // NAE_CODEC_POST_FILTER_H_
