// Steps of the search for the cheapest path through the trellis of 256 states (trellis_path.h), many states at a time.
#if defined(NAE_CODEC_TRELLIS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_TRELLIS_LANES_INL_H_
#undef NAE_CODEC_TRELLIS_LANES_INL_H_
#else
#define NAE_CODEC_TRELLIS_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "codec/trellis_path.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Half of the states: the even ones, or the odd ones.
constexpr size_t kHalfOfStates = 128;

// A vector of some values each of whose places is that of a sequence with kXor added: x[i ^ kXor] for i = first ...
template <size_t kXor, class D>
struct Exchanged {
    decltype(hn::SetTableIndices(D(), static_cast<const int32_t*>(nullptr))) lanes;

    HWY_INLINE explicit Exchanged(D d) : lanes(indices(d)) {}
    static HWY_INLINE auto indices(D d) {
        alignas(64) int32_t from[16];
        for (size_t i = 0; i < hn::Lanes(d); ++i) from[i] = static_cast<int32_t>(i ^ (kXor % hn::Lanes(d)));
        return hn::SetTableIndices(d, from);
    }
    HWY_INLINE hn::Vec<D> load(D d, const float* x, size_t first) const {
        const size_t n = hn::Lanes(d);
        return hn::TableLookupLanes(hn::Load(d, x + (first ^ (kXor / n * n))), lanes);
    }
};

// Keeps the cheaper way into each of some states, and writes which one it was.
template <class D>
HWY_INLINE void keep_cheaper(D d, hn::Vec<D> by_even, hn::Vec<D> by_odd, size_t first, float* next,
                             uint8_t* decisions) {
    hn::Store(hn::Min(by_even, by_odd), d, next + first);
    const auto odd = hn::Lt(by_odd, by_even);
    if (hn::Lanes(d) >= 8) {
        hn::StoreMaskBits(d, odd, decisions + first / 8);
    } else {  // half a byte, the lower one first
        uint8_t bits[8] = {};
        hn::StoreMaskBits(d, odd, bits);
        uint8_t& byte = decisions[first / 8];
        byte = static_cast<uint8_t>(first % 8 == 0 ? bits[0] : byte | bits[0] << 4);
    }
}

void trellis_steps_lanes(const TrellisCosts* costs, size_t count, float* path, TrellisDecisions* decisions) {
    const hn::CappedTag<float, 16> d;
    using D = decltype(d);
    const size_t n = hn::Lanes(d);
    static_assert(kTrellisFeedback >= 128 && kTrellisParity < 128, "what follows from where");
    constexpr size_t kFeedback = kTrellisFeedback % kHalfOfStates, kParity = kTrellisParity;
    // State j < 128 follows the even states 2 j (by an even level) and 2 (j ^ kParity); state 128 + j the odd ones whose halves
    // are j ^ kFeedback and j ^ kFeedback ^ kParity.
    const Exchanged<kParity, D> by_parity(d);
    const Exchanged<kFeedback, D> by_feedback(d);
    const Exchanged<kFeedback ^ kParity, D> by_both(d);
    alignas(64) float even[kHalfOfStates], odd[kHalfOfStates], next[2 * kHalfOfStates];
    for (size_t i = 0; i < kHalfOfStates; ++i) {
        even[i] = path[2 * i];
        odd[i] = path[2 * i + 1];
    }
    for (size_t step = 0; step < count; ++step) {
        const auto q0_even = hn::Set(d, costs[step][0]), q0_odd = hn::Set(d, costs[step][1]),
                   q1_even = hn::Set(d, costs[step][2]), q1_odd = hn::Set(d, costs[step][3]);
        uint8_t* const bits = decisions[step].data();
        for (size_t i = 0; i < kHalfOfStates; i += n)
            keep_cheaper(d, hn::Add(hn::Load(d, even + i), q0_even),
                         hn::Add(by_parity.load(d, even, i), q0_odd), i, next, bits);
        for (size_t i = 0; i < kHalfOfStates; i += n)
            keep_cheaper(d, hn::Add(by_feedback.load(d, odd, i), q1_even),
                         hn::Add(by_both.load(d, odd, i), q1_odd), i, next + kHalfOfStates,
                         bits + kHalfOfStates / 8);
        if ((step + 1) % kStepsBetweenRebases == 0) {
            auto least = hn::Load(d, next);
            for (size_t i = n; i < 2 * kHalfOfStates; i += n) least = hn::Min(least, hn::Load(d, next + i));
            least = hn::MinOfLanes(d, least);
            for (size_t i = 0; i < 2 * kHalfOfStates; i += n)
                hn::Store(hn::Sub(hn::Load(d, next + i), least), d, next + i);
        }
        for (size_t i = 0; i < kHalfOfStates; i += n) {
            const auto low = hn::Load(d, next + 2 * i), high = hn::Load(d, next + 2 * i + n);
            hn::Store(hn::ConcatEven(d, high, low), d, even + i);
            hn::Store(hn::ConcatOdd(d, high, low), d, odd + i);
        }
    }
    for (size_t i = 0; i < kHalfOfStates; ++i) {
        path[2 * i] = even[i];
        path[2 * i + 1] = odd[i];
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
