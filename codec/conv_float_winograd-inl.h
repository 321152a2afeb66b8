// Winograd's minimal filtering F(4 x 4, 3 x 3) (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR
// 2016, section 4.2) in floats: 36 multiplications where the direct convolution takes 144. With B, G, A of the paper, Y =
// A^T [(G g G^T) . (B^T d B)] A for a 6 x 6 patch d of the input and its 4 x 4 outputs Y; G g G^T is in the packed weights.
// The roundings it adds are some 1e-6 of the largest activation.
#if defined(NAE_CODEC_CONV_FLOAT_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_FLOAT_WINOGRAD_INL_H_
#undef NAE_CODEC_CONV_FLOAT_WINOGRAD_INL_H_
#else
#define NAE_CODEC_CONV_FLOAT_WINOGRAD_INL_H_
#endif

#include <hwy/cache_control.h>

#include "codec/conv_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

// Of which `wanted` tiles are computed, and more to make `count` of them, a multiple of every P of for_each_channel_tile().
struct FloatWinogradBody {
    static constexpr int kSide = kFloatTile + 2;

    const FloatWinogradTask& t;
    int wanted, count;
    float* patches;   // [36][tile][channel], patch_stride() apart
    float* products;  // [36][tile][channel of the register tile], product_stride() apart

    int across() const { return (t.w + kFloatTile - 1) / kFloatTile; }
    int64_t tiles_in_all() const { return int64_t{across()} * ((t.h + kFloatTile - 1) / kFloatTile); }

    // Values from one position to the next. Multiples of 4 KiB would put all 36 into the same few lines of the first cache.
    size_t patch_stride() const {
        return static_cast<size_t>(count) * static_cast<size_t>(t.in_channels) + kLanes;
    }
    size_t product_stride(int vectors) const { return static_cast<size_t>((count * vectors + 1) * kLanes); }

    // B^T d for one row or column d.
    static HWY_INLINE void transform_six(VFloat (&d)[kSide]) {
        const VFloat two = hn::Set(DFloat(), 2), four = hn::Set(DFloat(), 4), five = hn::Set(DFloat(), 5);
        const VFloat a = hn::NegMulAdd(four, d[2], d[4]), b = hn::NegMulAdd(four, d[1], d[3]);
        const VFloat c = hn::Sub(d[4], d[2]), e = hn::Mul(two, hn::Sub(d[3], d[1]));
        d[0] = hn::MulAdd(four, d[0], hn::NegMulAdd(five, d[2], d[4]));
        d[5] = hn::MulAdd(four, d[1], hn::NegMulAdd(five, d[3], d[5]));
        d[1] = hn::Add(a, b);
        d[2] = hn::Sub(a, b);
        d[3] = hn::Add(c, e);
        d[4] = hn::Sub(c, e);
    }

    // A^T m for one row or column m.
    static HWY_INLINE void four_of_six(const VFloat (&m)[kSide], VFloat (&out)[kFloatTile]) {
        const VFloat a = hn::Add(m[1], m[2]), b = hn::Sub(m[1], m[2]);
        const VFloat c = hn::Add(m[3], m[4]), e = hn::Sub(m[3], m[4]);
        out[0] = hn::Add(hn::Add(m[0], a), c);
        out[1] = hn::MulAdd(hn::Set(DFloat(), 2), e, b);
        out[2] = hn::MulAdd(hn::Set(DFloat(), 4), c, a);
        out[3] = hn::MulAdd(hn::Set(DFloat(), 8), e, hn::Add(b, m[5]));
    }

    // B^T d B of all tiles, the last one again where there are no more.
    HWY_NOINLINE void transform_patches() const {
        const ptrdiff_t channels = t.in_channels, position = static_cast<ptrdiff_t>(patch_stride());
        for (int i = 0; i < count; ++i) {
            const int64_t tile = std::min(t.first_tile + i, tiles_in_all() - 1);
            const float* in =
                t.in + tile / across() * kFloatTile * t.in_row + tile % across() * kFloatTile * channels;
            float* out = patches + i * channels;
            for (ptrdiff_t c = 0; c < channels; c += kLanes, in += kLanes, out += kLanes) {
                VFloat v[kSide][kSide];
                NAE_UNROLL
                for (int x = 0; x < kSide; ++x) {
                    VFloat column[kSide];
                    NAE_UNROLL
                    for (int y = 0; y < kSide; ++y)
                        column[y] = hn::LoadU(DFloat(), in + y * t.in_row + x * channels);
                    transform_six(column);
                    if (x + kFloatTile >= kSide) {  // what the next tile reads and this one does not
                        NAE_UNROLL
                        for (int y = 0; y < kSide; ++y)
                            hwy::Prefetch(in + y * t.in_row + (x + kFloatTile) * channels);
                    }
                    NAE_UNROLL
                    for (int y = 0; y < kSide; ++y) v[y][x] = column[y];
                }
                NAE_UNROLL
                for (int y = 0; y < kSide; ++y) {
                    transform_six(v[y]);
                    NAE_UNROLL
                    for (int x = 0; x < kSide; ++x)
                        hn::StoreU(v[y][x], DFloat(), out + (kSide * y + x) * position);
                }
            }
        }
    }

    template <int V, int P>
    HWY_NOINLINE void tiles(int channel) const {
        static_assert(kFloatTilesAtOnce % P == 0, "register tiles must tile a block");
        multiply<V, P>(channel);
        for (int v = 0; v < V; ++v)
            if (channel + v * kLanes < t.out_channels) transform_outputs<V>(channel, v);
    }

    template <int V, int P>
    HWY_INLINE void multiply(int channel) const {
        const size_t block_size = static_cast<size_t>(t.in_channels) * kConvBlock;
        const size_t position_size =
            block_size * static_cast<size_t>((t.out_channels + kConvBlock - 1) / kConvBlock);
        for (size_t position = 0; position < kFloatPatch; ++position) {
            const float* weights[V];
            NAE_UNROLL
            for (int v = 0; v < V; ++v) {
                const int lane = channel + v * kLanes;
                weights[v] = t.weights + position * position_size +
                             static_cast<size_t>(lane / kConvBlock) * block_size + lane % kConvBlock;
            }
            const float* in = patches + position * patch_stride();
            float* out = products + position * product_stride(V);
            const size_t to_next = position + 1 < kFloatPatch ? position_size : 0;
            for (int group = 0; group < count / P; ++group) {
                const float* pixels[P];
                VFloat acc[V][P];
                NAE_UNROLL
                for (int p = 0; p < P; ++p, in += t.in_channels) {
                    pixels[p] = in;
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v) acc[v][p] = hn::Zero(DFloat());
                }
                // A share of the next position's weights, which come from far.
                const ptrdiff_t share = t.in_channels / (count / P);
                multiply_floats(acc, weights, pixels, t.in_channels, [&](ptrdiff_t i) {
                    if (i >= share) return;
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v)
                        hwy::Prefetch(weights[v] + to_next + (group * share + i) * kConvBlock);
                });
                NAE_UNROLL
                for (int p = 0; p < P; ++p) {
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v, out += kLanes) hn::StoreU(acc[v][p], DFloat(), out);
                }
            }
        }
    }

    // A^T m A and on to the output, for one vector of channels.
    template <int V>
    HWY_INLINE void transform_outputs(int channel, int v) const {
        const int lane = channel + v * kLanes;
        const VFloat bias = hn::LoadU(DFloat(), t.bias + lane);
        const auto position = static_cast<ptrdiff_t>(product_stride(V));
        for (int i = 0; i < wanted; ++i) {
            const float* from = products + (i * V + v) * kLanes;
            VFloat rows[kFloatTile][kSide];
            NAE_UNROLL
            for (int x = 0; x < kSide; ++x) {
                VFloat m[kSide], four[kFloatTile];
                NAE_UNROLL
                for (int y = 0; y < kSide; ++y) m[y] = hn::LoadU(DFloat(), from + (kSide * y + x) * position);
                four_of_six(m, four);
                NAE_UNROLL
                for (int y = 0; y < kFloatTile; ++y) rows[y][x] = four[y];
            }
            const int64_t tile = t.first_tile + i;
            const int64_t y0 = tile / across() * kFloatTile, x0 = tile % across() * kFloatTile;
            for (int y = 0; y < std::min<int64_t>(kFloatTile, t.h - y0); ++y) {
                VFloat four[kFloatTile];
                four_of_six(rows[y], four);
                float* out = t.out + (y0 + y) * t.out_row + x0 * t.out_channels + lane;
                const float* addend = t.addend == nullptr
                                          ? nullptr
                                          : t.addend + (y0 + y) * t.addend_row + x0 * t.out_channels + lane;
                for (int x = 0; x < std::min<int64_t>(kFloatTile, t.w - x0); ++x, out += t.out_channels) {
                    store_floats(hn::Add(four[x], bias), addend, t.floor, out, t.out_channels - lane);
                    if (addend != nullptr) addend += t.out_channels;
                }
            }
        }
    }
};

void conv_float_winograd(const FloatWinogradTask& t) {
    FloatWinogradBody body{t, 0, 0, nullptr, nullptr};
    // At the end of a raster only as many groups of tiles as are left. Register tiles of 12 are for fewer than four vectors.
    body.wanted = static_cast<int>(std::min<int64_t>(t.tiles_at_once, body.tiles_in_all() - t.first_tile));
    const int unit =
        kLanes == kConvBlock && t.out_channels % (4 * kLanes) != 0 ? 2 * kFloatTilesUnit : kFloatTilesUnit;
    body.count = (body.wanted + unit - 1) / unit * unit;
    const size_t patch_size = kFloatPatch * body.patch_stride();
    const size_t product_size = kFloatPatch * body.product_stride(4);
    AlignedFloats scratch(patch_size + product_size);
    body.patches = scratch.data();
    body.products = body.patches + patch_size;
    body.transform_patches();
    for_each_channel_tile((t.out_channels + kConvBlock - 1) / kConvBlock * kConvBlock, body);
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
