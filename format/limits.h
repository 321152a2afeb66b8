// What a reader is willing to believe. A file that asks for more is refused with limit_exceeded before
// anything is allocated; a caller who trusts its files raises the limit in question.
#ifndef NAE_FORMAT_LIMITS_H_
#define NAE_FORMAT_LIMITS_H_

#include <cstdint>

namespace nae {

struct Limits {
    // Width or height in pixels. The format itself allows no more than 2^31 - 1.
    uint32_t max_dimension = 0x7FFFFFFF;
    // Width times height.
    uint64_t max_pixels = uint64_t{1} << 34;
    // Tiles over all levels. 2^22 tiles make an index of 32 MiB.
    uint64_t max_tiles = uint64_t{1} << 22;
    // Payload bytes of any chunk that is read as a whole or skipped over (all but TDAT).
    uint64_t max_chunk_bytes = uint64_t{256} << 20;
    // Metadata after inflating.
    uint64_t max_metadata_bytes = uint64_t{64} << 20;
    // Items of metadata. Short ones take ten times their bytes in memory.
    uint64_t max_metadata_items = 65536;
    // A model file, or a model embedded in a picture.
    uint64_t max_model_bytes = uint64_t{64} << 20;
    // One tile's coded payload.
    uint64_t max_tile_bytes = uint64_t{256} << 20;
    // Chunks in a file; more are a denial-of-service attempt.
    uint32_t max_chunks = 4096;
    // Multiply-accumulates per output pixel that a model may ask for, all of its networks together.
    uint64_t max_macs_per_pixel = 65536;
    // One intermediate tensor while a model runs.
    uint64_t max_tensor_bytes = uint64_t{1} << 30;
};

}  // namespace nae

#endif  // NAE_FORMAT_LIMITS_H_
