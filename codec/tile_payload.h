// The bytes of a tile: streams one after another, and how long they are. tile_codec.h says in which order.
#ifndef NAE_CODEC_TILE_PAYLOAD_H_
#define NAE_CODEC_TILE_PAYLOAD_H_

#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

// Appends a stream behind its length, a varint.
void append_stream(std::vector<uint8_t>& out, const std::vector<uint8_t>& stream);

// Appends the list of lengths of all substreams but the last one. Lengths are even, and neighbours' are alike: what is stored is half
// of how much longer one is than the one before it, 2 d for d >= 0 and -2 d - 1 for d < 0.
void append_lengths(std::vector<uint8_t>& out, const std::vector<std::vector<uint8_t>>& streams);

// Takes a stream and its length off the front of a payload; what: for messages. Errors: corrupt.
Status cut_stream(ByteSpan& payload, const char* what, ByteSpan* stream);

// Cuts what follows the hyper-latent stream, the number of substreams and the list of their lengths first, into those of each of
// `passes` (1 or 2) streams, which are appended to streams[0 .. passes). They lie in the payload. Errors: corrupt.
Status cut_substreams(ByteSpan payload, int passes, std::vector<ByteSpan>* streams);

}  // namespace nae

#endif  // NAE_CODEC_TILE_PAYLOAD_H_
