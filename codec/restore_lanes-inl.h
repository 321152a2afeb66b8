// The restoration filter with vectors. restoration_filter.h has the formulas, restore_scalar.cpp the plain loops.
#if defined(NAE_CODEC_RESTORE_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_RESTORE_LANES_INL_H_
#undef NAE_CODEC_RESTORE_LANES_INL_H_
#else
#define NAE_CODEC_RESTORE_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "codec/engine_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kBlockValues = kRestorationBlock * 3;  // of a row of a block
// Values a row of luma has room for beyond its last pixel: loads go past it.
constexpr ptrdiff_t kLumaSlack = 64;

// acc + a[2i] * b[2i] + a[2i+1] * b[2i+1]
template <class D32, class V32, class V16>
HWY_INLINE V32 add_products_of_pairs(D32 d, V32 acc, V16 a, V16 b) {
#if HWY_ARCH_X86
    V32 unused = hn::Zero(d);
    return hn::ReorderWidenMulAccumulate(d, a, b, acc, unused);
#else
    V32 high = hn::Zero(d);
    const V32 low = hn::ReorderWidenMulAccumulate(d, a, b, hn::Zero(d), high);
    return hn::Add(acc, hn::RearrangeToOddPlusEven(low, high));
#endif
}

HWY_INLINE void clamp_row(int16_t* row, ptrdiff_t n, int16_t lo, int16_t hi) {
    const hn::CappedTag<int16_t, 32> d;
    const auto lanes = static_cast<ptrdiff_t>(hn::Lanes(d));
    const auto low = hn::Set(d, lo), high = hn::Set(d, hi);
    ptrdiff_t i = 0;
    for (; i + lanes <= n; i += lanes)
        hn::StoreU(hn::Min(hn::Max(hn::LoadU(d, row + i), low), high), d, row + i);
    for (; i < n; ++i) row[i] = std::clamp(row[i], lo, hi);
}

HWY_INLINE void luma_row(const int16_t* rgb, ptrdiff_t n, int frac_bits, int16_t* luma) {
    const int shift = frac_bits - 2;
    const hn::CappedTag<int16_t, 32> d;
    const auto lanes = static_cast<ptrdiff_t>(hn::Lanes(d));
    ptrdiff_t x = 0;
    for (; x + lanes <= n; x += lanes) {
        auto r = hn::Zero(d), g = hn::Zero(d), b = hn::Zero(d);
        hn::LoadInterleaved3(d, rgb + 3 * x, r, g, b);
        hn::StoreU(hn::ShiftRightSame(hn::Add(hn::Add(r, b), hn::Add(g, g)), shift), d, luma + x);
    }
    for (; x < n; ++x)
        luma[x] = static_cast<int16_t>((rgb[3 * x] + 2 * rgb[3 * x + 1] + rgb[3 * x + 2]) >> shift);
}

// Activities of a row of cells of 4 x 4 pixels: [direction][cell]. luma: the first pixel of the first cell; one more pixel
// on each side is there.
HWY_INLINE void cell_activities(const int16_t* luma, ptrdiff_t luma_row, ptrdiff_t cells, int32_t* out) {
    const hn::CappedTag<int16_t, 32> d;
    const hn::RepartitionToWide<decltype(d)> d32;
    const auto lanes = static_cast<ptrdiff_t>(hn::Lanes(d));
    const auto one = hn::Set(d, int16_t{1});
    const ptrdiff_t before[4] = {-1, -luma_row, -luma_row - 1, -luma_row + 1};
    HWY_ALIGN int32_t pairs[16];
    for (ptrdiff_t x = 0; x < 4 * cells; x += lanes) {
        const ptrdiff_t count = std::min(lanes / 4, cells - x / 4);
        for (int k = 0; k < 4; ++k) {
            auto sum = hn::Zero(d);  // at most 4 * 8160
            for (int y = 0; y < kRestorationBlock; ++y) {
                const int16_t* at = luma + y * luma_row + x;
                const auto centre = hn::LoadU(d, at);
                const auto both = hn::Add(hn::LoadU(d, at + before[k]), hn::LoadU(d, at - before[k]));
                sum = hn::Add(sum, hn::Abs(hn::Sub(hn::Add(centre, centre), both)));
            }
            hn::Store(add_products_of_pairs(d32, hn::Zero(d32), sum, one), d32, pairs);
            for (ptrdiff_t i = 0; i < count; ++i)
                out[k * cells + x / 4 + i] = pairs[2 * i] + pairs[2 * i + 1];
        }
    }
}

// One row of a block: its values and some behind them.
HWY_INLINE void restore_row(const int16_t* in, ptrdiff_t in_row, const int32_t* taps, const RestoreTask& t,
                            int16_t* out) {
    const hn::CappedTag<int16_t, 16> d;
    const hn::RepartitionToWide<decltype(d)> d32;
    constexpr int kStep = static_cast<int>(hn::MaxLanes(hn::CappedTag<int16_t, 16>()));
    const auto high = hn::Set(d, t.set->clip), low = hn::Neg(high);
    const auto most = hn::Set(d, white(t.frac_bits)), least = hn::Set(d, black(t.frac_bits));
    const auto half = hn::Set(d32, 1 << (kRestorationShift - 1));
    const auto clip = [&](hn::Vec<decltype(d)> v) HWY_ATTR { return hn::Min(hn::Max(v, low), high); };
    for (int i = 0; i < kBlockValues; i += kStep) {
        const auto centre = hn::LoadU(d, in + i);
        auto lower = half, upper = half;
        for (size_t k = 0; k < kRestorationOffsets.size(); ++k) {
            const ptrdiff_t to = kRestorationOffsets[k].dy * in_row + ptrdiff_t{3} * kRestorationOffsets[k].dx;
            const auto before = hn::Sub(hn::LoadU(d, in + i + to), centre);
            const auto after = hn::Sub(hn::LoadU(d, in + i - to), centre);
            const auto linear = hn::Add(before, after), clipped = hn::Add(clip(before), clip(after));
            const auto weights = hn::BitCast(d, hn::Set(d32, taps[k]));
            lower = add_products_of_pairs(d32, lower, hn::InterleaveLower(d, linear, clipped), weights);
            upper = add_products_of_pairs(d32, upper, hn::InterleaveUpper(d, linear, clipped), weights);
        }
        // Interleaving and demotion both work within 128 bits, so the order comes back.
        const auto change = hn::ReorderDemote2To(d, hn::ShiftRight<kRestorationShift>(lower),
                                                 hn::ShiftRight<kRestorationShift>(upper));
        hn::StoreU(hn::Min(hn::Max(hn::SaturatedAdd(centre, change), least), most), d, out + i);
    }
}

void restore_lanes(const RestoreTask& t) {
    constexpr ptrdiff_t kReach = kRestorationReach;
    const ptrdiff_t width = t.w + 2 * kReach, luma_stride = width + kLumaSlack;
    RestoreScratch& scratch = *t.scratch;
    scratch.luma.resize(static_cast<size_t>((t.h + 2 * kReach) * luma_stride + kLumaSlack));
    for (ptrdiff_t y = -kReach; y < t.h + kReach; ++y) {
        int16_t* const row = t.in + y * t.in_row - 3 * kReach;
        clamp_row(row, 3 * width, black(t.frac_bits), white(t.frac_bits));
        luma_row(row, width, t.frac_bits, scratch.luma.data() + (y + kReach) * luma_stride);
    }
    // Cells begin two pixels before blocks, so that four of them surround one.
    const ptrdiff_t across = t.w / kRestorationBlock + 1, down = t.h / kRestorationBlock + 1;
    scratch.cells.resize(static_cast<size_t>(4 * across * down));
    for (ptrdiff_t y = 0; y < down; ++y) {
        cell_activities(scratch.luma.data() + (kRestorationBlock * y + kReach - 2) * luma_stride + kReach - 2,
                        luma_stride, across, scratch.cells.data() + 4 * y * across);
    }
    for (ptrdiff_t y = 0; y + 1 < down; ++y) {
        const int32_t* upper = scratch.cells.data() + 4 * y * across;
        const int32_t* lower = upper + 4 * across;
        for (ptrdiff_t x = 0; x + 1 < across; ++x) {
            BlockActivity activity;
            for (ptrdiff_t k = 0; k < 4; ++k) {
                const ptrdiff_t at = k * across + x;
                activity[static_cast<size_t>(k)] = upper[at] + upper[at + 1] + lower[at] + lower[at + 1];
            }
            const RestorationTaps& taps =
                t.set->taps[static_cast<size_t>(restoration_class(*t.set, activity))];
            int32_t pairs[kRestorationPairs];
            for (size_t k = 0; k < taps.size(); ++k) {
                pairs[k] = static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint16_t>(taps[k].linear)) |
                                                static_cast<uint32_t>(static_cast<uint16_t>(taps[k].clipped))
                                                    << 16);
            }
            for (ptrdiff_t dy = 0; dy < kRestorationBlock; ++dy) {
                const ptrdiff_t row = kRestorationBlock * y + dy;
                restore_row(t.in + row * t.in_row + kBlockValues * x, t.in_row, pairs, t,
                            t.out + row * t.out_row + kBlockValues * x);
            }
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
