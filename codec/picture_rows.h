// The rows of a picture that the encoder needs at the moment: a window that slides down an ImageSource.
#ifndef NAE_CODEC_PICTURE_ROWS_H_
#define NAE_CODEC_PICTURE_ROWS_H_

#include <cstdint>
#include <vector>

#include "codec/encoder.h"
#include "codec/region.h"
#include "format/preview.h"

namespace nae {

class PictureRows {
  public:
    // preview, which may be null, sees every row once. Neither is owned.
    PictureRows(ImageSource& image, PreviewBuilder* preview)
        : image_(image),
          preview_(preview),
          width_(image.width()),
          height_(image.height()),
          bands_(image.bands()),
          row_bytes_(static_cast<size_t>(width_) * static_cast<size_t>(bands_)) {}

    // Makes rows up to `end` (at most the picture's height) available and forgets those above `begin`.
    Status advance(int64_t begin, int64_t end);

    // Analysis input: RGB floats (pixel - 128) / 128 of a rectangle, which may reach beyond the right and
    // bottom edge; there the last column and row are repeated. Gray is fed as R = G = B. Rows must be
    // available.
    void fill(const Rect& rect, float* out) const;

  private:
    ImageSource& image_;
    PreviewBuilder* preview_;
    int64_t width_;
    int64_t height_;
    int bands_;
    size_t row_bytes_;
    int64_t first_ = 0;  // row that rows_ starts with
    int64_t next_ = 0;   // row to be read next
    std::vector<uint8_t> rows_;
};

}  // namespace nae

#endif  // NAE_CODEC_PICTURE_ROWS_H_
