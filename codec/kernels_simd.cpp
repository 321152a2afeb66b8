// Convolution and addition for every instruction set Highway compiles for; one is chosen at run time.
//
// The convolution is direct: a register tile of V vectors of output channels times P pixels accumulates int32
// sums of pairs of int16 products (pmaddwd and its likes). Per pair of input channels it loads V vectors of
// weights and broadcasts P pairs of activations for V * P multiply-adds. Sums are exact in any order, since
// the graph's validation has proved that the sum of the magnitudes of all products stays below 2^31.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/kernels_simd.cpp"
#define HWY_WANT_AVX3_DL 1
#include <hwy/foreach_target.h>  // compiles this file once per target
// The order of these includes matters.
#include <hwy/highway.h>

#if HWY_ARCH_X86
#include <cpuid.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

#include "codec/engine_kernels.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Tiles are arrays of vectors, which vectors of unknown size cannot form; there the reference serves.
#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

const Kernels* level_kernels() { return nullptr; }

#else

using D32 = hn::CappedTag<int32_t, kConvBlock>;
using D16 = hn::Repartition<int16_t, D32>;  // pairs: as many bits as D32
using DOut = hn::Rebind<int16_t, D32>;      // as many lanes as D32
using V32 = hn::Vec<D32>;
using V16 = hn::Vec<D16>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(D32()));
static_assert(kConvBlock % kLanes == 0, "vectors must tile a block of packed weights");

// Loops over a tile must vanish, or its accumulators would live in memory.
#if defined(__clang__)
#define NAE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NAE_UNROLL _Pragma("GCC unroll 32")
#endif

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

// Walks over the pixels of the output window in rows, and stays at the last one.
class PixelCursor {
  public:
    PixelCursor(const ConvTask& t, int64_t index)
        : t_(t), y_(static_cast<int>(index / t.w)), x_(static_cast<int>(index % t.w)) {}
    void next() {
        if (x_ + 1 < t_.w) {
            ++x_;
        } else if (y_ + 1 < t_.h) {
            x_ = 0;
            ++y_;
        }
    }
    const int16_t* in() const {
        const ptrdiff_t stride = t_.node->stride;
        return t_.in + y_ * stride * t_.in_row + x_ * stride * t_.in_channels;
    }
    int16_t* out() const { return t_.out + y_ * t_.out_row + x_ * t_.out_pixel; }
    const int16_t* addend() const {
        return t_.addend + y_ * t_.addend_row + static_cast<ptrdiff_t>(x_) * t_.node->channels;
    }

  private:
    const ConvTask& t_;
    int y_, x_;
};

// Stores kLanes output channels from `channel` on for one pixel.
HWY_INLINE void store_lanes(const ConvTask& t, V32 acc, V32 mult, int channel, const PixelCursor& at) {
    const DOut d;
    auto v = hn::DemoteTo(d, requantise_lanes(acc, mult));  // saturates; [lo, hi] is within int16
    v = hn::Min(hn::Max(v, hn::Set(d, static_cast<int16_t>(t.node->lo))),
                hn::Set(d, static_cast<int16_t>(t.node->hi)));
    const int valid = t.node->channels - channel;
    if (HWY_LIKELY(valid >= kLanes)) {
        if (t.addend != nullptr) {
            v = hn::SaturatedAdd(v, hn::LoadU(d, at.addend() + channel));
            v = hn::Min(hn::Max(v, hn::Set(d, static_cast<int16_t>(t.add_lo))),
                        hn::Set(d, static_cast<int16_t>(t.add_hi)));
        }
        hn::StoreU(v, d, at.out() + channel);
        return;
    }
    HWY_ALIGN int16_t lanes[kConvBlock];
    hn::Store(v, d, lanes);
    for (int i = 0; i < valid; ++i) {
        int32_t s = lanes[i];
        if (t.addend != nullptr) s = std::clamp(s + at.addend()[channel + i], t.add_lo, t.add_hi);
        at.out()[channel + i] = static_cast<int16_t>(s);
    }
}

// P pixels from `first` on (fewer at the end: the last is then repeated), V vectors of channels from
// `channel` on.
template <int V, int P>
HWY_INLINE void conv_tile(const ConvTask& t, int channel, int64_t first) {
    const PackedConv& packed = *t.packed;
    const Node& node = *t.node;
    const int taps = node.kernel * node.kernel;
    const size_t block_size = static_cast<size_t>(taps) * static_cast<size_t>(packed.pairs) * 2 * kConvBlock;

    const int16_t* in[P];
    {
        PixelCursor at(t, first);
        for (int p = 0; p < P; ++p, at.next()) in[p] = at.in();
    }
    const int16_t* weights[V];
    V32 acc[V][P];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) {
        const int lane = channel + v * kLanes;
        weights[v] = packed.weights.data() + static_cast<size_t>(lane / kConvBlock) * block_size +
                     lane % kConvBlock * 2;
        const V32 bias = hn::LoadU(D32(), packed.bias.data() + lane);
        NAE_UNROLL
        for (int p = 0; p < P; ++p) acc[v][p] = bias;
    }

    // With an even number of channels the pairs of a whole kernel row are adjacent.
    const bool even = t.in_channels % 2 == 0;
    const int runs = even ? 1 : node.kernel;
    const ptrdiff_t pairs = even ? static_cast<ptrdiff_t>(packed.pairs) * node.kernel : packed.pairs;
    for (int ky = 0; ky < node.kernel; ++ky) {
        for (int run = 0; run < runs; ++run) {
            const ptrdiff_t offset = ky * t.in_row + static_cast<ptrdiff_t>(run) * t.in_channels;
            for (ptrdiff_t k = 0; k < pairs; ++k) {
                V16 w[V];
                NAE_UNROLL
                for (int v = 0; v < V; ++v) w[v] = hn::LoadU(D16(), weights[v] + k * 2 * kConvBlock);
                NAE_UNROLL
                for (int p = 0; p < P; ++p) {
                    const V16 a = broadcast_pair(in[p] + offset + 2 * k);
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v) acc[v][p] = multiply_add_pairs(acc[v][p], w[v], a);
                }
            }
            NAE_UNROLL
            for (int v = 0; v < V; ++v) weights[v] += pairs * 2 * kConvBlock;
        }
    }

    V32 mult[V];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) mult[v] = hn::LoadU(D32(), packed.mult.data() + channel + v * kLanes);
    PixelCursor at(t, first);
    NAE_UNROLL
    for (int p = 0; p < P; ++p) {
        NAE_UNROLL
        for (int v = 0; v < V; ++v) {
            if (channel + v * kLanes < node.channels)
                store_lanes(t, acc[v][p], mult[v], channel + v * kLanes, at);
        }
        at.next();
    }
}

// All pixels for V vectors of channels. Computing a pixel twice does no harm, so the last tile simply starts
// earlier.
template <int V, int P>
HWY_NOINLINE void conv_channels(const ConvTask& t, int channel) {
    const int64_t pixels = static_cast<int64_t>(t.h) * t.w;
    int64_t first = 0;
    for (; first + P <= pixels; first += P) conv_tile<V, P>(t, channel, first);
    if (first < pixels) conv_tile<V, P>(t, channel, std::max<int64_t>(pixels - P, 0));
}

void conv(const ConvTask& t) {
    const int end = t.packed->blocks * kConvBlock;
    int channel = 0;
#if HWY_MAX_BYTES >= 64
    // 32 registers: 24 accumulators.
    for (; channel + 4 * kLanes <= end; channel += 4 * kLanes) conv_channels<4, 6>(t, channel);
    for (; channel + 2 * kLanes <= end; channel += 2 * kLanes) conv_channels<2, 12>(t, channel);
    for (; channel < end; channel += kLanes) conv_channels<1, 16>(t, channel);
#elif HWY_MAX_BYTES >= 32
    // 16 registers: 12 accumulators.
    for (; channel < end; channel += 2 * kLanes) conv_channels<2, 6>(t, channel);
#else
    for (; channel < end; channel += 4 * kLanes) conv_channels<4, 3>(t, channel);
#endif
}

void add(const int16_t* a, const int16_t* b, int16_t* out, size_t n, int32_t lo, int32_t hi) {
    const hn::ScalableTag<int16_t> d;
    const size_t lanes = hn::Lanes(d);
    const auto low = hn::Set(d, static_cast<int16_t>(lo)), high = hn::Set(d, static_cast<int16_t>(hi));
    size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const auto sum = hn::SaturatedAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i));
        hn::StoreU(hn::Min(hn::Max(sum, low), high), d, out + i);
    }
    for (; i < n; ++i) out[i] = static_cast<int16_t>(std::clamp(static_cast<int32_t>(a[i]) + b[i], lo, hi));
}

const Kernels* level_kernels() {
    static constexpr Kernels kKernels = {conv, add};
    return &kKernels;
}

#undef NAE_UNROLL
#endif

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nae {

#if HWY_ARCH_X86
namespace {

// Whether CPU and operating system offer everything Highway compiles a target for. Not
// hwy::SupportedTargets(): merely loading libhwy.so runs its timer's calibration, 3 ms in every process that
// opens the GDAL plugin.
bool cpu_offers(EngineLevel level) {
    unsigned a = 0, b = 0, c1 = 0, d = 0, c7 = 0, cx = 0;
    if (__get_cpuid(1, &a, &b, &c1, &d) == 0) c1 = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c7, &d) == 0) c7 = 0;
    if (__get_cpuid(0x80000001u, &a, &b, &cx, &d) == 0) cx = 0;
    const bool f16c = (c1 >> 29 & 1) != 0, vaes = (c7 >> 9 & 1) != 0, lzcnt = (cx >> 5 & 1) != 0;

    const bool ssse3 = __builtin_cpu_supports("ssse3");
    const bool sse4 = ssse3 && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
                      __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
    const bool avx2 = sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && f16c && lzcnt;
    const bool avx3 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
    switch (level) {
        case EngineLevel::ssse3:
            return ssse3;
        case EngineLevel::sse4:
            return sse4;
        case EngineLevel::avx2:
            return avx2;
        case EngineLevel::avx3:
            return avx3;
        case EngineLevel::avx3_dl:
            return avx3 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("vpclmulqdq") &&
                   __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") && vaes &&
                   __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bitalg") &&
                   __builtin_cpu_supports("gfni");
        default:
            return false;
    }
}

}  // namespace
#endif

HWY_EXPORT(level_kernels);

namespace {
const Kernels* find_kernels(EngineLevel level) {
#if HWY_ARCH_X86
    if (!cpu_offers(level)) return nullptr;
#endif
    switch (level) {
#if HWY_ARCH_X86
#if (HWY_TARGETS & HWY_SSSE3)
        case EngineLevel::ssse3:
            return N_SSSE3::level_kernels();
#endif
#if (HWY_TARGETS & HWY_SSE4)
        case EngineLevel::sse4:
            return N_SSE4::level_kernels();
#endif
#if (HWY_TARGETS & HWY_AVX2)
        case EngineLevel::avx2:
            return N_AVX2::level_kernels();
#endif
#if (HWY_TARGETS & HWY_AVX3)
        case EngineLevel::avx3:
            return N_AVX3::level_kernels();
#endif
#if (HWY_TARGETS & HWY_AVX3_DL)
        case EngineLevel::avx3_dl:
            return N_AVX3_DL::level_kernels();
#endif
#else
        case EngineLevel::other:
            return HWY_DYNAMIC_DISPATCH(level_kernels)();
#endif
        default:
            return nullptr;
    }
}
}  // namespace

const Kernels* simd_kernels(EngineLevel level) {
    // Asked once per run of a network; cpuid takes microseconds in a virtual machine, so the answers are
    // kept.
    constexpr size_t kCount = static_cast<size_t>(EngineLevel::other) + 1;
    static const std::array<const Kernels*, kCount> kFound = [] {
        std::array<const Kernels*, kCount> found{};
        for (size_t i = 0; i < kCount; ++i) found[i] = find_kernels(static_cast<EngineLevel>(i));
        return found;
    }();
    return kFound[static_cast<size_t>(level)];
}

}  // namespace nae
#endif  // HWY_ONCE
