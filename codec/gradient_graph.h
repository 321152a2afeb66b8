// The gradient of a squared error through a network, as a network.
#ifndef NAE_CODEC_GRADIENT_GRAPH_H_
#define NAE_CODEC_GRADIENT_GRAPH_H_

#include "codec/float_graph.h"
#include "format/status.h"

namespace nae {

// Reverse accumulation (Griewank and Walther 2008, "Evaluating derivatives", chapter 3), written out as operators: forward
// as `network`, then each operator's transpose in reverse order. `network` gives the input's raster `cell` times finer, with
// c channels; let n be c * cell * cell, a cell's values in the order of space_to_depth.
//   input   channels of the network's input; n values minus the target; n values of which those > 0 count
//   output  the gradient of half the sum of squares with respect to the network's input; n values of
//           off = network(input), clipped to [low, high], - target, 0 where it does not count
// limits: of the network itself. Errors: those of validate(); unsupported (an operator that is not conv of stride 1, add, relu, depth_to_space, space_to_depth or gain; an
// output of another resolution).
Result<FloatGraph> gradient_graph(const FloatGraph& network, int cell, float low, float high,
                                  const Limits& limits = Limits());

}  // namespace nae

#endif  // NAE_CODEC_GRADIENT_GRAPH_H_
