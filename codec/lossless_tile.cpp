#include "codec/lossless_tile.h"

#include <algorithm>
#include <cstring>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/row_filter.h"
#include "format/text.h"

namespace nae {

namespace {

enum Method : uint8_t { kConstant = 0, kReference = 1, kRows = 2, kTwoValues = 3 };

// The first sample and the first that differs from it; `b` null when none does. False when there are more
// than two different ones.
bool at_most_two(ByteSpan samples, size_t size, const uint8_t*& a, const uint8_t*& b) {
    a = samples.data();
    b = nullptr;
    for (size_t at = size; at < samples.size(); at += size) {
        const uint8_t* sample = samples.data() + at;
        if (std::memcmp(sample, a, size) == 0) continue;
        if (b == nullptr) b = sample;
        if (std::memcmp(sample, b, size) != 0) return false;
    }
    return true;
}

std::vector<uint8_t> to_bits(ByteSpan samples, const LosslessShape& shape, const uint8_t* b) {
    const size_t stride = (shape.w + 7) / 8;
    std::vector<uint8_t> bits(stride * shape.h);
    for (size_t y = 0; y < shape.h; ++y) {
        for (size_t x = 0; x < shape.w; ++x) {
            if (std::memcmp(samples.data() + (y * shape.w + x) * shape.sample, b, shape.sample) == 0)
                bits[y * stride + x / 8] = static_cast<uint8_t>(bits[y * stride + x / 8] | 0x80 >> x % 8);
        }
    }
    return bits;
}

Status append_rows(ByteSpan rows, size_t stride, size_t pixel, std::vector<uint8_t>& out) {
    NAE_ASSIGN_OR_RETURN(const auto deflated, deflate_raw(filter_rows(rows, stride, pixel)));
    append_bytes(out, deflated.data(), deflated.size());
    return {};
}

Result<std::vector<uint8_t>> read_rows(ByteSpan stream, size_t rows, size_t stride, size_t pixel) {
    NAE_ASSIGN_OR_RETURN(const auto filtered, inflate_raw(stream, rows * (stride + 1)));
    return unfilter_rows(filtered, stride, pixel);
}

std::vector<uint8_t> constant(const uint8_t* sample, const LosslessShape& shape) {
    std::vector<uint8_t> out(shape.bytes());
    for (size_t at = 0; at < out.size(); at += shape.sample)
        std::memcpy(out.data() + at, sample, shape.sample);
    return out;
}

}  // namespace

Result<std::vector<uint8_t>> encode_lossless_tile(ByteSpan samples, const LosslessShape& shape,
                                                  PlaneKind kind) {
    std::vector<uint8_t> out;
    const uint8_t usual = default_byte(kind);
    if (std::all_of(samples.begin(), samples.end(), [usual](uint8_t v) { return v == usual; })) return out;
    const uint8_t *a = nullptr, *b = nullptr;
    if (!at_most_two(samples, shape.sample, a, b)) {
        out.push_back(kRows);
        NAE_RETURN_IF_ERROR(append_rows(samples, shape.w * shape.sample, shape.sample, out));
        return out;
    }
    out.push_back(b == nullptr ? kConstant : kTwoValues);
    append_bytes(out, a, shape.sample);
    if (b == nullptr) return out;
    append_bytes(out, b, shape.sample);
    NAE_RETURN_IF_ERROR(append_rows(to_bits(samples, shape, b), (shape.w + 7) / 8, 1, out));
    return out;
}

std::vector<uint8_t> lossless_reference(uint32_t plane) {
    std::vector<uint8_t> out = {kReference};
    append_le(out, plane);
    return out;
}

Result<std::optional<uint32_t>> referenced_plane(ByteSpan payload) {
    if (payload.empty() || payload[0] != kReference) return std::optional<uint32_t>();
    ByteReader in(payload.subspan(1));
    uint32_t plane = 0;
    NAE_RETURN_IF_ERROR(in.read("plane", &plane));
    NAE_RETURN_IF_ERROR(in.expect_end());
    return std::optional<uint32_t>(plane);
}

Result<std::vector<uint8_t>> decode_lossless_tile(ByteSpan payload, const LosslessShape& shape,
                                                  PlaneKind kind) {
    if (payload.empty()) return std::vector<uint8_t>(shape.bytes(), default_byte(kind));
    ByteReader in(payload.subspan(1));
    ByteSpan a, b;
    switch (payload[0]) {
        case kConstant:
            NAE_RETURN_IF_ERROR(in.read_span("sample", shape.sample, &a));
            NAE_RETURN_IF_ERROR(in.expect_end());
            return constant(a.data(), shape);
        case kRows:
            return read_rows(payload.subspan(1), shape.h, shape.w * shape.sample, shape.sample);
        case kTwoValues:
            break;
        default:
            return Status(ErrorCode::corrupt, cat("lossless method ", int{payload[0]}, ", allowed: 0..3"));
    }
    NAE_RETURN_IF_ERROR(in.read_span("sample", shape.sample, &a));
    NAE_RETURN_IF_ERROR(in.read_span("sample", shape.sample, &b));
    const size_t stride = (shape.w + 7) / 8;
    NAE_ASSIGN_OR_RETURN(const auto bits, read_rows(payload.subspan(1 + in.position()), shape.h, stride, 1));
    std::vector<uint8_t> out = constant(a.data(), shape);
    for (size_t y = 0; y < shape.h; ++y) {
        for (size_t x = 0; x < shape.w; ++x) {
            if ((bits[y * stride + x / 8] << x % 8 & 0x80) != 0)
                std::memcpy(out.data() + (y * shape.w + x) * shape.sample, b.data(), shape.sample);
        }
    }
    return out;
}

}  // namespace nae
