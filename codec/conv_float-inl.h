// Convolution in floats, for the encoder's networks: a register tile of V vectors of output channels times P pixels.
// Per input channel and tap it loads V vectors of weights and broadcasts P activations for V * P multiply-adds.
#if defined(NAE_CODEC_CONV_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_FLOAT_INL_H_
#undef NAE_CODEC_CONV_FLOAT_INL_H_
#else
#define NAE_CODEC_CONV_FLOAT_INL_H_
#endif

#include "codec/conv_direct-inl.h"  // for_each_channel_tile()

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

using DFloat = hn::Rebind<float, D32>;
using VFloat = hn::Vec<DFloat>;

// acc[v][p] += sum over i of weights[v][16 i ..] * in[p][i]. beside(i) is called in between.
template <int V, int P, class F>
HWY_INLINE void multiply_floats(VFloat (&acc)[V][P], const float* const (&weights)[V],
                                const float* const (&in)[P], ptrdiff_t n, F beside) {
    for (ptrdiff_t i = 0; i < n; ++i) {
        beside(i);
        VFloat w[V];
        NAE_UNROLL
        for (int v = 0; v < V; ++v) w[v] = hn::LoadU(DFloat(), weights[v] + i * kConvBlock);
        NAE_UNROLL
        for (int p = 0; p < P; ++p) {
            const VFloat a = hn::Set(DFloat(), in[p][i]);
            NAE_UNROLL
            for (int v = 0; v < V; ++v) acc[v][p] = hn::MulAdd(w[v], a, acc[v][p]);
        }
    }
}

// The first `left` lanes of max(sum + addend, floor), all of them where `left` is as many or more.
HWY_INLINE void store_floats(VFloat sum, const float* addend, float floor, float* out, int left) {
    if (left >= kLanes) {
        if (addend != nullptr) sum = hn::Add(sum, hn::LoadU(DFloat(), addend));
        hn::StoreU(hn::Max(sum, hn::Set(DFloat(), floor)), DFloat(), out);
        return;
    }
    HWY_ALIGN float some[kConvBlock];
    hn::Store(sum, DFloat(), some);
    for (int i = 0; i < left; ++i)
        out[i] = std::max(addend != nullptr ? some[i] + addend[i] : some[i], floor);
}

struct FloatBody {
    const FloatConvTask& t;

    // Pixels of the output row by row, from `first` on; past the last one that one again.
    template <int V, int P>
    HWY_INLINE void tile(int channel, int64_t first) const {
        ConvPixels<P, float> pixels(t, first);
        const int row = t.kernel * t.in_channels;
        const size_t block_size = static_cast<size_t>(t.kernel) * static_cast<size_t>(row) * kConvBlock;
        const float* weights[V];
        VFloat acc[V][P];
        NAE_UNROLL
        for (int v = 0; v < V; ++v) {
            const int lane = channel + v * kLanes;
            weights[v] = t.weights + static_cast<size_t>(lane / kConvBlock) * block_size + lane % kConvBlock;
            const VFloat bias = hn::LoadU(DFloat(), t.bias + lane);
            NAE_UNROLL
            for (int p = 0; p < P; ++p) acc[v][p] = bias;
        }
        for (int ky = 0; ky < t.kernel; ++ky) {
            multiply_floats(acc, weights, pixels.in, row, [](ptrdiff_t) {});
            NAE_UNROLL
            for (int v = 0; v < V; ++v) weights[v] += ptrdiff_t{row} * kConvBlock;
            NAE_UNROLL
            for (int p = 0; p < P; ++p) pixels.in[p] += t.in_row;
        }
        NAE_UNROLL
        for (int v = 0; v < V; ++v) {
            const int lane = channel + v * kLanes;
            if (lane >= t.out_channels) break;
            NAE_UNROLL
            for (int p = 0; p < P; ++p)
                store_floats(acc[v][p], pixels.addend[p] != nullptr ? pixels.addend[p] + lane : nullptr,
                             t.floor, pixels.out[p] + lane, t.out_channels - lane);
        }
    }

    template <int V, int P>
    HWY_INLINE void tiles(int channel) const {
        for (int64_t first = 0; first < int64_t{t.h} * t.w; first += P) tile<V, P>(channel, first);
    }
};

void conv_float(const FloatConvTask& t) {
    for_each_channel_tile((t.out_channels + kConvBlock - 1) / kConvBlock * kConvBlock, FloatBody{t});
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif
