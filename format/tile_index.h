// TIDX: length and CRC of every tile's payload, in the order in which the payloads lie in TDAT: row by row
// from the top left, level 0 (full resolution) first. The count follows from the header, so it is not stored.
//
//   payload = for each tile: length (u32, bytes), CRC-32 of the tile's payload (u32)
#ifndef NAE_FORMAT_TILE_INDEX_H_
#define NAE_FORMAT_TILE_INDEX_H_

#include <cstdint>
#include <vector>

#include "format/byte_source.h"
#include "format/header.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

struct TileEntry {
    uint64_t offset = 0;  // from the start of TDAT's payload, bytes: the sum of the lengths before it
    uint32_t length = 0;  // bytes
    uint32_t crc = 0;     // CRC-32 of the payload
};

class TileIndex {
  public:
    // Appends a tile that follows the previous one.
    void add(uint32_t length, uint32_t crc);
    // Appends a tile with this payload.
    Status add_payload(ByteSpan payload);

    size_t size() const { return entries_.size(); }
    const TileEntry& operator[](size_t i) const { return entries_[i]; }
    // Length of TDAT's payload, bytes.
    uint64_t data_bytes() const { return data_bytes_; }
    // The CRC that the TDAT chunk must carry, computed from the tiles' CRCs without their data.
    uint32_t data_chunk_crc() const;

  private:
    std::vector<TileEntry> entries_;
    uint64_t data_bytes_ = 0;
};

// The payload of TIDX.
std::vector<uint8_t> serialise_tile_index(const TileIndex& index);
// `count`: tiles of the picture, all planes and levels. Errors: corrupt when the payload does not have exactly
// 8 bytes for each; limit_exceeded.
Result<TileIndex> parse_tile_index(ByteSpan payload, uint64_t count, const Limits& limits);

// Reads tile `i` and checks its CRC. `data_offset` is where TDAT's payload starts in the source.
// The error names the tile and its offset in the file, not the file.
Result<std::vector<uint8_t>> read_tile(const ByteSource& source, uint64_t data_offset, const TileIndex& index,
                                       size_t i);
// Tells the source which tiles will be read next, if that is of use to it. Numbers outside the index are passed over.
void prefetch_tiles(const ByteSource& source, uint64_t data_offset, const TileIndex& index,
                    const std::vector<size_t>& tiles);

}  // namespace nae

#endif  // NAE_FORMAT_TILE_INDEX_H_
