#include "bench/peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

// Enough independent sums to hide every latency, few enough for the registers of each level.
constexpr int kSums = 12;
constexpr int kRounds = 10000;

#define NAE_PEAK_LOOP(name, isa, vector, zero, step)                   \
    __attribute__((target(isa))) void name() {                         \
        vector a = zero, sums[kSums];                                  \
        asm volatile("" : "+x"(a));                                    \
        for (vector & s : sums) s = a;                                 \
        for (int round = 0; round < kRounds; ++round) {                \
            _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) { \
                step;                                                  \
                asm volatile("" : "+x"(a), "+x"(sums[i]));             \
            }                                                          \
        }                                                              \
        for (vector & s : sums) asm volatile("" : : "x"(s));           \
    }

NAE_PEAK_LOOP(peak_sse, "sse4.1", __m128i, _mm_setzero_si128(),
              sums[i] = _mm_add_epi32(sums[i], _mm_madd_epi16(a, a)))
NAE_PEAK_LOOP(peak_avx2, "avx2", __m256i, _mm256_setzero_si256(),
              sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(a, a)))
NAE_PEAK_LOOP(peak_avx3, "avx512bw", __m512i, _mm512_setzero_si512(),
              sums[i] = _mm512_add_epi32(sums[i], _mm512_madd_epi16(a, a)))
NAE_PEAK_LOOP(peak_avx3_dl, "avx512vnni,avx512bw", __m512i, _mm512_setzero_si512(),
              sums[i] = _mm512_dpwssd_epi32(sums[i], a, a))

}  // namespace

PeakLoop peak_loop(nae::EngineLevel level) {
    // Products of one instruction: as many as 16-bit lanes.
    const auto loop = [](void (*run)(), int lanes) { return PeakLoop{run, 1.0 * kSums * kRounds * lanes}; };
    switch (level) {
        case nae::EngineLevel::ssse3:
        case nae::EngineLevel::sse4:
            return loop(peak_sse, 8);
        case nae::EngineLevel::avx2:
            return loop(peak_avx2, 16);
        case nae::EngineLevel::avx3:
            return loop(peak_avx3, 32);
        case nae::EngineLevel::avx3_dl:
            return loop(peak_avx3_dl, 32);
        default:
            return {};
    }
}

#else

PeakLoop peak_loop(nae::EngineLevel) { return {}; }

#endif
