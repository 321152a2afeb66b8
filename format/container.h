// The container: a signature, then chunks. Used for pictures (.nae) and for model files (.nam), which differ
// only in the signature and in the chunks they know.
//
//   file  = signature (8 bytes) chunk* end-chunk
//   chunk = type (4 bytes) length (u64) payload (length bytes) crc (u32)
//
// Integers are little-endian. The CRC-32 covers type and payload. A type is four bytes, an ASCII letter
// first, then letters, digits or spaces; a first letter in upper case means critical (a reader that does not
// know the chunk must refuse the file), in lower case ancillary (it skips the chunk). The last chunk is "END
// ", empty.
#ifndef NAE_FORMAT_CONTAINER_H_
#define NAE_FORMAT_CONTAINER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "format/byte_sink.h"
#include "format/byte_source.h"
#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

using Signature = std::array<uint8_t, 8>;

// A non-ASCII first byte, CR LF, end-of-file and LF again: transfers as text damage at least one of them.
constexpr Signature kPictureSignature = {0x8E, 'N', 'A', 'E', 0x0D, 0x0A, 0x1A, 0x0A};
constexpr Signature kModelSignature = {0x8E, 'N', 'A', 'M', 0x0D, 0x0A, 0x1A, 0x0A};

// Bytes a chunk takes beside its payload: before it (type, length) and after it (CRC).
constexpr uint64_t kChunkHeaderBytes = 12;
constexpr uint64_t kChunkTrailerBytes = 4;

struct ChunkType {
    std::array<char, 4> letters{};

    constexpr ChunkType() = default;
    // From a literal: ChunkType("HEAD").
    constexpr explicit ChunkType(const char (&text)[5]) : letters{text[0], text[1], text[2], text[3]} {}

    // False: a reader may skip the chunk if it does not know it.
    bool critical() const { return (static_cast<uint8_t>(letters[0]) & 0x20) == 0; }
    bool valid() const;
    // For messages; unprintable bytes as \xNN.
    std::string text() const;

    friend bool operator==(const ChunkType& a, const ChunkType& b) { return a.letters == b.letters; }
    friend bool operator!=(const ChunkType& a, const ChunkType& b) { return !(a == b); }
};

constexpr ChunkType kChunkEnd("END ");

// Where a chunk lies. Offsets count from the start of the source.
struct Chunk {
    ChunkType type;
    uint64_t offset = 0;          // of the type
    uint64_t payload_offset = 0;  // = offset + 12
    uint64_t length = 0;          // of the payload, bytes; payload and CRC lie inside the source

    uint64_t crc_offset() const { return payload_offset + length; }
    uint64_t end_offset() const { return crc_offset() + kChunkTrailerBytes; }
};

// True when the bytes start with the signature; for telling files apart. Needs 8 bytes.
bool has_signature(ByteSpan first_bytes, const Signature& signature);

// Walks over chunks in file order. Messages contain neither file name nor "chunk" prefix of the caller's;
// whoever reports them puts source.name() in front. Does not own the source.
class ChunkReader {
  public:
    ChunkReader(const ByteSource& source, const Signature& signature, const Limits& limits)
        : source_(source), signature_(signature), limits_(limits) {}

    // Checks the signature; call it first. Errors: not_nae, truncated (an initial part of a signature), io.
    Status open();

    // The next chunk's type and place, without reading its payload. Asking again after "END " is
    // invalid_argument. Errors: truncated, corrupt (impossible type), limit_exceeded (too many chunks), io.
    Result<Chunk> next();

    // A chunk's payload, its CRC checked. `max_bytes` is applied beside limits.max_chunk_bytes.
    Result<std::vector<uint8_t>> read_payload(const Chunk& chunk, uint64_t max_bytes) const;
    Result<std::vector<uint8_t>> read_payload(const Chunk& chunk) const {
        return read_payload(chunk, limits_.max_chunk_bytes);
    }

    // The chunk as it stands, header and CRC included, its CRC checked, into chunk.end_offset() - chunk.offset bytes
    // at `out`. Errors: corrupt, limit_exceeded, io.
    Status read_whole(const Chunk& chunk, uint8_t* out) const;

    // Checks a chunk's CRC without keeping the payload, however long. Errors: corrupt, io.
    Status check_crc(const Chunk& chunk) const;

    // What a reader does with a chunk type it does not know: refuse a critical one (unsupported), check and
    // pass over an ancillary one. The CRC is checked even then: otherwise one damaged letter in a known type
    // would make its chunk vanish silently.
    Status skip_unknown(const Chunk& chunk) const;

  private:
    const ByteSource& source_;
    Signature signature_;
    Limits limits_;
    uint64_t next_offset_ = 0;
    uint32_t count_ = 0;
    bool ended_ = false;
};

// Writes signature and chunks in order. Does not own the sink.
class ChunkWriter {
  public:
    ChunkWriter(ByteSink& sink, const Signature& signature) : sink_(sink), signature_(signature) {}

    // Each of these writes the signature first if it has not been written.
    Status write_chunk(ChunkType type, ByteSpan payload);
    // A payload in several pieces: begin with the total length, then the pieces, then end.
    Status begin_chunk(ChunkType type, uint64_t length);
    Status append(ByteSpan piece);
    Status end_chunk();
    // The "END " chunk. Nothing may follow.
    Status finish();

    // Bytes written so far.
    uint64_t position() const { return position_; }

  private:
    Status put(const void* bytes, size_t n);

    ByteSink& sink_;
    Signature signature_;
    uint64_t position_ = 0;
    uint64_t pending_ = 0;  // payload bytes still to come
    uint32_t crc_ = 0;
    bool in_chunk_ = false;
    bool finished_ = false;
};

}  // namespace nae

#endif  // NAE_FORMAT_CONTAINER_H_
