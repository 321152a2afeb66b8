// A picture file as a whole: which chunks, in which order, and how they agree with one another.
//
//   HEAD  BAND?  mETA?  TIDX  TDAT  pREV?  MODL?  "END "
//
// pREV, MODL and unknown ancillary chunks may stand anywhere behind HEAD and BAND. Written as above, everything
// before TDAT's payload is usually in the first 16 KiB: a reader over HTTP needs one request for it and one for
// each run of tiles.
#ifndef NAE_FORMAT_FILE_LAYOUT_H_
#define NAE_FORMAT_FILE_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "format/band_table.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"
#include "format/container.h"
#include "format/header.h"
#include "format/limits.h"
#include "format/metadata.h"
#include "format/preview.h"
#include "format/status.h"
#include "format/tile_index.h"

namespace nae {

constexpr ChunkType kChunkHead("HEAD");
constexpr ChunkType kChunkBands("BAND");
constexpr ChunkType kChunkMetadata("mETA");
constexpr ChunkType kChunkPreview("pREV");
constexpr ChunkType kChunkModel("MODL");
constexpr ChunkType kChunkTileIndex("TIDX");
constexpr ChunkType kChunkTileData("TDAT");

struct FileLayout {
    Header header;
    BandTable bands;  // read from BAND, or plain_band_table(); written only when header.colour is listed
    Metadata metadata;
    Preview preview;  // empty() when the file has none; its shape alone where it is left packed
    std::vector<uint8_t> packed_preview;  // pREV's payload, where LayoutOptions say so; its shape is valid
    std::vector<uint8_t> model;  // the embedded model file (its decoding part), empty when there is none
    bool whole = false;  // false: what follows the tiles was not read, a preview or model may be there
    TileIndex tiles;
    uint64_t tile_data_offset = 0;  // of TDAT's payload in the file: what read_tile() wants
    std::vector<Chunk> chunks;      // all of them, in file order, for inspection
};

struct LayoutOptions {
    Limits limits;
    // Read every tile too and check its CRC, and refuse bytes after the end. Costs a pass over the file.
    bool verify_tiles = false;
    // Read what follows the tiles also where that costs a request: of a remote source.
    bool whole = false;
    // Leave the preview as it is in the file, in packed_preview, for parse_preview(): taking it apart can take longer than
    // everything else here.
    bool pack_preview = false;
};

// Reads and checks everything but the tiles. Every error message starts with the source's name.
Result<FileLayout> read_layout(const ByteSource& source, const LayoutOptions& options = {});

// Number of a tile in the index: levels one after another, in a level tile by tile in row-major order, in a
// tile the planes. `tile` counts within the level. Arguments are in range.
uint64_t tile_number(const Header& header, size_t planes, int level, uint64_t tile, size_t plane);

// Writes a whole file. `tiles` are the coded payloads in index order; layout.tiles,
// tile_data_offset and chunks are not used. Pass a FileSink for a file that appears whole or not at all; the
// caller commits it.
Status write_file(ByteSink& sink, const FileLayout& layout, const std::vector<std::vector<uint8_t>>& tiles);

}  // namespace nae

#endif  // NAE_FORMAT_FILE_LAYOUT_H_
