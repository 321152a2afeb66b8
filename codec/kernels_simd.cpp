// Convolution and addition for every instruction set Highway compiles for; one is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/kernels_simd.cpp"
#define HWY_WANT_AVX3_DL 1
#if defined(__aarch64__)
// Arm processors with vectors of unknown size (see below) have NEON, too.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif
#include <hwy/foreach_target.h>  // compiles this file once per target
// The order of these includes matters.
#include <hwy/highway.h>

// Register tiles are arrays of vectors, which vectors of unknown size cannot form; there the reference serves.
#undef NAE_REGISTER_TILES
#if !HWY_HAVE_SCALABLE && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#define NAE_REGISTER_TILES 1
#include "codec/context_lanes-inl.h"
#include "codec/conv_direct-inl.h"
#include "codec/conv_float-inl.h"
#include "codec/conv_float_winograd-inl.h"
#include "codec/conv_sparse-inl.h"
#include "codec/conv_winograd-inl.h"
#include "codec/lap_lanes-inl.h"
#include "codec/latent_lanes-inl.h"
#include "codec/pixel_lanes-inl.h"
#include "codec/restore_lanes-inl.h"
#include "codec/trellis_lanes-inl.h"
#endif

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

#ifndef NAE_REGISTER_TILES

const Kernels* level_kernels() { return nullptr; }

#else

void conv(const ConvTask& t) {
    if (suits_winograd(t)) {
        conv_winograd(t);
    } else if (suits_sparse(t)) {
        conv_sparse(t);
    } else {
        conv_direct(t);
    }
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
    static constexpr Kernels kKernels = {
        conv,          add,       dequantise_lanes,    index_lanes, change_means_lanes, planes_lanes,
        restore_lanes, lap_lanes, trellis_steps_lanes, conv_float,  conv_float_winograd};
    return &kKernels;
}

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
