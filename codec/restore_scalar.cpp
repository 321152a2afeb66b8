// The reference of the restoration filter: loops that read like the specification.
#include <algorithm>
#include <cstdlib>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

constexpr int kChannels = 3;

// In sixteenths of a grey level.
int luma(const int16_t* rgb, int frac_bits) { return (rgb[0] + 2 * rgb[1] + rgb[2]) >> (frac_bits - 2); }

int16_t restored(const RestoreTask& t, const RestorationTaps& taps, const int16_t* value) {
    const int clip = t.set->clip;
    int32_t sum = 1 << (kRestorationShift - 1);
    for (size_t k = 0; k < taps.size(); ++k) {
        const PixelOffset& offset = kRestorationOffsets[k];
        const ptrdiff_t to = offset.dy * t.in_row + static_cast<ptrdiff_t>(offset.dx) * kChannels;
        const int before = value[to] - *value, after = value[-to] - *value;
        sum += taps[k].linear * (before + after) +
               taps[k].clipped * (std::clamp(before, -clip, clip) + std::clamp(after, -clip, clip));
    }
    const int made = *value + (sum >> kRestorationShift);
    return static_cast<int16_t>(std::clamp<int>(made, black(t.frac_bits), white(t.frac_bits)));
}

}  // namespace

BlockActivity block_activity(const int16_t* rgb, ptrdiff_t row_stride, int output_frac_bits) {
    const auto at = [&](int y, int x) {
        return luma(rgb + y * row_stride + ptrdiff_t{kChannels} * x, output_frac_bits);
    };
    BlockActivity sums{};
    for (int y = -2; y < kRestorationBlock + 2; ++y) {
        for (int x = -2; x < kRestorationBlock + 2; ++x) {
            const int twice = 2 * at(y, x);
            sums[0] += std::abs(twice - at(y, x - 1) - at(y, x + 1));
            sums[1] += std::abs(twice - at(y - 1, x) - at(y + 1, x));
            sums[2] += std::abs(twice - at(y - 1, x - 1) - at(y + 1, x + 1));
            sums[3] += std::abs(twice - at(y - 1, x + 1) - at(y + 1, x - 1));
        }
    }
    return sums;
}

void restore_scalar(const RestoreTask& t) {
    for (int y = -kRestorationReach; y < t.h + kRestorationReach; ++y) {
        int16_t* const row = t.in + y * t.in_row;
        for (int i = -kRestorationReach * kChannels; i < (t.w + kRestorationReach) * kChannels; ++i)
            row[i] = std::clamp(row[i], black(t.frac_bits), white(t.frac_bits));
    }
    for (int y = 0; y < t.h; y += kRestorationBlock) {
        for (int x = 0; x < t.w; x += kRestorationBlock) {
            const ptrdiff_t first = ptrdiff_t{kChannels} * x;
            const BlockActivity activity = block_activity(t.in + y * t.in_row + first, t.in_row, t.frac_bits);
            const RestorationTaps& taps =
                t.set->taps[static_cast<size_t>(restoration_class(*t.set, activity))];
            for (int dy = 0; dy < kRestorationBlock; ++dy) {
                for (ptrdiff_t i = first; i < first + kRestorationBlock * kChannels; ++i)
                    t.out[(y + dy) * t.out_row + i] = restored(t, taps, t.in + (y + dy) * t.in_row + i);
            }
        }
    }
}

}  // namespace nae
