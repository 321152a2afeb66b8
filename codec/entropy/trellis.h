// Dependent quantisation, also called trellis-coded quantisation (Marcellin, Fischer 1990; in video coding Schwarz, Nguyen,
// Marpe, Wiegand 2019, "Hybrid video coding with trellis-coded quantization", here with eight states).
//
// Which values a symbol can take depends on those coded before it. There are two quantisers: Q0 has the even multiples of a
// step, Q1 zero and the odd ones. What is coded is the number of the value within its quantiser, the *level*:
//   Q0: symbol = 2 level        Q1: symbol = 2 level - sign(level)
// A state says which quantiser comes next, and the level's parity leads to the next state. Thus
// values lie half as far apart as in either quantiser, for about its bits, if an encoder looks for the cheapest path.
#ifndef NAE_CODEC_ENTROPY_TRELLIS_H_
#define NAE_CODEC_ENTROPY_TRELLIS_H_

#include <cstdint>

namespace nae {

constexpr int kTrellisStates = 8;  // a stream's lanes each begin in state 0

// The state after one, by the parity of the level.
constexpr uint8_t kTrellisNext[kTrellisStates][2] = {{0, 2}, {5, 7}, {1, 3}, {6, 4},
                                                     {2, 0}, {4, 6}, {3, 1}, {7, 5}};

// Number of the state's quantiser.
constexpr int trellis_quantiser(int state) { return state & 1; }

// Largest magnitude of a level: its symbol is within 16 bits.
constexpr int kMaxTrellisLevel = 16383;

constexpr int trellis_symbol(int level, int quantiser) {
    return 2 * level - quantiser * ((level > 0) - (level < 0));
}

// The level of a symbol that the quantiser has.
constexpr int trellis_level(int symbol, int quantiser) {
    return (symbol + quantiser * ((symbol > 0) - (symbol < 0))) / 2;
}
constexpr bool trellis_has(int symbol, int quantiser) {
    return symbol == 0 || ((symbol & 1) != 0) == (quantiser == 1);
}

}  // namespace nae

#endif  // NAE_CODEC_ENTROPY_TRELLIS_H_
