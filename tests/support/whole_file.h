// Everything that a file decodes to: what two decoders, or a decoder and an encoder, are compared by.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/decoder.h"
#include "format/byte_source.h"

namespace nae::test {

// The samples of a level, row by row, bands interleaved, then its mask if the picture has one: what
// tests/reference/reference_decoder.py writes. Read by these windows, in this order, which must cover the level.
Result<std::vector<uint8_t>> read_level(const Decoder& decoder, int level,
                                        const std::vector<Window>& windows);
// The same by one window.
Result<std::vector<uint8_t>> read_level(const Decoder& decoder, int level);

// The dequantised latents of every tile that the model codes, in the order of the index.
Result<std::vector<std::vector<int16_t>>> read_latents(const ByteSource& source, const ReadyModelPtr& model,
                                                       EngineLevel engine);

}  // namespace nae::test
