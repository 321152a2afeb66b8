#include "format/tile_index.h"

#include "format/crc32.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

void TileIndex::add(uint32_t length, uint32_t crc) {
    entries_.push_back({data_bytes_, length, crc});
    data_bytes_ += length;
}

Status TileIndex::add_payload(ByteSpan payload) {
    if (payload.size() > 0xFFFFFFFFu) {
        return Status(ErrorCode::limit_exceeded, cat("tile ", size(), ": ", payload.size(), " bytes"));
    }
    add(static_cast<uint32_t>(payload.size()), crc32_of(payload.data(), payload.size()));
    return {};
}

uint32_t TileIndex::data_chunk_crc() const {
    uint32_t crc = crc32_of("TDAT", 4);
    for (const TileEntry& entry : entries_) crc = crc32_joined(crc, entry.crc, entry.length);
    return crc;
}

std::vector<uint8_t> serialise_tile_index(const TileIndex& index) {
    std::vector<uint8_t> payload;
    payload.reserve(index.size() * 8);
    for (size_t i = 0; i < index.size(); ++i) {
        append_le(payload, index[i].length);
        append_le(payload, index[i].crc);
    }
    return payload;
}

Result<TileIndex> parse_tile_index(ByteSpan payload, uint64_t count, const Limits& limits) {
    if (payload.size() % 8 != 0 || payload.size() / 8 != count) {
        return Status(ErrorCode::corrupt,
                      cat(payload.size(), " bytes, but ", count, " tiles need ", count * 8));
    }
    TileIndex index;
    for (size_t i = 0; i < payload.size(); i += 8) {
        const auto length = load_le<uint32_t>(payload.data() + i);
        if (length > limits.max_tile_bytes) {
            return Status(ErrorCode::limit_exceeded,
                          cat("tile ", i / 8, ": ", length, " bytes, the limit is ", limits.max_tile_bytes));
        }
        index.add(length, load_le<uint32_t>(payload.data() + i + 4));
    }
    return index;
}

Result<std::vector<uint8_t>> read_tile(const ByteSource& source, uint64_t data_offset, const TileIndex& index,
                                       size_t i) {
    if (i >= index.size()) return Status(ErrorCode::invalid_argument, cat("tile ", i, " of ", index.size()));
    const TileEntry& entry = index[i];
    const uint64_t offset = data_offset + entry.offset;
    const auto where = [&] { return cat("tile ", i, " at offset ", offset); };
    // Before the allocation: a file that ends early must not cost memory.
    if (offset > source.size() || entry.length > source.size() - offset) {
        return Status(ErrorCode::truncated,
                      cat(where(), ": ", entry.length, " bytes, but the file has ", source.size()));
    }
    std::vector<uint8_t> payload(entry.length);
    NAE_RETURN_IF_ERROR(source.read(offset, payload.data(), payload.size()).in(where()));
    if (crc32_of(payload.data(), payload.size()) != entry.crc) {
        return Status(ErrorCode::corrupt, cat(where(), ": CRC mismatch"));
    }
    return payload;
}

void prefetch_tiles(const ByteSource& source, uint64_t data_offset, const TileIndex& index,
                    const std::vector<size_t>& tiles) {
    if (!source.remote()) return;
    std::vector<ByteRange> ranges;
    for (const size_t tile : tiles) {
        if (tile >= index.size()) continue;
        const TileEntry& entry = index[tile];
        const uint64_t offset = data_offset + entry.offset;
        if (offset <= source.size() && entry.length <= source.size() - offset)
            ranges.push_back({offset, entry.length});
    }
    source.prefetch(ranges);
}

}  // namespace nae
