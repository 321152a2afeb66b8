// Raw deflate streams (RFC 1951, no zlib or gzip wrapper: the chunk's CRC already protects them).
#ifndef NAE_FORMAT_DEFLATE_H_
#define NAE_FORMAT_DEFLATE_H_

#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

Result<std::vector<uint8_t>> deflate_raw(ByteSpan bytes);

// The stream must end exactly with the input and yield exactly `size` bytes; anything else is corrupt.
// The caller checks `size` against a limit first.
Result<std::vector<uint8_t>> inflate_raw(ByteSpan stream, size_t size);

}  // namespace nae

#endif  // NAE_FORMAT_DEFLATE_H_
