// Bytes as a raw deflate stream of stored blocks: lets a fuzzer work on what is inside.
#ifndef NAE_TESTS_FUZZ_STORED_DEFLATE_H_
#define NAE_TESTS_FUZZ_STORED_DEFLATE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/little_endian.h"

namespace nae::fuzz {

inline void append_stored(std::vector<uint8_t>& out, const uint8_t* data, size_t size) {
    size_t at = 0;
    do {
        const size_t n = std::min<size_t>(size - at, 0xFFFF);
        out.push_back(at + n == size ? 1 : 0);
        append_le(out, static_cast<uint16_t>(n));
        append_le(out, static_cast<uint16_t>(~n));
        append_bytes(out, data + at, n);
        at += n;
    } while (at < size);
}

}  // namespace nae::fuzz

#endif  // NAE_TESTS_FUZZ_STORED_DEFLATE_H_
