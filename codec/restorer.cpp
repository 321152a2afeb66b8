#include "codec/restorer.h"

#include <algorithm>
#include <cstring>

namespace nae {
namespace {

// Rows of pixels filtered at once: few enough for a core's cache, many for what is loaded beyond them.
constexpr int64_t kStripRows = 32;
constexpr int64_t kReach = kRestorationReach;

// Whole blocks that cover a window.
Rect blocks_of(const Rect& window) {
    const Rect cells = cells_of(window, kRestorationBlock);
    return {cells.x * kRestorationBlock, cells.y * kRestorationBlock, cells.w * kRestorationBlock,
            cells.h * kRestorationBlock};
}

Rect grown(const Rect& r) { return {r.x - kReach, r.y - kReach, r.w + 2 * kReach, r.h + 2 * kReach}; }

void copy_pixel(const int16_t* from, int16_t* to) { std::memcpy(to, from, kPixelChannels * sizeof(int16_t)); }

}  // namespace

// Blocks of some rows with the pixels around them, and what becomes of them.
struct Restorer::Strip {
    AlignedVector16 in, out;
    ptrdiff_t in_row = 0, out_row = 0;
    RestoreScratch scratch;
};

Rect Restorer::required(const Rect& window, const Extents& raster) {
    return intersect(grown(blocks_of(window)), whole(raster));
}

void Restorer::load(const CellRows& pixels, const Rect& available, const Rect& blocks, Strip& strip) const {
    const Rect around = grown(blocks);
    const int64_t x0 = std::max(around.x, available.x), x1 = std::min(around.right(), available.right());
    strip.in_row = static_cast<ptrdiff_t>(around.w) * kPixelChannels;
    strip.in.resize(static_cast<size_t>(strip.in_row * around.h) + kTensorSlack);
    std::fill_n(strip.in.end() - kTensorSlack, kTensorSlack, int16_t{0});
    for (int64_t y = around.y; y < around.bottom(); ++y) {
        int16_t* const row = strip.in.data() + (y - around.y) * strip.in_row;
        int16_t* const first = row + (x0 - around.x) * kPixelChannels;
        const int16_t* made =
            pixels.row(std::clamp(y, available.y, available.bottom() - 1), x0, x1 - x0, first);
        if (made != first)
            std::memcpy(first, made, static_cast<size_t>((x1 - x0) * kPixelChannels) * sizeof(int16_t));
        // Beyond the raster its outermost pixels repeat.
        for (int64_t x = around.x; x < x0; ++x) copy_pixel(first, row + (x - around.x) * kPixelChannels);
        const int16_t* const last = row + (x1 - 1 - around.x) * kPixelChannels;
        for (int64_t x = x1; x < around.right(); ++x) copy_pixel(last, row + (x - around.x) * kPixelChannels);
    }
}

Status Restorer::run(const CellRows& pixels, const Rect& available, const Extents& raster, const Rect& window,
                     ThreadTeam* team, const Row& row) const {
    if (window.empty() || !available.contains(required(window, raster)))
        return Status(ErrorCode::internal, "pixels that the restoration filter needs are missing");
    const Rect all = blocks_of(window);
    return share(team, div_up(all.h, kStripRows), [&](int64_t i) {
        const int64_t y = all.y + i * kStripRows;
        const Rect blocks{all.x, y, all.w, std::min(kStripRows, all.bottom() - y)};
        Strip strip;
        load(pixels, available, blocks, strip);
        strip.out_row = static_cast<ptrdiff_t>(blocks.w) * kPixelChannels + kRestoreSlack;
        strip.out.resize(static_cast<size_t>(strip.out_row * blocks.h));
        RestoreTask t;
        t.set = &set_;
        t.frac_bits = frac_bits_;
        t.in_row = strip.in_row;
        t.in = strip.in.data() + kReach * strip.in_row + kReach * kPixelChannels;
        t.out = strip.out.data();
        t.out_row = strip.out_row;
        t.h = static_cast<int>(blocks.h);
        t.w = static_cast<int>(blocks.w);
        t.scratch = &strip.scratch;
        kernels_.restore(t);
        const int64_t end = std::min(blocks.bottom(), window.bottom());
        for (int64_t r = std::max(blocks.y, window.y); r < end; ++r)
            NAE_RETURN_IF_ERROR(row(r, strip.out.data() + (r - blocks.y) * strip.out_row +
                                           (window.x - blocks.x) * kPixelChannels));
        return Status();
    });
}

}  // namespace nae
