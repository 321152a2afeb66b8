#include "codec/tile_payload.h"

#include "codec/substreams.h"
#include "format/text.h"

namespace nae {
namespace {

void append_varint(std::vector<uint8_t>& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(0x80 | (value & 0x7f)));
    out.push_back(static_cast<uint8_t>(value));
}

// Takes a length off the front of a payload.
Status cut_length(ByteSpan& payload, const char* what, uint64_t* length) {
    *length = 0;
    size_t position = 0;
    for (int shift = 0;; shift += 7) {
        if (position == payload.size() || shift > 28) {
            return Status(ErrorCode::corrupt, cat("length of the ", what, " stream is malformed"));
        }
        const uint8_t byte = payload[position++];
        *length |= static_cast<uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) break;
    }
    payload = payload.subspan(position);
    return Status();
}

Status cut_stream(ByteSpan& payload, const char* what, uint64_t length, ByteSpan* stream) {
    if (length > payload.size()) {
        return Status(ErrorCode::corrupt,
                      cat(what, " stream of ", length, " bytes in ", payload.size(), " that are left"));
    }
    *stream = payload.subspan(0, static_cast<size_t>(length));
    payload = payload.subspan(static_cast<size_t>(length));
    return Status();
}

Status cut_lengths(ByteSpan& payload, std::vector<uint64_t>& lengths) {
    int64_t half = 0;
    for (uint64_t& length : lengths) {
        uint64_t stored = 0;
        NAE_RETURN_IF_ERROR(cut_length(payload, "latent", &stored));
        const auto magnitude = static_cast<int64_t>((stored + 1) / 2);
        half += stored % 2 == 0 ? magnitude : -magnitude;
        if (half < 0) return Status(ErrorCode::corrupt, "length of a latent stream below zero");
        length = 2 * static_cast<uint64_t>(half);
    }
    return Status();
}

}  // namespace

void append_stream(std::vector<uint8_t>& out, const std::vector<uint8_t>& stream) {
    append_varint(out, stream.size());
    out.insert(out.end(), stream.begin(), stream.end());
}

void append_lengths(std::vector<uint8_t>& out, const std::vector<std::vector<uint8_t>>& streams) {
    int64_t before = 0;
    for (size_t i = 0; i + 1 < streams.size(); ++i) {
        const auto half = static_cast<int64_t>(streams[i].size() / 2);
        const int64_t longer = half - before;
        append_varint(out, static_cast<uint64_t>(longer >= 0 ? 2 * longer : -2 * longer - 1));
        before = half;
    }
}

Status cut_stream(ByteSpan& payload, const char* what, ByteSpan* stream) {
    uint64_t length = 0;
    NAE_RETURN_IF_ERROR(cut_length(payload, what, &length));
    return cut_stream(payload, what, length, stream);
}

Status cut_substreams(ByteSpan payload, int passes, std::vector<ByteSpan>* streams) {
    if (payload.empty()) return Status(ErrorCode::corrupt, "number of substreams is missing");
    const auto count = size_t{payload[0]};
    if (count < 1 || count > kMaxSubstreams)
        return Status(ErrorCode::corrupt, cat("number of substreams: ", count));
    payload = payload.subspan(1);
    const size_t all = count * static_cast<size_t>(passes);
    std::vector<uint64_t> lengths(all - 1);
    NAE_RETURN_IF_ERROR(cut_lengths(payload, lengths));
    for (size_t i = 0; i < all; ++i) {
        ByteSpan stream = payload;
        if (i + 1 < all) NAE_RETURN_IF_ERROR(cut_stream(payload, "latent", lengths[i], &stream));
        streams[i / count].push_back(stream);
    }
    return Status();
}

}  // namespace nae
