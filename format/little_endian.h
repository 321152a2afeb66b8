// Integers in files are little-endian, whatever the machine. Compilers turn these loops into single moves.
#ifndef NAE_FORMAT_LITTLE_ENDIAN_H_
#define NAE_FORMAT_LITTLE_ENDIAN_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

// The integer of type T stored at `p` (sizeof(T) readable bytes, no alignment needed).
template <class T>
inline T load_le(const void* p) {
    static_assert(std::is_integral_v<T>);
    const auto* bytes = static_cast<const uint8_t*>(p);
    std::make_unsigned_t<T> value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<std::make_unsigned_t<T>>(value | static_cast<std::make_unsigned_t<T>>(bytes[i])
                                                                 << (8 * i));
    }
    return static_cast<T>(value);
}

template <class T>
inline void store_le(T value, void* p) {
    static_assert(std::is_integral_v<T>);
    auto* bytes = static_cast<uint8_t*>(p);
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<uint8_t>(bits >> (8 * i));
}

template <class T>
inline void append_le(std::vector<uint8_t>& out, T value) {
    const size_t at = out.size();
    out.resize(at + sizeof(T));
    store_le(value, out.data() + at);
}

// IEEE 754 binary32, as its 32 bits.
inline float load_le_float(const void* p) {
    static_assert(sizeof(float) == sizeof(uint32_t), "binary32");
    const auto bits = load_le<uint32_t>(p);
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline void append_le_float(std::vector<uint8_t>& out, float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    append_le(out, bits);
}

inline void append_bytes(std::vector<uint8_t>& out, const void* bytes, size_t size) {
    const auto* p = static_cast<const uint8_t*>(bytes);
    if (size != 0) out.insert(out.end(), p, p + size);
}

// Reads a payload field by field. Every read is bounds-checked; the error names the field and the offset
// inside the payload. Does not own the bytes.
class ByteReader {
  public:
    explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}

    size_t position() const { return position_; }
    size_t remaining() const { return bytes_.size() - position_; }

    template <class T>
    Status read(const char* field, T* out) {
        NAE_RETURN_IF_ERROR(need(field, sizeof(T)));
        *out = load_le<T>(bytes_.data() + position_);
        position_ += sizeof(T);
        return {};
    }

    // A view of the next `size` bytes.
    Status read_span(const char* field, size_t size, ByteSpan* out) {
        NAE_RETURN_IF_ERROR(need(field, size));
        *out = bytes_.subspan(position_, size);
        position_ += size;
        return {};
    }

    // Error `corrupt` unless every byte has been read.
    Status expect_end() const {
        if (remaining() == 0) return {};
        return Status(ErrorCode::corrupt, std::to_string(remaining()) + " unexpected bytes at offset " +
                                              std::to_string(position_));
    }

  private:
    Status need(const char* field, uint64_t size) const {
        if (size <= remaining()) return {};
        return Status(ErrorCode::corrupt, std::string(field) + ": " + std::to_string(size) +
                                              " bytes needed at offset " + std::to_string(position_) + ", " +
                                              std::to_string(remaining()) + " left");
    }

    ByteSpan bytes_;
    size_t position_ = 0;
};

}  // namespace nae

#endif  // NAE_FORMAT_LITTLE_ENDIAN_H_
