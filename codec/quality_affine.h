// How an encoder's float network knows the quality: outputs of some convolutions are scaled and shifted by it, channel by
// channel. At a given quality both go into the weights, so that the network runs as any other.
//
// Chunk aCND of a model file (little-endian), for the analysis, then for the hyper-analysis:
//   u16 n, then n times: u16 node, f32 scale[channels of the node][K], f32 shift[channels][K]     (K: as in GAIN)
// The node's output is (1 + scale) * (convolution + bias) + shift.
#ifndef NAE_CODEC_QUALITY_AFFINE_H_
#define NAE_CODEC_QUALITY_AFFINE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/float_graph.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

// Of one node, a convolution.
struct QualityAffine {
    int node = 0;
    std::vector<float> scale, shift;  // [channel][anchor], anchors evenly spaced over quality 1 .. 100
};
using QualityAffines = std::vector<QualityAffine>;  // by ascending node

// The convolution with scale and shift of a quality (100 .. 10000, clamped) in its weights and biases; linear between
// anchors. Both must be valid.
FloatNode node_at(const FloatNode& node, const QualityAffine& of, int anchors, int quality_centi);

// All of them.
FloatGraph graph_at(FloatGraph graph, const QualityAffines& affines, int anchors, int quality_centi);

// Nodes ascending, each a convolution; sizes; finite values. Errors: corrupt.
Status validate(const QualityAffines& affines, const FloatGraph& graph, int anchors);

std::vector<uint8_t> serialise_quality_affines(const QualityAffines& analysis,
                                               const QualityAffines& hyper_analysis);
// Fills both. The graphs must be valid; the results need not be. Errors: corrupt, truncated.
Status parse_quality_affines(ByteSpan bytes, const FloatGraph& analysis_graph, const FloatGraph& hyper_graph,
                             int anchors, QualityAffines* analysis, QualityAffines* hyper_analysis);

}  // namespace nae

#endif  // NAE_CODEC_QUALITY_AFFINE_H_
