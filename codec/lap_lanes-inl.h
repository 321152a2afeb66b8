// Overlap of blocks with vectors. block_lap.h has the formulas.
#if defined(NAE_CODEC_LAP_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_LAP_LANES_INL_H_
#undef NAE_CODEC_LAP_LANES_INL_H_
#else
#define NAE_CODEC_LAP_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "codec/block_lap.h"
#include "codec/restore_lanes-inl.h"  // add_products_of_pairs, clamp_row

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kLapPairs = kLapReach / 2;  // differences are taken two at a time

// Two weights of a row in one lane of 32 bits.
HWY_INLINE int32_t weight_pair(const BlockLap& lap, int row, int pair) {
    const int16_t* w = lap.weights.data() + row * kLapReach + 2 * pair;
    return WeightPairs::joined(w[0], w[1]);
}

template <class D, class V>
HWY_INLINE V within_lap_limit(D d, V v) {
    return hn::Min(hn::Max(v, hn::Set(d, static_cast<int16_t>(-kLapLimit))), hn::Set(d, kLapLimit));
}

// 16 rows of n values with a border in their middle.
HWY_INLINE void lap_down(const BlockLap& lap, int16_t* pixels, ptrdiff_t row, ptrdiff_t n) {
    const hn::CappedTag<int16_t, 32> d;
    const hn::RepartitionToWide<decltype(d)> d32;
    const auto lanes = static_cast<ptrdiff_t>(hn::Lanes(d));
    int16_t* const border = pixels + kLapReach * row;
    const auto half = hn::Set(d32, 1 << (kLapShift - 1));
    ptrdiff_t x = 0;
    for (; x + lanes <= n; x += lanes) {
        hn::Vec<decltype(d)> lower[kLapPairs], upper[kLapPairs];
        const auto difference = [&](int j) HWY_ATTR {
            return hn::Sub(hn::LoadU(d, border - (j + 1) * row + x), hn::LoadU(d, border + j * row + x));
        };
        for (int p = 0; p < kLapPairs; ++p) {
            const auto even = difference(2 * p), odd = difference(2 * p + 1);
            lower[p] = hn::InterleaveLower(d, even, odd);
            upper[p] = hn::InterleaveUpper(d, even, odd);
        }
        for (int i = 0; i < kLapReach; ++i) {
            auto low = half, high = half;
            NAE_UNROLL
            for (int p = 0; p < kLapPairs; ++p) {
                const auto w = hn::BitCast(d, hn::Set(d32, weight_pair(lap, i, p)));
                low = add_products_of_pairs(d32, low, lower[p], w);
                high = add_products_of_pairs(d32, high, upper[p], w);
            }
            const auto e =
                hn::ReorderDemote2To(d, hn::ShiftRight<kLapShift>(low), hn::ShiftRight<kLapShift>(high));
            int16_t *const before = border - (i + 1) * row + x, *const after = border + i * row + x;
            hn::StoreU(within_lap_limit(d, hn::SaturatedAdd(hn::LoadU(d, before), e)), d, before);
            hn::StoreU(within_lap_limit(d, hn::SaturatedSub(hn::LoadU(d, after), e)), d, after);
        }
    }
    lap_columns_scalar(lap, pixels + x, row, n - x);
}

// Weights as lap_across() multiplies them: four rows in a vector, two differences in a lane.
struct AcrossWeights {
    HWY_ALIGN int32_t pair[kLapPairs][kLapReach];
    explicit AcrossWeights(const BlockLap& lap) {
        for (int p = 0; p < kLapPairs; ++p)
            for (int i = 0; i < kLapReach; ++i) pair[p][i] = weight_pair(lap, i, p);
    }
};

// A border across a row. One vector holds one channel of the 8 pixels on a side.
HWY_INLINE void lap_across(const AcrossWeights& weights, int16_t* border) {
    const hn::FixedTag<int16_t, kLapReach> d;
    const hn::RepartitionToWide<decltype(d)> d32;
    using V = hn::Vec<decltype(d)>;
    V before[3], after[3];
    hn::LoadInterleaved3(d, border - 3 * kLapReach, before[0], before[1], before[2]);
    hn::LoadInterleaved3(d, border, after[0], after[1], after[2]);
    for (int c = 0; c < 3; ++c) {
        const auto pairs = hn::BitCast(d32, hn::Sub(hn::Reverse(d, before[c]), after[c]));
        auto first = hn::Set(d32, 1 << (kLapShift - 1)), last = first;
        const auto add = [&](auto two, int p) HWY_ATTR {
            const auto both = hn::BitCast(d, two);
            first = add_products_of_pairs(d32, first, both, hn::BitCast(d, hn::Load(d32, weights.pair[p])));
            last = add_products_of_pairs(d32, last, both, hn::BitCast(d, hn::Load(d32, weights.pair[p] + 4)));
        };
        add(hn::Broadcast<0>(pairs), 0);
        add(hn::Broadcast<1>(pairs), 1);
        add(hn::Broadcast<2>(pairs), 2);
        add(hn::Broadcast<3>(pairs), 3);
        const auto e =
            hn::ReorderDemote2To(d, hn::ShiftRight<kLapShift>(first), hn::ShiftRight<kLapShift>(last));
        before[c] = within_lap_limit(d, hn::SaturatedAdd(before[c], hn::Reverse(d, e)));
        after[c] = within_lap_limit(d, hn::SaturatedSub(after[c], e));
    }
    hn::StoreInterleaved3(before[0], before[1], before[2], d, border - 3 * kLapReach);
    hn::StoreInterleaved3(after[0], after[1], after[2], d, border);
}

void lap_lanes(const LapTask& t) {
    const auto n = static_cast<ptrdiff_t>(3 * t.w);
    for (int y = 0; y < t.h; ++y)
        clamp_row(t.pixels + y * t.row, n, static_cast<int16_t>(-kLapLimit), kLapLimit);
    if (t.h == kLapSide) lap_down(*t.lap, t.pixels, t.row, n);
    const AcrossWeights weights(*t.lap);
    for (int y = 0; y < t.h; ++y)
        for (int64_t x = t.first_border; x + kLapReach <= t.w; x += kLapSide)
            lap_across(weights, t.pixels + y * t.row + 3 * x);
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
