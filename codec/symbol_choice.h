// The encoder's choice of symbols: those of a stream that cost least, in bits and in squared distance from where they should
// lie.
#ifndef NAE_CODEC_SYMBOL_CHOICE_H_
#define NAE_CODEC_SYMBOL_CHOICE_H_

#include <cstddef>
#include <cstdint>

#include "codec/entropy/symbol_codec.h"
#include "codec/trellis_path.h"

namespace nae {

// symbols[0 .. count) of a stream as SymbolCodec::encode() takes it, by their table indices; 0 where an index is 0. target: where
// each should lie, in symbols, finite; weight: bits for a squared distance of one symbol, or null: plain rounding,
// not with dependent quantisation.
//
// Without dependent quantisation each is the nearest integer or, where that lowers bits + weight * squared distance, the next one
// or two toward zero. With it they are the path of least cost, by Viterbi's algorithm (1967), each chain a path of its own;
// steps: of an engine level's kernels, which all find the same.
void choose_symbols(const SymbolCodec& codec, const uint8_t* index, const float* target, const float* weight,
                    size_t count, int16_t* symbols, StreamKind kind = StreamKind::lanes,
                    TrellisSteps steps = trellis_steps_scalar);

}  // namespace nae

#endif  // NAE_CODEC_SYMBOL_CHOICE_H_
