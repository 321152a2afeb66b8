#include "codec/conv_int16.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define NAE_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#include "codec/conv_pairs_x86-inl.h"

namespace nae {
namespace {

// With a mask where none is needed: GCC 12 warns of what the others leave undefined.
constexpr __mmask16 kAll = 0xFFFF;

struct Int16Product {
    using Task = Int16ConvTask;
    using Value = int16_t;
    using Sum = __m512i;

    NAE_PAIRS_INLINE static __m512i start(const Task&, int) { return _mm512_setzero_si512(); }
    NAE_PAIRS_INLINE static __m512i add(__m512i sum, __m512i a, __m512i b) {
        return _mm512_dpwssd_epi32(sum, a, b);
    }
    NAE_PAIRS_INLINE static __m512 value(const Task& t, __m512i sum, int lane) {
        return _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(kAll, sum), _mm512_loadu_ps(t.unit + lane),
                               _mm512_loadu_ps(t.bias + lane));
    }
};

NAE_PAIRS void round_all(const float* in, float scale, int16_t* out, size_t n) {
    const __m512 factor = _mm512_set1_ps(scale);
    for (size_t i = 0; i < n; i += kLanes) {
        const auto some = static_cast<__mmask16>(n - i >= kLanes ? 0xFFFF : (1 << (n - i)) - 1);
        const __m512i v =
            _mm512_maskz_cvtps_epi32(some, _mm512_mul_ps(_mm512_maskz_loadu_ps(some, in + i), factor));
        _mm512_mask_cvtsepi32_storeu_epi16(out + i, some, v);
    }
}

}  // namespace

bool has_int16() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}

void conv_int16(const Int16ConvTask& t) { convolve<Int16Product>(t); }

void to_int16(const float* in, float scale, int16_t* out, size_t n) { round_all(in, scale, out, n); }

}  // namespace nae

#else

namespace nae {

bool has_int16() { return false; }
void conv_int16(const Int16ConvTask&) {}
void to_int16(const float*, float, int16_t*, size_t) {}

}  // namespace nae
#endif
