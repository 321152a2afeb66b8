#include "codec/conv_bfloat16.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define NAE_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#include "codec/conv_pairs_x86-inl.h"

namespace nae {
namespace {

struct Bfloat16Product {
    using Task = Bfloat16ConvTask;
    using Value = uint16_t;
    using Sum = __m512;

    NAE_PAIRS_INLINE static __m512 start(const Task& t, int lane) { return _mm512_loadu_ps(t.bias + lane); }
    NAE_PAIRS_INLINE static __m512 add(__m512 sum, __m512i a, __m512i b) {
        __m512bh x, y;
        std::memcpy(&x, &a, sizeof(x));
        std::memcpy(&y, &b, sizeof(y));
        return _mm512_dpbf16_ps(sum, x, y);
    }
    NAE_PAIRS_INLINE static __m512 value(const Task&, __m512 sum, int) { return sum; }
};

NAE_PAIRS void round_all(const float* in, uint16_t* out, size_t n) {
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
        const __m256bh v = _mm512_cvtneps_pbh(_mm512_loadu_ps(in + i));
        std::memcpy(out + i, &v, sizeof(v));
    }
    if (i < n) {
        const auto some = static_cast<__mmask16>((1 << (n - i)) - 1);
        const __m256bh v = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, in + i));
        std::memcpy(out + i, &v, (n - i) * sizeof(*out));
    }
}

}  // namespace

bool has_bfloat16() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bf16");
}

void conv_bfloat16(const Bfloat16ConvTask& t) { convolve<Bfloat16Product>(t); }

void to_bfloat16(const float* in, uint16_t* out, size_t n) { round_all(in, out, n); }

}  // namespace nae

#else

namespace nae {

bool has_bfloat16() { return false; }
void conv_bfloat16(const Bfloat16ConvTask&) {}
void to_bfloat16(const float*, uint16_t*, size_t) {}

}  // namespace nae
#endif
