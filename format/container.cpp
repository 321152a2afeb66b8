#include "format/container.h"

#include <algorithm>
#include <cstring>

#include "format/crc32.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string where(const Chunk& chunk) {
    return cat("chunk '", chunk.type.text(), "' at offset ", chunk.offset);
}

Status crc_error(const Chunk& chunk, uint32_t stored, uint32_t computed) {
    return Status(ErrorCode::corrupt, cat(where(chunk), ": CRC mismatch (stored ", std::hex, stored,
                                          ", computed ", computed, ")"));
}

}  // namespace

bool ChunkType::valid() const {
    if (!is_letter(letters[0])) return false;
    return std::all_of(letters.begin() + 1, letters.end(),
                       [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == ' '; });
}

std::string ChunkType::text() const { return printable(letters.data(), letters.size()); }

bool has_signature(ByteSpan first_bytes, const Signature& signature) {
    return first_bytes.size() >= signature.size() &&
           std::memcmp(first_bytes.data(), signature.data(), signature.size()) == 0;
}

Status ChunkReader::open() {
    Signature found{};
    const auto have = static_cast<size_t>(std::min<uint64_t>(source_.size(), found.size()));
    NAE_RETURN_IF_ERROR(source_.read(0, found.data(), have));
    const bool matches =
        std::equal(found.begin(), found.begin() + static_cast<ptrdiff_t>(have), signature_.begin());
    if (!matches) {
        return Status(ErrorCode::not_nae,
                      cat("the first bytes are '", printable(found.data(), have), "', expected '",
                          printable(signature_.data(), signature_.size()), "'"));
    }
    if (have < found.size()) {
        return Status(ErrorCode::truncated, cat("the file has ", have, " bytes, less than its signature"));
    }
    next_offset_ = found.size();
    return {};
}

Result<Chunk> ChunkReader::next() {
    if (next_offset_ == 0 || ended_) {
        return Status(ErrorCode::invalid_argument, "no chunk here: reader not opened, or after the end");
    }
    if (count_ >= limits_.max_chunks) {
        return Status(ErrorCode::limit_exceeded, cat("more than ", limits_.max_chunks, " chunks"));
    }
    const uint64_t left = source_.size() - next_offset_;  // next_offset_ never passes the end
    if (left < kChunkHeaderBytes) {
        return Status(ErrorCode::truncated, cat("the file ends at ", source_.size(),
                                                ", a chunk was expected at offset ", next_offset_));
    }
    uint8_t header[kChunkHeaderBytes];
    NAE_RETURN_IF_ERROR(source_.read(next_offset_, header, sizeof(header)));
    Chunk chunk;
    std::memcpy(chunk.type.letters.data(), header, 4);
    chunk.offset = next_offset_;
    chunk.payload_offset = next_offset_ + kChunkHeaderBytes;
    chunk.length = load_le<uint64_t>(header + 4);
    if (!chunk.type.valid()) {
        return Status(ErrorCode::corrupt, cat("impossible type, ", where(chunk)));
    }
    const uint64_t room = left - kChunkHeaderBytes;
    if (room < kChunkTrailerBytes || chunk.length > room - kChunkTrailerBytes) {
        return Status(ErrorCode::truncated, cat(where(chunk), ": length ", chunk.length,
                                                ", but the file ends after ", room, " more bytes"));
    }
    if (chunk.type == kChunkEnd) {
        if (chunk.length != 0)
            return Status(ErrorCode::corrupt, cat(where(chunk), ": length is ", chunk.length));
        NAE_RETURN_IF_ERROR(check_crc(chunk));
        ended_ = true;
    }
    next_offset_ = chunk.end_offset();
    ++count_;
    return chunk;
}

Result<std::vector<uint8_t>> ChunkReader::read_payload(const Chunk& chunk, uint64_t max_bytes) const {
    const uint64_t limit = std::min(max_bytes, limits_.max_chunk_bytes);
    if (chunk.length > limit) {
        return Status(ErrorCode::limit_exceeded,
                      cat(where(chunk), ": ", chunk.length, " bytes, the limit is ", limit));
    }
    std::vector<uint8_t> payload(static_cast<size_t>(chunk.length) + kChunkTrailerBytes);
    NAE_RETURN_IF_ERROR(source_.read(chunk.payload_offset, payload.data(), payload.size()).in(where(chunk)));
    const auto size = static_cast<size_t>(chunk.length);
    const auto stored = load_le<uint32_t>(payload.data() + size);
    payload.resize(size);
    const uint32_t computed = crc32_of(payload.data(), size, crc32_of(chunk.type.letters.data(), 4));
    if (stored != computed) return crc_error(chunk, stored, computed);
    return payload;
}

Status ChunkReader::read_whole(const Chunk& chunk, uint8_t* out) const {
    if (chunk.length > limits_.max_chunk_bytes) {
        return Status(ErrorCode::limit_exceeded, cat(where(chunk), ": ", chunk.length,
                                                     " bytes, the limit is ", limits_.max_chunk_bytes));
    }
    const auto length = static_cast<size_t>(chunk.length);
    const size_t size = length + kChunkHeaderBytes + kChunkTrailerBytes;
    NAE_RETURN_IF_ERROR(source_.read(chunk.offset, out, size).in(where(chunk)));
    const auto stored = load_le<uint32_t>(out + kChunkHeaderBytes + length);
    const uint32_t computed =
        crc32_of(out + kChunkHeaderBytes, length, crc32_of(chunk.type.letters.data(), 4));
    return stored == computed ? Status() : crc_error(chunk, stored, computed);
}

Status ChunkReader::check_crc(const Chunk& chunk) const {
    uint32_t computed = crc32_of(chunk.type.letters.data(), 4);
    std::vector<uint8_t> block(static_cast<size_t>(std::min<uint64_t>(chunk.length, 1 << 16)));
    for (uint64_t done = 0; done < chunk.length;) {
        const auto n = static_cast<size_t>(std::min<uint64_t>(block.size(), chunk.length - done));
        NAE_RETURN_IF_ERROR(source_.read(chunk.payload_offset + done, block.data(), n).in(where(chunk)));
        computed = crc32_of(block.data(), n, computed);
        done += n;
    }
    uint8_t trailer[kChunkTrailerBytes];
    NAE_RETURN_IF_ERROR(source_.read(chunk.crc_offset(), trailer, sizeof(trailer)).in(where(chunk)));
    const auto stored = load_le<uint32_t>(trailer);
    if (stored != computed) return crc_error(chunk, stored, computed);
    return {};
}

Status ChunkReader::skip_unknown(const Chunk& chunk) const {
    if (chunk.length > limits_.max_chunk_bytes) {
        return Status(ErrorCode::limit_exceeded, cat(where(chunk), ": ", chunk.length,
                                                     " bytes, the limit is ", limits_.max_chunk_bytes));
    }
    NAE_RETURN_IF_ERROR(check_crc(chunk));
    if (!chunk.type.critical()) return {};
    return Status(ErrorCode::unsupported,
                  cat(where(chunk), ": needed for reading, but unknown to this version"));
}

Status ChunkWriter::put(const void* bytes, size_t n) {
    if (finished_) return Status(ErrorCode::internal, "a chunk after the end");
    if (position_ == 0) {
        position_ = signature_.size();
        NAE_RETURN_IF_ERROR(sink_.write(signature_.data(), signature_.size()));
    }
    position_ += n;
    return sink_.write(bytes, n);
}

Status ChunkWriter::begin_chunk(ChunkType type, uint64_t length) {
    if (in_chunk_ || !type.valid()) {
        return Status(ErrorCode::internal,
                      cat("chunk '", type.text(), "' begun inside another, or impossible type"));
    }
    uint8_t header[kChunkHeaderBytes];
    std::memcpy(header, type.letters.data(), 4);
    store_le(length, header + 4);
    in_chunk_ = true;
    pending_ = length;
    crc_ = crc32_of(header, 4);
    return put(header, sizeof(header));
}

Status ChunkWriter::append(ByteSpan piece) {
    if (!in_chunk_ || piece.size() > pending_) {
        return Status(ErrorCode::internal, "more payload than the chunk's length");
    }
    pending_ -= piece.size();
    crc_ = crc32_of(piece.data(), piece.size(), crc_);
    return put(piece.data(), piece.size());
}

Status ChunkWriter::end_chunk() {
    if (!in_chunk_ || pending_ != 0)
        return Status(ErrorCode::internal, "less payload than the chunk's length");
    in_chunk_ = false;
    uint8_t trailer[kChunkTrailerBytes];
    store_le(crc_, trailer);
    return put(trailer, sizeof(trailer));
}

Status ChunkWriter::write_chunk(ChunkType type, ByteSpan payload) {
    NAE_RETURN_IF_ERROR(begin_chunk(type, payload.size()));
    NAE_RETURN_IF_ERROR(append(payload));
    return end_chunk();
}

Status ChunkWriter::finish() {
    NAE_RETURN_IF_ERROR(write_chunk(kChunkEnd, {}));
    finished_ = true;
    return {};
}

}  // namespace nae
