// An integer network in real arithmetic, for the encoder to take gradients through.
#ifndef NAE_CODEC_FLOAT_SHADOW_H_
#define NAE_CODEC_FLOAT_SHADOW_H_

#include "codec/float_graph.h"
#include "codec/graph.h"

namespace nae {

// The same function but for roundings and clamps: of clamps only that at zero from below is kept, as a relu; the others
// are bounds that values hardly ever meet. Inputs and outputs are in the integer network's units. The graph must be valid.
FloatGraph float_shadow(const Graph& graph);

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_SHADOW_H_
