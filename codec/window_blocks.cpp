#include "codec/window_blocks.h"

#include <algorithm>
#include <cstdint>

#include "codec/model.h"

namespace nae {
namespace {

// The most that a block's side may be. Around each, a halo of a cell is computed anew by a linear synthesis (an
// eighth more work at this size), but larger ones leave the cores' caches: 1024 took 2 % longer with one thread and 4 % with
// two. Each thread makes blocks of its own; of those that are left when all have as many, all threads share the rows of one after
// another. That wastes nothing, so what is small is one block.
constexpr int64_t kBlockSide = 512, kSmallSide = 1024;

}  // namespace

std::vector<Rect> split_into_blocks(const Rect& window) {
    const int64_t side = std::max(window.w, window.h) <= kSmallSide ? kSmallSide : kBlockSide;
    // Cuts lie on multiples of 16 pixels: a block that ends inside a cell would compute the rest for nothing. Lengths count from
    // the first of these, lest a window that begins inside a cell ends in a sliver of a block.
    const int64_t x0 = window.x / kLatentStride * kLatentStride,
                  y0 = window.y / kLatentStride * kLatentStride;
    const auto step = [side](int64_t length) {
        const int64_t count = div_up(length, side + kLatentStride);
        return div_up(div_up(length, count), kLatentStride) * kLatentStride;
    };
    const int64_t height = step(window.bottom() - y0), width = step(window.right() - x0);
    std::vector<Rect> blocks;
    for (int64_t y = y0; y < window.bottom(); y += height) {
        for (int64_t x = x0; x < window.right(); x += width) {
            blocks.push_back(intersect(Rect{x, y, width, height}, window));
        }
    }
    return blocks;
}

}  // namespace nae
