// The cheapest path through a trellis (entropy/trellis.h), by Viterbi's algorithm (1967): for each state the cheapest way there,
// symbol by symbol, and from the end back along what was chosen.
#ifndef NAE_CODEC_TRELLIS_PATH_H_
#define NAE_CODEC_TRELLIS_PATH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/entropy/trellis.h"

namespace nae {

// What the best symbol of each kind costs: [2 * quantiser + parity of its level].
using TrellisCosts = std::array<float, 4>;

// What a step of the path takes: the same numbering.
using TrellisChoices = std::vector<uint8_t>;

// Ways into each state that are the cheaper of two: bit s of a step's 256, the lowest bits of the first byte first, is set if
// the one by an odd level into state s is.
using TrellisDecisions = std::array<uint8_t, 256 / 8>;

// `count` steps through kTrellis256. path: costs of the cheapest way into each state, before and after; they are brought down to
// near zero now and then, for floats to keep their fractions of bits. decisions: `count`, and room for one more, since bits of masks
// are stored eight bytes at a time. All levels of the engine (engine_kernels.h) give the same.
using TrellisSteps = void (*)(const TrellisCosts* costs, size_t count, float* path,
                              TrellisDecisions* decisions);
void trellis_steps_scalar(const TrellisCosts* costs, size_t count, float* path, TrellisDecisions* decisions);

constexpr float kUnreachableState = 1e30F;
constexpr size_t kStepsBetweenRebases = 256;

// The cheapest path from state 0 on: through kTrellis256, or through kTrellis8.
void find_path256(const std::vector<TrellisCosts>& costs, TrellisSteps steps, TrellisChoices& choices);
void find_path8(const std::vector<TrellisCosts>& costs, TrellisChoices& choices);

}  // namespace nae

#endif  // NAE_CODEC_TRELLIS_PATH_H_
