#include "format/crc32.h"

#include <zlib.h>

namespace nae {

uint32_t crc32_of(const void* bytes, size_t size, uint32_t previous) {
    if (size == 0) return previous;  // zlib takes a null pointer as a request for the initial value
    return static_cast<uint32_t>(crc32_z(previous, static_cast<const Bytef*>(bytes), size));
}

uint32_t crc32_joined(uint32_t crc_a, uint32_t crc_b, uint64_t length_b) {
    return static_cast<uint32_t>(crc32_combine(crc_a, crc_b, static_cast<z_off_t>(length_b)));
}

}  // namespace nae
