#include "format/file_layout.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "format/checked_math.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

// Enough for header, a little metadata and the index of some hundred tiles.
constexpr size_t kPrefixBytes = 16384;

// Chunks in their prescribed order; others have rank 0.
enum : int { kRankNone, kRankHead, kRankBands, kRankMetadata, kRankIndex, kRankData, kRankEnd };

int rank_of(const ChunkType& type) {
    if (type == kChunkHead) return kRankHead;
    if (type == kChunkBands) return kRankBands;
    if (type == kChunkMetadata) return kRankMetadata;
    if (type == kChunkTileIndex) return kRankIndex;
    if (type == kChunkTileData) return kRankData;
    if (type == kChunkEnd) return kRankEnd;
    return kRankNone;
}

// Those that may stand anywhere behind HEAD and BAND, but only once.
bool is_movable(const ChunkType& type) { return type == kChunkPreview || type == kChunkModel; }

Status check_order(const Chunk& chunk, int rank, int previous, const std::vector<Chunk>& before) {
    const char* missing = nullptr;
    if (previous < kRankHead && rank != kRankHead) missing = "HEAD";
    if (previous >= kRankHead && previous < kRankIndex && rank > kRankIndex) missing = "TIDX";
    if (previous == kRankIndex && rank > kRankData) missing = "TDAT";
    if (missing != nullptr) {
        return Status(ErrorCode::corrupt, cat("chunk '", missing, "' is missing before '", chunk.type.text(),
                                              "' at offset ", chunk.offset));
    }
    const bool again =
        is_movable(chunk.type) &&
        std::any_of(before.begin(), before.end(), [&](const Chunk& c) { return c.type == chunk.type; });
    if (again || (rank != 0 && rank <= previous)) {
        return Status(ErrorCode::corrupt, cat("chunk '", chunk.type.text(), "' at offset ", chunk.offset,
                                              ": repeated or out of order"));
    }
    return {};
}

// BAND must be there exactly when the header refers to it.
Status check_bands(const Header& header, bool present) {
    const bool wanted = header.colour == Colour::listed;
    if (present == wanted) return {};
    return Status(ErrorCode::corrupt, wanted ? "chunk 'BAND' is missing after 'HEAD'"
                                             : "chunk 'BAND' in a picture of plain gray or RGB");
}

// Tiles of the picture, all planes and levels.
Result<uint64_t> count_tiles(const Header& header, const BandTable& bands, const Limits& limits) {
    uint64_t count = 0;
    if (!checked_mul<uint64_t>(header.tile_count(), bands.planes.size(), &count) ||
        count > limits.max_tiles) {
        return Status(ErrorCode::limit_exceeded,
                      cat(header.tile_count(), " tiles in each of ", bands.planes.size(),
                          " planes, the limit is ", limits.max_tiles, " in all"));
    }
    return count;
}

// TDAT is not read here. Its length and its CRC follow from the index, so both are checked all the same, the CRC
// where it does not cost a request: tiles are checked one by one when they are read.
Status check_tile_data(const ByteSource& source, const Chunk& chunk, const TileIndex& tiles, bool check_crc) {
    if (chunk.length != tiles.data_bytes()) {
        return Status(ErrorCode::corrupt, cat("tile data: ", chunk.length,
                                              " bytes, but the tile index adds up to ", tiles.data_bytes()));
    }
    if (!check_crc) return {};
    uint8_t crc[kChunkTrailerBytes];
    NAE_RETURN_IF_ERROR(source.read(chunk.crc_offset(), crc, sizeof(crc)).in("tile data"));
    if (load_le<uint32_t>(crc) != tiles.data_chunk_crc()) {
        return Status(ErrorCode::corrupt, "tile data: the chunk's CRC does not match the tile index");
    }
    return {};
}

Status read_chunk(const ByteSource& source, const ChunkReader& reader, const Chunk& chunk,
                  const LayoutOptions& options, FileLayout& out) {
    const Limits& limits = options.limits;
    const auto payload_of = [&](uint64_t max_bytes) { return reader.read_payload(chunk, max_bytes); };
    if (chunk.type == kChunkHead) {
        NAE_ASSIGN_OR_RETURN(const auto payload, payload_of(limits.max_chunk_bytes));
        NAE_ASSIGN_OR_RETURN(out.header, parse_header(payload, limits).in("header"));
        out.bands = plain_band_table(out.header.colour);
    } else if (chunk.type == kChunkBands) {
        NAE_RETURN_IF_ERROR(check_bands(out.header, true));
        NAE_ASSIGN_OR_RETURN(const auto payload, payload_of(limits.max_chunk_bytes));
        NAE_ASSIGN_OR_RETURN(out.bands, parse_band_table(payload, out.header.data_type).in("bands"));
    } else if (chunk.type == kChunkMetadata) {
        NAE_ASSIGN_OR_RETURN(const auto payload, payload_of(limits.max_metadata_bytes));
        NAE_ASSIGN_OR_RETURN(out.metadata, parse_metadata(payload, limits).in("metadata"));
    } else if (chunk.type == kChunkPreview) {
        NAE_ASSIGN_OR_RETURN(auto payload, payload_of(limits.max_chunk_bytes));
        NAE_ASSIGN_OR_RETURN(
            out.preview,
            (options.pack_preview ? parse_preview_shape(payload) : parse_preview(payload)).in("preview"));
        if (options.pack_preview) {
            NAE_RETURN_IF_ERROR(bound_packed_preview(payload));
            out.packed_preview = std::move(payload);
        }
    } else if (chunk.type == kChunkModel) {
        NAE_ASSIGN_OR_RETURN(out.model, payload_of(limits.max_model_bytes));
    } else if (chunk.type == kChunkTileIndex) {
        NAE_ASSIGN_OR_RETURN(const auto payload, payload_of(limits.max_chunk_bytes));
        NAE_ASSIGN_OR_RETURN(const uint64_t count,
                             count_tiles(out.header, out.bands, limits).in("tile index"));
        NAE_ASSIGN_OR_RETURN(out.tiles, parse_tile_index(payload, count, limits).in("tile index"));
    } else if (chunk.type == kChunkTileData) {
        NAE_RETURN_IF_ERROR(check_tile_data(source, chunk, out.tiles, out.whole));
        out.tile_data_offset = chunk.payload_offset;
    } else if (chunk.type != kChunkEnd) {
        NAE_RETURN_IF_ERROR(reader.skip_unknown(chunk));
    }
    return {};
}

Result<FileLayout> read_unnamed(const ByteSource& base, const LayoutOptions& options) {
    NAE_ASSIGN_OR_RETURN(const auto source, PrefixCachedSource::open(base, kPrefixBytes));
    ChunkReader reader(*source, kPictureSignature, options.limits);
    NAE_RETURN_IF_ERROR(reader.open());
    FileLayout out;
    // What follows the tiles is not needed for the pixels, except for an embedded model: another machine is not asked
    // for it. Tiles cut short show all the same.
    out.whole = options.whole || options.verify_tiles || !base.remote();
    int previous = 0;
    while (previous != (out.whole ? kRankEnd : kRankData)) {
        NAE_ASSIGN_OR_RETURN(const Chunk chunk, reader.next());
        const int rank = rank_of(chunk.type);
        NAE_RETURN_IF_ERROR(check_order(chunk, rank, previous, out.chunks));
        const bool behind_bands = rank > kRankBands || is_movable(chunk.type);
        if (previous == kRankHead && behind_bands) NAE_RETURN_IF_ERROR(check_bands(out.header, false));
        NAE_RETURN_IF_ERROR(read_chunk(*source, reader, chunk, options, out));
        out.chunks.push_back(chunk);
        previous = std::max(rank, behind_bands ? std::max(previous, int{kRankBands}) : previous);
    }
    if (!out.whole && base.size() - out.chunks.back().end_offset() < kChunkHeaderBytes + kChunkTrailerBytes) {
        return Status(ErrorCode::truncated, "the file ends before its last chunk");
    }
    if (options.verify_tiles) {
        const uint64_t end = out.chunks.back().end_offset();
        if (end != base.size()) {
            return Status(ErrorCode::corrupt,
                          cat(base.size() - end, " bytes after the end, at offset ", end));
        }
        for (size_t i = 0; i < out.tiles.size(); ++i) {
            NAE_RETURN_IF_ERROR(read_tile(base, out.tile_data_offset, out.tiles, i).status());
        }
    }
    return out;
}

}  // namespace

Result<FileLayout> read_layout(const ByteSource& source, const LayoutOptions& options) {
    return read_unnamed(source, options).in(source.name());
}

uint64_t tile_number(const Header& header, size_t planes, int level, uint64_t tile, size_t plane) {
    return (header.tiles_before(level) + tile) * planes + plane;
}

Status write_file(ByteSink& sink, const FileLayout& layout, const std::vector<std::vector<uint8_t>>& tiles) {
    const bool listed = layout.header.colour == Colour::listed;
    const size_t planes = listed ? layout.bands.planes.size() : 1;
    if (tiles.size() != layout.header.tile_count() * planes) {
        return Status(ErrorCode::internal, cat(tiles.size(), " tiles, the header has ",
                                               layout.header.tile_count(), " in each plane"));
    }
    ChunkWriter writer(sink, kPictureSignature);
    NAE_ASSIGN_OR_RETURN(const auto head, serialise_header(layout.header));
    NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkHead, head));
    if (listed) {
        NAE_ASSIGN_OR_RETURN(const auto payload, serialise_band_table(layout.bands, layout.header.data_type));
        NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkBands, payload));
    }
    if (!layout.metadata.empty()) {
        NAE_ASSIGN_OR_RETURN(const auto payload, serialise_metadata(layout.metadata));
        NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkMetadata, payload));
    }
    TileIndex index;
    for (const auto& tile : tiles) NAE_RETURN_IF_ERROR(index.add_payload(tile));
    NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkTileIndex, serialise_tile_index(index)));
    NAE_RETURN_IF_ERROR(writer.begin_chunk(kChunkTileData, index.data_bytes()));
    for (const auto& tile : tiles) NAE_RETURN_IF_ERROR(writer.append(tile));
    NAE_RETURN_IF_ERROR(writer.end_chunk());
    if (!layout.preview.empty()) {
        NAE_ASSIGN_OR_RETURN(const auto payload, serialise_preview(layout.preview));
        NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkPreview, payload));
    }
    if (!layout.model.empty()) NAE_RETURN_IF_ERROR(writer.write_chunk(kChunkModel, layout.model));
    return writer.finish();
}

}  // namespace nae
