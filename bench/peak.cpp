#include "bench/peak.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

// Enough independent sums to hide every latency, few enough for the registers of each level; named one by one, since
// an array might be kept in memory.
constexpr int kSums = 12;
constexpr int kRounds = 10000;

#define NAE_TWELVE(do) \
    do (s0) do(s1) do(s2) do(s3) do(s4) do(s5) do(s6) do(s7) do(s8) do(s9) do(s10) do(s11)
#define NAE_KEEP(s) asm volatile("" : "+x"(s));

// multiply_add(s): s += products of a.
#define NAE_PEAK_LOOP(name, isa, vector, zero, multiply_add)             \
    __attribute__((target(isa))) void name() {                           \
        vector a = zero, s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a; \
        vector s6 = a, s7 = a, s8 = a, s9 = a, s10 = a, s11 = a;         \
        for (int round = 0; round < kRounds; ++round) {                  \
            NAE_KEEP(a)                                                  \
            NAE_TWELVE(multiply_add)                                     \
            NAE_TWELVE(NAE_KEEP)                                         \
        }                                                                \
    }

// Keeping a before each product stops the compiler from computing one product for all.
#define NAE_SSE(s) NAE_KEEP(a) s = _mm_add_epi32(s, _mm_madd_epi16(a, a));
#define NAE_AVX2(s) NAE_KEEP(a) s = _mm256_add_epi32(s, _mm256_madd_epi16(a, a));
#define NAE_AVX3(s) NAE_KEEP(a) s = _mm512_add_epi32(s, _mm512_madd_epi16(a, a));
#define NAE_VNNI(s) s = _mm512_dpwssd_epi32(s, a, a);
NAE_PEAK_LOOP(peak_sse, "sse4.1", __m128i, _mm_setzero_si128(), NAE_SSE)
NAE_PEAK_LOOP(peak_avx2, "avx2", __m256i, _mm256_setzero_si256(), NAE_AVX2)
NAE_PEAK_LOOP(peak_avx3, "avx512bw", __m512i, _mm512_setzero_si512(), NAE_AVX3)
NAE_PEAK_LOOP(peak_avx3_dl, "avx512vnni,avx512bw", __m512i, _mm512_setzero_si512(), NAE_VNNI)

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
