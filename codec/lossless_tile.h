// One tile of a plane that the model has nothing to do with: alpha, special codes, masks. Exact.
//
//   no bytes   every byte of every sample is 0 in a codes plane, 255 in others (opaque, valid)
//   0          constant: one sample follows
//   1          same as the tile of another plane: u32, the plane's index, smaller than this one's; that tile is
//              not of method 1 and has samples of the same size
//   2          the rows, filtered as in PNG and deflated (raw)
//   3          two samples a and b, then rows of bits, 0 = a, 1 = b, first pixel in the top bit, each row
//              filled up with zeros to whole bytes, filtered and deflated as in 2
#ifndef NAE_CODEC_LOSSLESS_TILE_H_
#define NAE_CODEC_LOSSLESS_TILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "format/band_table.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

// Size of a tile: pixels, and bytes of a sample (1, 2 or 4; little-endian).
struct LosslessShape {
    size_t h = 0;
    size_t w = 0;
    size_t sample = 1;
    size_t bytes() const { return h * w * sample; }
};

// What an empty payload stands for.
inline uint8_t default_byte(PlaneKind kind) { return kind == PlaneKind::codes ? 0 : 255; }

// samples: shape.bytes() bytes, row by row.
Result<std::vector<uint8_t>> encode_lossless_tile(ByteSpan samples, const LosslessShape& shape,
                                                  PlaneKind kind);
// A payload of method 1.
std::vector<uint8_t> lossless_reference(uint32_t plane);

// The plane that a payload of method 1 names; nothing for other payloads. Error: corrupt.
Result<std::optional<uint32_t>> referenced_plane(ByteSpan payload);
// Of any other method. The caller has checked shape.bytes() against its limits. Error: corrupt.
Result<std::vector<uint8_t>> decode_lossless_tile(ByteSpan payload, const LosslessShape& shape,
                                                  PlaneKind kind);

}  // namespace nae

#endif  // NAE_CODEC_LOSSLESS_TILE_H_
