#include "format/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "format/text.h"

namespace nae {

namespace {

constexpr int kRawWindowBits = -15;  // negative: no wrapper
constexpr int kMemoryLevel = 9;

// zlib counts in 32 bits: buffers are handed over in pieces.
constexpr size_t kPiece = size_t{1} << 30;

constexpr size_t kMaxRatio = 1032;

uInt take(size_t& left) {
    const size_t n = std::min(left, kPiece);
    left -= n;
    return static_cast<uInt>(n);
}

}  // namespace

Result<std::vector<uint8_t>> deflate_raw(ByteSpan bytes) {
    z_stream z{};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, kRawWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return Status(ErrorCode::internal, "deflateInit2 failed");
    }
    std::vector<uint8_t> out(deflateBound(&z, static_cast<uLong>(bytes.size())));
    size_t in_left = bytes.size();
    size_t out_left = out.size();
    z.next_in = const_cast<Bytef*>(bytes.data());  // zlib's interface lacks the const
    z.next_out = out.data();
    int code = Z_OK;
    while (code == Z_OK) {
        if (z.avail_in == 0) z.avail_in = take(in_left);
        if (z.avail_out == 0) z.avail_out = take(out_left);
        code = deflate(&z, in_left == 0 ? Z_FINISH : Z_NO_FLUSH);
    }
    out.resize(static_cast<size_t>(z.next_out - out.data()));
    deflateEnd(&z);
    if (code != Z_STREAM_END) return Status(ErrorCode::internal, cat("deflate failed with code ", code));
    return out;
}

Result<std::vector<uint8_t>> inflate_raw(ByteSpan stream, size_t size) {
    // Before the allocation: deflate never does better than 258 bytes for 2 bits.
    if (size / kMaxRatio > stream.size()) {
        return Status(ErrorCode::corrupt,
                      cat("deflate stream of ", stream.size(), " bytes cannot hold ", size));
    }
    z_stream z{};
    if (inflateInit2(&z, kRawWindowBits) != Z_OK) return Status(ErrorCode::internal, "inflateInit2 failed");
    std::vector<uint8_t> out(size);
    uint8_t spare = 0;  // zlib insists on somewhere to write, even for an empty result
    size_t in_left = stream.size();
    size_t out_left = size;
    z.next_in = const_cast<Bytef*>(stream.data());
    z.next_out = size != 0 ? out.data() : &spare;
    int code = Z_OK;
    while (code == Z_OK) {
        if (z.avail_in == 0) z.avail_in = take(in_left);
        if (z.avail_out == 0) z.avail_out = take(out_left);
        code = inflate(&z, Z_NO_FLUSH);  // Z_BUF_ERROR once neither input nor room is left
    }
    const bool all_in = z.avail_in == 0 && in_left == 0;
    const bool all_out = z.avail_out == 0 && out_left == 0;
    inflateEnd(&z);
    if (code != Z_STREAM_END || !all_in || !all_out) {
        return Status(ErrorCode::corrupt, cat("deflate stream of ", stream.size(),
                                              " bytes is damaged or does not hold ", size, " bytes"));
    }
    return out;
}

}  // namespace nae
