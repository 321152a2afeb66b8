// Direct convolution: a register tile of V vectors of output channels times P pixels accumulates int32 sums
// of pairs of int16 products (pmaddwd and its likes). Per pair of input channels it loads V vectors of weights and
// broadcasts P pairs of activations for V * P multiply-adds.
#if defined(NAE_CODEC_CONV_DIRECT_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_DIRECT_INL_H_
#undef NAE_CODEC_CONV_DIRECT_INL_H_
#else
#define NAE_CODEC_CONV_DIRECT_INL_H_
#endif

#include "codec/conv_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

// Pixels of the output window row by row; stays at the last one.
class RasterCursor {
  public:
    RasterCursor(const ConvTask& t, int64_t index)
        : h_(t.h), w_(t.w), y_(static_cast<int>(index / t.w)), x_(static_cast<int>(index % t.w)) {}
    int y() const { return y_; }
    int x() const { return x_; }
    void next() {
        if (x_ + 1 < w_) {
            ++x_;
        } else if (y_ + 1 < h_) {
            x_ = 0;
            ++y_;
        }
    }

  private:
    int h_, w_, y_, x_;
};

// Sums over all taps and input channels.
struct AllTaps {
    const ConvTask& t;

    template <int V, int P>
    HWY_INLINE void add(V32 (&acc)[V][P], const int16_t* (&weights)[V], const int16_t* const (&in)[P]) const {
        // With an even number of channels the pairs of a whole kernel row are adjacent.
        const bool even = t.in_channels % 2 == 0;
        const int kernel = t.node->kernel, runs = even ? 1 : kernel;
        const ptrdiff_t pairs = even ? static_cast<ptrdiff_t>(t.packed->pairs) * kernel : t.packed->pairs;
        for (int ky = 0; ky < kernel; ++ky) {
            for (int run = 0; run < runs; ++run) {
                multiply_pairs(acc, weights, in, ky * t.in_row + static_cast<ptrdiff_t>(run) * t.in_channels,
                               pairs);
                NAE_UNROLL
                for (int v = 0; v < V; ++v) weights[v] += pairs * 2 * kConvBlock;
            }
        }
    }
};

// P pixels from `first` on, V vectors of channels from `channel` on.
template <int V, int P, class Cursor, class Sums>
HWY_INLINE void conv_tile(const ConvTask& t, int channel, const Cursor& first, const Sums& sums) {
    const PackedConv& packed = *t.packed;
    const Node& node = *t.node;
    const int taps = node.kernel * node.kernel;
    const size_t block_size = static_cast<size_t>(taps) * static_cast<size_t>(packed.pairs) * 2 * kConvBlock;

    const int16_t* in[P];
    {
        Cursor at = first;
        const ptrdiff_t stride = node.stride;
        for (int p = 0; p < P; ++p, at.next())
            in[p] = t.in + at.y() * stride * t.in_row + at.x() * stride * t.in_channels;
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

    sums.add(acc, weights, in);

    V32 mult[V];
    NAE_UNROLL
    for (int v = 0; v < V; ++v) mult[v] = hn::LoadU(D32(), packed.mult.data() + channel + v * kLanes);
    Cursor at = first;
    NAE_UNROLL
    for (int p = 0; p < P; ++p) {
        NAE_UNROLL
        for (int v = 0; v < V; ++v) {
            if (channel + v * kLanes < node.channels)
                store_lanes(t, acc[v][p], mult[v], channel + v * kLanes, at.y(), at.x());
        }
        at.next();
    }
}

// Walks over the output channels in register tiles of the shapes that fit this instruction set's registers:
// body.tiles<V, P>(channel) computes V vectors of channels from `channel` on, P pixels at a time.
template <class Body>
HWY_INLINE void for_each_channel_tile(int channels, Body&& body) {
    int channel = 0;
#if HWY_MAX_BYTES >= 64
    // 32 registers: 24 accumulators.
    for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes) body.template tiles<4, 6>(channel);
    for (; channel + 2 * kLanes <= channels; channel += 2 * kLanes) body.template tiles<2, 12>(channel);
    for (; channel < channels; channel += kLanes) body.template tiles<1, 12>(channel);
#else
    // 16 registers: 12 accumulators.
    for (; channel < channels; channel += 2 * kLanes) body.template tiles<2, 6>(channel);
#endif
}

struct DirectBody {
    const ConvTask& t;

    // All pixels. Computing a pixel twice does no harm, so the last tile simply starts earlier.
    template <int V, int P>
    HWY_NOINLINE void tiles(int channel) const {
        const int64_t pixels = static_cast<int64_t>(t.h) * t.w;
        int64_t first = 0;
        for (; first + P <= pixels; first += P)
            conv_tile<V, P>(t, channel, RasterCursor(t, first), AllTaps{t});
        if (first < pixels)
            conv_tile<V, P>(t, channel, RasterCursor(t, std::max<int64_t>(pixels - P, 0)), AllTaps{t});
    }
};

void conv_direct(const ConvTask& t) { for_each_channel_tile(t.packed->blocks * kConvBlock, DirectBody{t}); }

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
