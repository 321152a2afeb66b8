// What the encoder is given: rows of samples, and how its bands are to be coded.
#ifndef NAE_CODEC_IMAGE_SOURCE_H_
#define NAE_CODEC_IMAGE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/band_table.h"
#include "format/header.h"
#include "format/status.h"

namespace nae {

// How the bands of a picture are coded. Ranges with lo > hi are yet to be measured by encode().
struct BandPlan {
    BandTable table;
    int alpha = -1;  // the band (from 0) that says how much the others count; -1: none
};

// One gray plane for each band, except that `rgb`, if it names three bands, go together, that `alpha` (-1: none)
// is stored losslessly, and that there is a mask plane if wanted. Byte has the range 0 .. 255, all other types
// the one that encode() measures. No special values; add_special() adds them.
BandPlan make_band_plan(int bands, DataType type, const std::vector<int>& rgb, int alpha, bool mask);
// Declares a value (nodata) of a band to be special: it is kept exactly, and nothing else becomes it. Nothing
// happens when the data type has no such value, or the band is lossless.
void add_special(BandPlan& plan, DataType type, int band, double value);

// The picture to be encoded.
class ImageSource {
  public:
    virtual ~ImageSource() = default;
    virtual uint32_t width() const = 0;
    virtual uint32_t height() const = 0;
    virtual int bands() const = 0;
    virtual DataType data_type() const { return DataType::byte; }
    // Default: 1 band gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha, any other number of gray bands.
    virtual BandPlan plan() const;
    // Writes rows [y, y + count) of the bands named (from 0): for each row the first band's samples, then the
    // second's, and so on, in the machine's byte order. In one pass over the picture y increases and every row
    // is read once; there may be several passes. Called from the thread that called encode().
    virtual Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) = 0;
    // The same for the mask, a byte for each pixel; only called when the plan has a mask plane.
    virtual Status read_mask(uint32_t y, uint32_t count, uint8_t* out);
    // The picture at a level from 1, of exactly level_side() pixels; null: made by averaging the level before.
    virtual ImageSource* level(int) { return nullptr; }
};

// An ImageSource over interleaved samples in memory (not owned).
class MemoryImageSource : public ImageSource {
  public:
    // row_stride: bytes from row to row; 0 = dense.
    MemoryImageSource(const void* pixels, uint32_t width, uint32_t height, int bands,
                      ptrdiff_t row_stride = 0, DataType type = DataType::byte);
    uint32_t width() const override { return width_; }
    uint32_t height() const override { return height_; }
    int bands() const override { return bands_; }
    DataType data_type() const override { return type_; }
    Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) override;

  private:
    const uint8_t* pixels_;
    uint32_t width_, height_;
    int bands_;
    ptrdiff_t row_stride_;
    DataType type_;
};

}  // namespace nae

#endif  // NAE_CODEC_IMAGE_SOURCE_H_
