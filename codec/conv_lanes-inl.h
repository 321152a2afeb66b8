// What the convolutions of an instruction set have in common: vectors of sums, their products, and
// their way to the output.
#if defined(NAE_CODEC_CONV_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_LANES_INL_H_
#undef NAE_CODEC_CONV_LANES_INL_H_
#else
#define NAE_CODEC_CONV_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "codec/engine_kernels.h"

// Loops over a tile must vanish, or its accumulators would live in memory.
#undef NAE_UNROLL
#if defined(__clang__)
#define NAE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NAE_UNROLL _Pragma("GCC unroll 32")
#endif

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D32 = hn::CappedTag<int32_t, kConvBlock>;
using D16 = hn::Repartition<int16_t, D32>;  // pairs: as many bits as D32
using DOut = hn::Rebind<int16_t, D32>;      // as many lanes as D32
using V32 = hn::Vec<D32>;
using V16 = hn::Vec<D16>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D32()));
static_assert(kConvBlock % kLanes == 0, "vectors must tile a block of packed weights");

// acc + a[2i] * b[2i] + a[2i+1] * b[2i+1]
HWY_INLINE V32 multiply_add_pairs(V32 acc, V16 a, V16 b) {
#if HWY_ARCH_X86 && HWY_TARGET == HWY_AVX3_DL
    // AVX-512 VNNI's vpdpwssd. Not the intrinsic: Highway 1.0 does not enable VNNI for this target, although
    // every processor of it has the instruction (simd_kernels() checks), and clang has no way to add a
    // feature here.
    asm("vpdpwssd %2, %1, %0" : "+v"(acc.raw) : "v"(a.raw), "v"(b.raw));
    return acc;
#elif HWY_ARCH_X86
    V32 unused = hn::Zero(D32());
    return hn::ReorderWidenMulAccumulate(D32(), a, b, acc, unused);
#else
    V32 high = hn::Zero(D32());
    const V32 low = hn::ReorderWidenMulAccumulate(D32(), a, b, hn::Zero(D32()), high);
    return hn::Add(acc, hn::RearrangeToOddPlusEven(low, high));
#endif
}

// Two adjacent activations in all lanes.
HWY_INLINE V16 broadcast_pair(const int16_t* p) {
    int32_t pair;
    std::memcpy(&pair, p, sizeof pair);
    return hn::BitCast(D16(), hn::Set(D32(), pair));
}

// (int64(acc) * mult + 2^31) >> 32
HWY_INLINE V32 requantise_lanes(V32 acc, V32 mult) {
    const hn::RepartitionToWide<D32> d64;
    const hn::RebindToUnsigned<decltype(d64)> du64;
    const auto half = hn::Set(d64, int64_t{1} << 31);
    const auto odd_lanes = [&](V32 v) HWY_ATTR {
        return hn::BitCast(D32(), hn::ShiftRight<32>(hn::BitCast(du64, v)));
    };
    const auto even = hn::Add(hn::MulEven(acc, mult), half);
    const auto odd = hn::Add(hn::MulEven(odd_lanes(acc), odd_lanes(mult)), half);
    // The wanted halves are the upper ones: those of `odd` are in place already.
    return hn::OddEven(hn::BitCast(D32(), odd), odd_lanes(hn::BitCast(D32(), even)));
}

// acc[v][p] += weights[v] times in[p] for one pair of input channels.
template <int V, int P>
HWY_INLINE void multiply_pair(V32 (&acc)[V][P], const int16_t* const (&weights)[V], ptrdiff_t weight_offset,
                              const int16_t* const (&in)[P], ptrdiff_t in_offset) {
    V16 w[V];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) w[v] = hn::LoadU(D16(), weights[v] + weight_offset);
    NAE_UNROLL
    for (int p = 0; p < P; ++p) {
        const V16 a = broadcast_pair(in[p] + in_offset);
        NAE_UNROLL
        for (int v = 0; v < V; ++v) acc[v][p] = multiply_add_pairs(acc[v][p], w[v], a);
    }
}

// The same for `pairs` adjacent pairs.
template <int V, int P>
HWY_INLINE void multiply_pairs(V32 (&acc)[V][P], const int16_t* const (&weights)[V],
                               const int16_t* const (&in)[P], ptrdiff_t in_offset, ptrdiff_t pairs) {
    for (ptrdiff_t k = 0; k < pairs; ++k)
        multiply_pair(acc, weights, k * 2 * kConvBlock, in, in_offset + 2 * k);
}

// Stores kLanes output channels from `channel` on of the pixel (y, x) of the output window.
HWY_INLINE void store_lanes(const ConvTask& t, V32 acc, V32 mult, int channel, int y, int x) {
    const DOut d;
    auto v = hn::DemoteTo(d, requantise_lanes(acc, mult));  // saturates; [lo, hi] is within int16
    v = hn::Min(hn::Max(v, hn::Set(d, static_cast<int16_t>(t.node->lo))),
                hn::Set(d, static_cast<int16_t>(t.node->hi)));
    // (v * 128 slope + 2^14) >> 15 is (v * slope + 2^7) >> 8.
    if (t.slope >= 0) v = hn::Max(v, hn::MulFixedPoint15(v, hn::Set(d, static_cast<int16_t>(t.slope * 128))));
    const int valid = t.node->channels - channel;
    int16_t* const out = t.out + y * t.out_row + x * t.out_pixel + channel;
    const int16_t* const addend =
        t.addend == nullptr
            ? nullptr
            : t.addend + y * t.addend_row + static_cast<ptrdiff_t>(x) * t.node->channels + channel;
    if (HWY_LIKELY(valid >= kLanes)) {
        if (addend != nullptr) {
            v = hn::SaturatedAdd(v, hn::LoadU(d, addend));
            v = hn::Min(hn::Max(v, hn::Set(d, static_cast<int16_t>(t.add_lo))),
                        hn::Set(d, static_cast<int16_t>(t.add_hi)));
        }
        hn::StoreU(v, d, out);
        return;
    }
    HWY_ALIGN int16_t lanes[kConvBlock];
    hn::Store(v, d, lanes);
    for (int i = 0; i < valid; ++i) {
        int32_t s = lanes[i];
        if (addend != nullptr) s = std::clamp(s + addend[i], t.add_lo, t.add_hi);
        out[i] = static_cast<int16_t>(s);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
