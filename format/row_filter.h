// PNG's row filters (RFC 2083, section 6): what stands before deflate in the preview and in lossless tiles.
#ifndef NAE_FORMAT_ROW_FILTER_H_
#define NAE_FORMAT_ROW_FILTER_H_

#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

// Whole rows of `stride` bytes (at least 1), filtered: before each row the number of the filter chosen for it
// (0 none, 1 sub, 2 up, 3 average, 4 Paeth). `pixel`: bytes from a sample to the one left of it.
std::vector<uint8_t> filter_rows(ByteSpan rows, size_t stride, size_t pixel);

// The inverse, for whole rows of stride + 1 bytes. Error: corrupt (no such filter).
Result<std::vector<uint8_t>> unfilter_rows(ByteSpan filtered, size_t stride, size_t pixel);

}  // namespace nae

#endif  // NAE_FORMAT_ROW_FILTER_H_
