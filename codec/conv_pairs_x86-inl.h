// Convolutions of 16-bit values of which one instruction multiplies and adds two input channels: intrinsics, for Highway's
// version in Debian 12 has no such targets. A translation unit that includes it defines NAE_PAIRS before, the attribute of functions
// for these instructions, and gives convolve() a Product:
//   Task, Value, Sum       a DenseConvTask of Values, and sixteen sums
//   start(task, lane)      sums before the first product, of the channels from `lane` on
//   add(sums, a, b)        with 16 products of pairs more
//   value(task, sums, lane)  what is convolution plus bias
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "codec/float_conv_task.h"

#define NAE_UNROLL _Pragma("GCC unroll 24")
#define NAE_PAIRS_INLINE NAE_PAIRS __attribute__((always_inline)) inline

namespace nae {
namespace {

constexpr int kLanes = 16;

// A register tile of V vectors of output channels times P pixels, as FloatBody (conv_float-inl.h) has it; each product
// takes two input channels.
template <class Product, int V, int P>
NAE_PAIRS_INLINE void tile(const typename Product::Task& t, int channel, int64_t first) {
    const ConvPixels<P, typename Product::Value> pixels(t, first);
    const int pairs = t.kernel * t.in_channels / 2;  // of a row of taps
    const ptrdiff_t row = ptrdiff_t{pairs} * 2 * kLanes;
    const typename Product::Value* weights[V];
    typename Product::Sum acc[V][P];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) {
        weights[v] = t.weights + (channel / kLanes + v) * t.kernel * row;
        NAE_UNROLL
        for (int p = 0; p < P; ++p) acc[v][p] = Product::start(t, channel + v * kLanes);
    }
    for (int ky = 0; ky < t.kernel; ++ky) {
        const ptrdiff_t down = ky * t.in_row;
        for (int i = 0; i < pairs; ++i) {
            __m512i w[V];
            NAE_UNROLL
            for (int v = 0; v < V; ++v) w[v] = _mm512_loadu_si512(weights[v] + ptrdiff_t{i} * 2 * kLanes);
            NAE_UNROLL
            for (int p = 0; p < P; ++p) {
                int32_t pair;
                std::memcpy(&pair, pixels.in[p] + down + 2 * i, sizeof(pair));
                const __m512i a = _mm512_set1_epi32(pair);
                NAE_UNROLL
                for (int v = 0; v < V; ++v) acc[v][p] = Product::add(acc[v][p], w[v], a);
            }
        }
        NAE_UNROLL
        for (int v = 0; v < V; ++v) weights[v] += row;
    }
    const __m512 floor = _mm512_set1_ps(t.floor);
    NAE_UNROLL
    for (int v = 0; v < V; ++v) {
        const int lane = channel + v * kLanes, left = t.out_channels - lane;
        if (left <= 0) break;
        const auto some = static_cast<__mmask16>(left >= kLanes ? 0xFFFF : (1 << left) - 1);
        NAE_UNROLL
        for (int p = 0; p < P; ++p) {
            __m512 sum = Product::value(t, acc[v][p], lane);
            if (pixels.addend[p] != nullptr)
                sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(some, pixels.addend[p] + lane));
            _mm512_mask_storeu_ps(pixels.out[p] + lane, some, _mm512_mask_max_ps(sum, some, sum, floor));
        }
    }
}

template <class Product, int V, int P>
NAE_PAIRS void tiles(const typename Product::Task& t, int channel) {
    for (int64_t first = 0; first < int64_t{t.h} * t.w; first += P) tile<Product, V, P>(t, channel, first);
}

// 32 registers: 24 accumulators.
template <class Product>
void convolve(const typename Product::Task& t) {
    const int channels = (t.out_channels + kLanes - 1) / kLanes * kLanes;
    int channel = 0;
    for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes) tiles<Product, 4, 6>(t, channel);
    for (; channel + 2 * kLanes <= channels; channel += 2 * kLanes) tiles<Product, 2, 12>(t, channel);
    for (; channel < channels; channel += kLanes) tiles<Product, 1, 12>(t, channel);
}

}  // namespace
}  // namespace nae
