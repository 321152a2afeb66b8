#include <algorithm>
#include <cstring>

#include "codec/conv_bfloat16.h"

// Highway's version in Debian 12 has no target with these instructions, hence intrinsics.
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define NAE_UNROLL _Pragma("GCC unroll 24")
#define NAE_BFLOAT16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define NAE_BFLOAT16_INLINE NAE_BFLOAT16 __attribute__((always_inline)) inline

namespace nae {
namespace {

constexpr int kLanes = 16;

// A register tile of V vectors of output channels times P pixels, as FloatBody (conv_float-inl.h) has it; each product
// takes two input channels.
template <int V, int P>
NAE_BFLOAT16_INLINE void tile(const Bfloat16ConvTask& t, int channel, int64_t first) {
    const ConvPixels<P, uint16_t> pixels(t, first);
    const int pairs = t.kernel * t.in_channels / 2;  // of a row of taps
    const ptrdiff_t row = ptrdiff_t{pairs} * 2 * kLanes;
    const uint16_t* weights[V];
    __m512 acc[V][P];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) {
        weights[v] = t.weights + (channel / kLanes + v) * t.kernel * row;
        const __m512 bias = _mm512_loadu_ps(t.bias + channel + v * kLanes);
        NAE_UNROLL
        for (int p = 0; p < P; ++p) acc[v][p] = bias;
    }
    for (int ky = 0; ky < t.kernel; ++ky) {
        const ptrdiff_t down = ky * t.in_row;
        for (int i = 0; i < pairs; ++i) {
            __m512bh w[V], a;
            NAE_UNROLL
            for (int v = 0; v < V; ++v) std::memcpy(&w[v], weights[v] + ptrdiff_t{i} * 2 * kLanes, sizeof(a));
            NAE_UNROLL
            for (int p = 0; p < P; ++p) {
                int32_t pair;
                std::memcpy(&pair, pixels.in[p] + down + 2 * i, sizeof(pair));
                const __m512i pairs_of_a = _mm512_set1_epi32(pair);
                std::memcpy(&a, &pairs_of_a, sizeof(a));
                NAE_UNROLL
                for (int v = 0; v < V; ++v) acc[v][p] = _mm512_dpbf16_ps(acc[v][p], w[v], a);
            }
        }
        NAE_UNROLL
        for (int v = 0; v < V; ++v) weights[v] += row;
    }
    const __m512 floor = _mm512_set1_ps(t.floor);
    NAE_UNROLL
    for (int v = 0; v < V; ++v) {
        const int left = t.out_channels - (channel + v * kLanes);
        if (left <= 0) break;
        const auto some = static_cast<__mmask16>(left >= kLanes ? 0xFFFF : (1 << left) - 1);
        NAE_UNROLL
        for (int p = 0; p < P; ++p) {
            __m512 sum = acc[v][p];
            if (pixels.addend[p] != nullptr)
                sum =
                    _mm512_add_ps(sum, _mm512_maskz_loadu_ps(some, pixels.addend[p] + channel + v * kLanes));
            _mm512_mask_storeu_ps(pixels.out[p] + channel + v * kLanes, some,
                                  _mm512_mask_max_ps(sum, some, sum, floor));
        }
    }
}

template <int V, int P>
NAE_BFLOAT16 void tiles(const Bfloat16ConvTask& t, int channel) {
    for (int64_t first = 0; first < int64_t{t.h} * t.w; first += P) tile<V, P>(t, channel, first);
}

NAE_BFLOAT16 void round_all(const float* in, uint16_t* out, size_t n) {
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

// 32 registers: 24 accumulators.
void conv_bfloat16(const Bfloat16ConvTask& t) {
    const int channels = (t.out_channels + kLanes - 1) / kLanes * kLanes;
    int channel = 0;
    for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes) tiles<4, 6>(t, channel);
    for (; channel + 2 * kLanes <= channels; channel += 2 * kLanes) tiles<2, 12>(t, channel);
    for (; channel < channels; channel += kLanes) tiles<1, 12>(t, channel);
}

void to_bfloat16(const float* in, uint16_t* out, size_t n) { round_all(in, out, n); }

}  // namespace nae

#else

namespace nae {

bool has_bfloat16() { return false; }
void conv_bfloat16(const Bfloat16ConvTask&) {}
void to_bfloat16(const float*, uint16_t*, size_t) {}

}  // namespace nae
#endif
