// The restoration filter of training for one pixel or block of a batch, and its gradient. Loops over these make up what
// restoration_kernels.h does for one picture: the form that suits a GPU (cuda/kernels.cu), where each of very many threads
// gathers what belongs to its pixel. Where the loops are is the caller's business, so that they are tested without one.
#pragma once

#include <cstdint>

#include "codec/restoration_filter.h"
#include "training/element.h"

namespace nae::training {

// A batch of pictures of one size and the filter, flat. Nothing here owns memory.
struct RestorationBatch {
    int32_t count = 0, height = 0, width = 0;  // pictures; pixels, multiples of 8; fewer than 2^29 in all
    float scale = 1;                           // from stored values to units of the synthesis' output
    float to_sixteenths = 1;  // from those units to sixteenths of a grey level, of which luma has four times

    const float* quality = nullptr;  // [count], 0 .. 1
    int32_t sets = 0, activities = 0;
    const float* clips = nullptr;         // [sets]
    const int32_t* thresholds = nullptr;  // [sets][activities - 1]
    const float* taps = nullptr;          // [sets][activities * 5][12][2]: linear, clipped
    const int8_t* offsets = nullptr;      // [12][2]: dy, dx of kRestorationOffsets

    float* planes = nullptr;  // [count][4][height][width]: R, G, B, luma; made by unpack_pixel()
    int32_t* classes =
        nullptr;  // [count][height / 4][width / 4]: made by classify_block(); class of all sets
};

struct PixelPlace {
    int32_t n, y, x;
};
NAE_ELEMENT PixelPlace place_of(const RestorationBatch& b, int32_t i, int32_t block) {
    const int32_t width = b.width / block, height = b.height / block;
    return {i / (width * height), i / width % height, i % width};
}

// Where a pixel's three values lie among cells of 8 x 8 pixels.
NAE_ELEMENT int32_t in_cells(const RestorationBatch& b, const PixelPlace& p) {
    return 3 * (((p.n * (b.height / 8) + p.y / 8) * (b.width / 8) + p.x / 8) * 64 + p.y % 8 * 8 + p.x % 8);
}

NAE_ELEMENT int32_t between(int32_t v, int32_t low, int32_t high) {
    return v < low ? low : v > high ? high : v;
}
NAE_ELEMENT float between(float v, float low, float high) { return v < low ? low : v > high ? high : v; }

NAE_ELEMENT const float* plane_of(const RestorationBatch& b, int32_t n, int32_t plane) {
    return b.planes + static_cast<int64_t>(4 * n + plane) * b.height * b.width;
}

// i: pixel of the batch.
NAE_ELEMENT void unpack_pixel(const RestorationBatch& b, int32_t i, const float* cells) {
    const PixelPlace p = place_of(b, i, 1);
    const float low = -b.scale, high = b.scale * (127.0F / 128.0F);
    const float* from = cells + in_cells(b, p);
    float v[3];
    for (int c = 0; c < 3; ++c) v[c] = between(from[c] * b.scale, low, high);
    float* to = b.planes + static_cast<int64_t>(4 * p.n) * b.height * b.width + p.y * b.width + p.x;
    const int64_t plane = static_cast<int64_t>(b.height) * b.width;
    for (int c = 0; c < 3; ++c) to[c * plane] = v[c];
    to[3 * plane] = (v[0] + 2 * v[1] + v[2]) * b.to_sixteenths;
}

// RestorationFilter::at().
NAE_ELEMENT int32_t set_of(const RestorationBatch& b, float quality) {
    const auto centi = static_cast<int32_t>(static_cast<double>(quality) * 9900 + 0.5);
    return (2 * centi * (b.sets - 1) + 9900) / (2 * 9900);
}

NAE_ELEMENT bool ratio_above_three_halves(int64_t high, int64_t low) { return 2 * high > 3 * low; }

// i: block of 4 x 4 pixels of the batch. block_activity() and restoration_class().
NAE_ELEMENT void classify_block(const RestorationBatch& b, int32_t i) {
    const PixelPlace p = place_of(b, i, kRestorationBlock);
    const float* luma = plane_of(b, p.n, 3);
    const int32_t bottom = b.height - 1, right = b.width - 1;
    float horizontal = 0, vertical = 0, falling = 0, rising = 0;
    for (int32_t dy = -2; dy < 6; ++dy) {
        const int32_t y = 4 * p.y + dy;
        const float* above = luma + between(y - 1, 0, bottom) * b.width;
        const float* here = luma + between(y, 0, bottom) * b.width;
        const float* below = luma + between(y + 1, 0, bottom) * b.width;
        for (int32_t dx = -2; dx < 6; ++dx) {
            const int32_t x = between(4 * p.x + dx, 0, right), left = between(4 * p.x + dx - 1, 0, right),
                          after = between(4 * p.x + dx + 1, 0, right);
            const float twice = 2 * here[x];
            const auto size = [](float v) { return v < 0 ? -v : v; };
            horizontal += size(twice - here[left] - here[after]);
            vertical += size(twice - above[x] - below[x]);
            falling += size(twice - above[left] - below[after]);
            rising += size(twice - above[after] - below[left]);
        }
    }
    const auto h = static_cast<int64_t>(horizontal), v = static_cast<int64_t>(vertical),
               f = static_cast<int64_t>(falling), r = static_cast<int64_t>(rising);
    const int64_t straight_high = h > v ? h : v, straight_low = h > v ? v : h, diagonal_high = f > r ? f : r,
                  diagonal_low = f > r ? r : f;
    int32_t direction = 0;
    if (straight_high * diagonal_low >= diagonal_high * straight_low) {
        if (ratio_above_three_halves(straight_high, straight_low)) direction = h > v ? 1 : 2;
    } else if (ratio_above_three_halves(diagonal_high, diagonal_low)) {
        direction = f > r ? 3 : 4;
    }
    const int32_t set = set_of(b, b.quality[p.n]);
    int32_t level = 0;
    while (level < b.activities - 1 && h + v >= b.thresholds[set * (b.activities - 1) + level]) ++level;
    b.classes[i] = (set * b.activities + level) * kRestorationDirections + direction;
}

NAE_ELEMENT int32_t class_at(const RestorationBatch& b, int32_t n, int32_t y, int32_t x) {
    return b.classes[(n * (b.height / 4) + y / 4) * (b.width / 4) + x / 4];
}

// i: pixel of the batch. out: cells.
NAE_ELEMENT void filter_pixel(const RestorationBatch& b, int32_t i, float* out) {
    const PixelPlace p = place_of(b, i, 1);
    const int32_t group = class_at(b, p.n, p.y, p.x);
    const float* taps = b.taps + group * (2 * kRestorationPairs);
    const float clip = b.clips[group / (b.activities * kRestorationDirections)];
    const float low = -b.scale, high = b.scale * (127.0F / 128.0F);
    for (int c = 0; c < 3; ++c) {
        const float* plane = plane_of(b, p.n, c);
        const float centre = plane[p.y * b.width + p.x];
        float sum = centre;
        for (int k = 0; k < kRestorationPairs; ++k) {
            const int dy = b.offsets[2 * k], dx = b.offsets[2 * k + 1];
            const float first =
                plane[between(p.y + dy, 0, b.height - 1) * b.width + between(p.x + dx, 0, b.width - 1)] -
                centre;
            const float second =
                plane[between(p.y - dy, 0, b.height - 1) * b.width + between(p.x - dx, 0, b.width - 1)] -
                centre;
            sum += taps[2 * k] * (first + second) +
                   taps[2 * k + 1] * (between(first, -clip, clip) + between(second, -clip, clip));
        }
        out[in_cells(b, p) + c] = between(sum, low, high) / b.scale;
    }
}

// Slope of a tap where the neighbour is `difference` away.
NAE_ELEMENT float slope_of(const float* tap, float clip, float difference) {
    return tap[0] + (difference < clip && difference > -clip ? tap[1] : 0.0F);
}

// i: pixel of the batch. gradient: with respect to what filter_pixel() gives, cells. out: with respect to the pixel, cells.
// Limits to black and white let the gradient pass, as restore_backward() does.
NAE_ELEMENT void filter_gradient_pixel(const RestorationBatch& b, int32_t i, const float* gradient,
                                       float* out) {
    const PixelPlace p = place_of(b, i, 1);
    const int32_t group = class_at(b, p.n, p.y, p.x);
    const int32_t classes = b.activities * kRestorationDirections;
    const float* own_taps = b.taps + group * (2 * kRestorationPairs);
    const float clip = b.clips[group / classes];  // the same in all of the picture
    // Pixels beyond the border are copies of this one: they are neighbours, too.
    const int32_t y0 = p.y == 0 ? -kRestorationReach : p.y,
                  y1 = p.y == b.height - 1 ? p.y + kRestorationReach : p.y;
    const int32_t x0 = p.x == 0 ? -kRestorationReach : p.x,
                  x1 = p.x == b.width - 1 ? p.x + kRestorationReach : p.x;
    float sum[3], value[3];
    const float* planes[3];
    const float* own = gradient + in_cells(b, p);
    for (int c = 0; c < 3; ++c) {
        planes[c] = plane_of(b, p.n, c);
        value[c] = planes[c][p.y * b.width + p.x];
        sum[c] = own[c];
    }
    for (int k = 0; k < 2 * kRestorationPairs; ++k) {
        const int sign = k < kRestorationPairs ? 1 : -1,
                  pair = k < kRestorationPairs ? k : k - kRestorationPairs;
        const int dy = sign * b.offsets[2 * pair], dx = sign * b.offsets[2 * pair + 1];
        // As the centre.
        const int32_t to = between(p.y + dy, 0, b.height - 1) * b.width + between(p.x + dx, 0, b.width - 1);
        for (int c = 0; c < 3; ++c)
            sum[c] -= own[c] * slope_of(own_taps + 2 * pair, clip, planes[c][to] - value[c]);
        // As the neighbour of another one.
        for (int32_t y = y0; y <= y1; ++y) {
            for (int32_t x = x0; x <= x1; ++x) {
                const PixelPlace centre{p.n, y - dy, x - dx};
                if (centre.y < 0 || centre.y >= b.height || centre.x < 0 || centre.x >= b.width) continue;
                const float* tap =
                    b.taps + 2 * (class_at(b, p.n, centre.y, centre.x) * kRestorationPairs + pair);
                const float* g = gradient + in_cells(b, centre);
                for (int c = 0; c < 3; ++c)
                    sum[c] += g[c] * slope_of(tap, clip, value[c] - planes[c][centre.y * b.width + centre.x]);
            }
        }
    }
    for (int c = 0; c < 3; ++c) out[in_cells(b, p) + c] = sum[c];
}

}  // namespace nae::training
