// CRC-32 as in zlib, PNG and gzip (polynomial 0xEDB88320 reflected, initial value and final XOR 0xFFFFFFFF).
#ifndef NAE_FORMAT_CRC32_H_
#define NAE_FORMAT_CRC32_H_

#include <cstddef>
#include <cstdint>

namespace nae {

// CRC of `size` bytes; pass the CRC of what precedes them as `previous` to continue it.
uint32_t crc32_of(const void* bytes, size_t size, uint32_t previous = 0);

// CRC of A followed by B from the CRC of each and the length of B in bytes, without the data.
uint32_t crc32_joined(uint32_t crc_a, uint32_t crc_b, uint64_t length_b);

}  // namespace nae

#endif  // NAE_FORMAT_CRC32_H_
