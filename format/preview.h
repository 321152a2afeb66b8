// pREV: a small picture of the picture, readable with zlib alone, so that a file browser needs no model.
//
//   payload = width (u16), height (u16), bands (u8: 1 or 3), then the rows, filtered as in PNG and deflated
//   (raw) rows    = for each row: filter (u8: 0 none, 1 sub, 2 up, 3 average, 4 Paeth), width * bands bytes
#ifndef NAE_FORMAT_PREVIEW_H_
#define NAE_FORMAT_PREVIEW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr uint16_t kPreviewMaxSide = 128;
// Pictures with more pixels than this get a preview unless the caller says otherwise; below it the few kB
// would weigh more than decoding costs.
constexpr uint64_t kPreviewMinPixels = 4'000'000;

struct Preview {
    uint16_t width = 0;           // 1 .. 128
    uint16_t height = 0;          // 1 .. 128
    uint8_t bands = 0;            // 1 (gray) or 3 (RGB)
    std::vector<uint8_t> pixels;  // width * height * bands, row by row, bands interleaved

    bool empty() const { return pixels.empty(); }
};

Result<std::vector<uint8_t>> serialise_preview(const Preview& preview);
// Errors: corrupt.
Result<Preview> parse_preview(ByteSpan payload);
// Its size and bands alone, without pixels: what can be checked in no time. Errors: corrupt.
Result<Preview> parse_preview_shape(ByteSpan payload);

// A preview that is kept as it is in its file takes no more than this: a payload can be larger only if it is made of empty blocks, or
// damaged. It is then packed anew, and cut off if it is damaged.
constexpr size_t kMostPackedPreviewBytes = size_t{64} << 10;
Status bound_packed_preview(std::vector<uint8_t>& payload);

// Averages a picture down to a preview while its rows pass by, so that the picture need not be in memory.
class PreviewBuilder {
  public:
    // Size of the picture; the preview keeps its proportions, its longer side at most 128, never enlarged.
    PreviewBuilder(uint32_t width, uint32_t height, uint8_t bands);

    // A band's samples of row `y`, `width` of them (each row at most once, any order). Rows and bands outside are ignored.
    void add_row(uint32_t y, size_t band, const uint8_t* samples);
    // The mean of what has arrived in each cell, rounded to nearest; 0 where nothing has.
    Preview finish() const;

  private:
    uint32_t width_;
    uint32_t height_;
    Preview shape_;
    std::vector<uint64_t> sums_;    // per preview sample
    std::vector<uint64_t> counts_;  // source pixels, for each of them
};

}  // namespace nae

#endif  // NAE_FORMAT_PREVIEW_H_
