// One row of the next level out of two of this one: means of 2 x 2 pixels.
#ifndef NAE_CODEC_HALVE_ROWS_H_
#define NAE_CODEC_HALVE_ROWS_H_

#include <cstdint>

#include "codec/sample_rows.h"

namespace nae {

// upper, lower: rows of `width` pixels, the same row twice at a bottom edge of odd height. out: a row of
// ceil(width / 2) pixels. Samples that are not valid do not count, the others as much as they are opaque; where
// none is valid, a special value stays one. A pixel is masked when all of its four are. Lossless bands other than
// alpha take the upper left sample.
void halve_rows(const RowShape& shape, const BandPlan& plan, const uint8_t* upper, const uint8_t* lower,
                int64_t width, uint8_t* out);

}  // namespace nae

#endif  // NAE_CODEC_HALVE_ROWS_H_
