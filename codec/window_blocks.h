// The blocks that a window of pixels is synthesised in.
#ifndef NAE_CODEC_WINDOW_BLOCKS_H_
#define NAE_CODEC_WINDOW_BLOCKS_H_

#include <vector>

#include "codec/region.h"

namespace nae {

// Blocks of latent-aligned rows and columns that cover `window` (pixels, not empty), row by row, of about equal size: one where the
// window is small.
std::vector<Rect> split_into_blocks(const Rect& window);

}  // namespace nae

#endif  // NAE_CODEC_WINDOW_BLOCKS_H_
