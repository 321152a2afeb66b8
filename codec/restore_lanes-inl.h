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

#include "codec/conv_lanes-inl.h"  // NAE_UNROLL
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

using DRestore = hn::CappedTag<int16_t, 32>;
using DRestore32 = hn::RepartitionToWide<DRestore>;
constexpr int kRestoreLanes = static_cast<int>(hn::MaxLanes(DRestore()));
// A row of a block has 12 values. 32 lanes take two blocks side by side, 16 one, 8 one in two steps.
constexpr int kBlocksAtOnce = kRestoreLanes >= 32 ? 2 : 1;
constexpr int kStepValues = kRestoreLanes >= 16 ? kBlocksAtOnce * kBlockValues : kRestoreLanes;
constexpr int kSteps = kBlocksAtOnce * kBlockValues <= kStepValues ? 1 : 2;
constexpr int kPairLanes = kRestoreLanes / 2;

// Weights of a class, two in one lane of 32 bits: linear and clipped. The last one holds minus the sum of all.
struct WeightPairs {
    int32_t pair[kRestorationPairs + 1];

    explicit WeightPairs(const RestorationTaps& taps) {
        int32_t sum = 0;
        for (size_t k = 0; k < taps.size(); ++k) {
            pair[k] = joined(taps[k].linear, taps[k].clipped);
            sum -= taps[k].linear + taps[k].clipped;
        }
        pair[kRestorationPairs] =
            joined(sum / 2, sum - sum / 2);  // magnitudes add up to less than 2^16: halves fit
    }
    static int32_t joined(int32_t low, int32_t high) {
        return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint16_t>(low)) |
                                    static_cast<uint32_t>(static_cast<uint16_t>(high)) << 16);
    }
};

// Weights of the blocks that are taken at once, as interleaved pairs need them: those that InterleaveLower() gives and those
// of InterleaveUpper(), which both work within 128 bits.
#if HWY_MAX_BYTES >= 64
struct LaneWeights {
    HWY_ALIGN int32_t lower_[kRestorationPairs + 1][kPairLanes];
    HWY_ALIGN int32_t upper_[kRestorationPairs + 1][kPairLanes];

    // Whole vectors are stored, since whole vectors are loaded next.
    LaneWeights(const WeightPairs& first, const WeightPairs& second) {
        const DRestore32 d;
        // Of 24 values the first 12 are the first block's; of each 8 the lower function takes the first four.
        const auto in_lower = hn::FirstN(d, 8), in_upper = hn::FirstN(d, 4);
        for (size_t k = 0; k <= kRestorationPairs; ++k) {
            const auto a = hn::Set(d, first.pair[k]), b = hn::Set(d, second.pair[k]);
            hn::Store(hn::IfThenElse(in_lower, a, b), d, lower_[k]);
            hn::Store(hn::IfThenElse(in_upper, a, b), d, upper_[k]);
        }
    }
    HWY_INLINE hn::Vec<DRestore> lower(size_t k) const {
        return hn::BitCast(DRestore(), hn::Load(DRestore32(), lower_[k]));
    }
    HWY_INLINE hn::Vec<DRestore> upper(size_t k) const {
        return hn::BitCast(DRestore(), hn::Load(DRestore32(), upper_[k]));
    }
};
#else
struct LaneWeights {
    const WeightPairs& only;
    LaneWeights(const WeightPairs& first, const WeightPairs&) : only(first) {}
    HWY_INLINE hn::Vec<DRestore> lower(size_t k) const {
        return hn::BitCast(DRestore(), hn::Set(DRestore32(), only.pair[k]));
    }
    HWY_INLINE hn::Vec<DRestore> upper(size_t k) const { return lower(k); }
};
#endif

#if HWY_ARCH_X86 && HWY_TARGET == HWY_AVX3_DL
#define NAE_RESTORE_VNNI 1
#else
#define NAE_RESTORE_VNNI 0
#endif

HWY_INLINE hn::Vec<DRestore32> add_weighted(hn::Vec<DRestore32> acc, hn::Vec<DRestore> pairs,
                                            hn::Vec<DRestore> w) {
#if NAE_RESTORE_VNNI
    asm("vpdpwssd %2, %1, %0" : "+v"(acc.raw) : "v"(pairs.raw), "v"(w.raw));  // see conv_lanes-inl.h
    return acc;
#else
    return add_products_of_pairs(DRestore32(), acc, pairs, w);
#endif
}

// One row of the blocks taken at once, and some values behind it. With p and m the two neighbours of a pair,
//   linear (p + m - 2 v) + clipped (clamp(p, v - clip, v + clip) + clamp(m, ...) - 2 v)
// so that what has to do with v alone is taken off once for all pairs.
HWY_INLINE void restore_row(const int16_t* in, const LaneWeights& weights, const RestoreTask& t,
                            int16_t* out) {
    const DRestore d;
    const DRestore32 d32;
    const auto clip = hn::Set(d, t.set->clip);
    const auto half = hn::Set(d32, 1 << (kRestorationShift - 1));
    for (int i = 0; i < kSteps * kStepValues; i += kStepValues) {
        const auto centre = hn::LoadU(d, in + i), twice = hn::Add(centre, centre);
        const auto low = hn::SaturatedSub(centre, clip), high = hn::SaturatedAdd(centre, clip);
        auto lower =
            add_weighted(half, hn::InterleaveLower(d, twice, twice), weights.lower(kRestorationPairs));
        auto upper =
            add_weighted(half, hn::InterleaveUpper(d, twice, twice), weights.upper(kRestorationPairs));
        NAE_UNROLL
        for (size_t k = 0; k < kRestorationPairs; ++k) {
            const PixelOffset& o = kRestorationOffsets[k];
            const auto p = hn::LoadU(d, in + i + o.dy * t.in_row + 3 * o.dx),
                       m = hn::LoadU(d, in + i - o.dy * t.in_row - 3 * o.dx);
            const auto linear = hn::Add(p, m);
            const auto clipped = hn::Add(hn::Min(hn::Max(p, low), high), hn::Min(hn::Max(m, low), high));
            lower = add_weighted(lower, hn::InterleaveLower(d, linear, clipped), weights.lower(k));
            upper = add_weighted(upper, hn::InterleaveUpper(d, linear, clipped), weights.upper(k));
        }
        const auto change = hn::ReorderDemote2To(d, hn::ShiftRight<kRestorationShift>(lower),
                                                 hn::ShiftRight<kRestorationShift>(upper));
        const auto most = hn::Set(d, white(t.frac_bits)), least = hn::Set(d, black(t.frac_bits));
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
        const auto taps_of = [&](ptrdiff_t x) -> const RestorationTaps& {
            BlockActivity activity;
            for (ptrdiff_t k = 0; k < 4; ++k) {
                const ptrdiff_t at = k * across + x;
                activity[static_cast<size_t>(k)] = upper[at] + upper[at + 1] + lower[at] + lower[at + 1];
            }
            return t.set->taps[static_cast<size_t>(restoration_class(*t.set, activity))];
        };
        for (ptrdiff_t x = 0; x + 1 < across; x += kBlocksAtOnce) {
            // What a last block without a second one gives lies behind the row.
            const WeightPairs first(taps_of(x)),
                second(taps_of(std::min<ptrdiff_t>(x + kBlocksAtOnce - 1, across - 2)));
            const LaneWeights weights(first, second);
            for (ptrdiff_t dy = 0; dy < kRestorationBlock; ++dy) {
                const ptrdiff_t row = kRestorationBlock * y + dy;
                restore_row(t.in + row * t.in_row + kBlockValues * x, weights, t,
                            t.out + row * t.out_row + kBlockValues * x);
            }
        }
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
