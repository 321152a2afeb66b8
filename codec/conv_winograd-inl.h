// Winograd's minimal filtering F(2 x 2, 3 x 3) (Lavin and Gray, "Fast algorithms for convolutional neural
// networks", CVPR 2016), exact in integers: 16 multiplications where the direct convolution takes 36.
//
// With B, G, A of the paper, Y = A^T [(G g G^T) . (B^T d B)] A for a 4 x 4 patch d of the input and its 2 x 2
// outputs Y. G has halves, so the packed weights are (2G) g (2G)^T and everything behind them is 4 times too
// large. Sums modulo 2^32 are exact as long as 4 |Y| < 2^31. The graph's validation promises only |Y| < 2^31, for the
// largest activations there can be; with those that are there, |Y| is nearly always far smaller. So each block of
// tiles is judged by its own activations, and computed directly where they are too large.
#if defined(NAE_CODEC_CONV_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_WINOGRAD_INL_H_
#undef NAE_CODEC_CONV_WINOGRAD_INL_H_
#else
#define NAE_CODEC_CONV_WINOGRAD_INL_H_
#endif

#include "codec/conv_direct-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

// Tiles transformed, multiplied and judged together; a multiple of every P of for_each_channel_tile().
constexpr int kBlockTiles = 12;
constexpr int kPatch = 16;  // values of a 4 x 4 patch

// The tiles of a window, row by row. The last ones of a row or column of odd length start one pixel earlier.
class TileGrid {
  public:
    explicit TileGrid(const ConvTask& t) : h_(t.h), w_(t.w), across_((t.w + 1) / 2) {}
    int64_t count() const { return int64_t{across_} * ((h_ + 1) / 2); }
    int y(int64_t tile) const { return std::min(2 * static_cast<int>(tile / across_), h_ - 2); }
    int x(int64_t tile) const { return std::min(2 * static_cast<int>(tile % across_), w_ - 2); }

  private:
    int h_, w_, across_;
};

// The pixels of consecutive tiles, four each.
class TileCursor {
  public:
    TileCursor(const TileGrid& grid, int64_t first_tile, int index)
        : grid_(&grid), first_(first_tile), index_(index) {}
    int y() const { return grid_->y(first_ + index_ / 4) + index_ % 4 / 2; }
    int x() const { return grid_->x(first_ + index_ / 4) + index_ % 2; }
    void next() { ++index_; }

  private:
    const TileGrid* grid_;
    int64_t first_;
    int index_;
};

// B^T d for one row or column d.
template <class V>
HWY_INLINE void transform_four(V (&d)[4]) {
    const V a = hn::Sub(d[0], d[2]), b = hn::Add(d[1], d[2]), c = hn::Sub(d[2], d[1]),
            e = hn::Sub(d[1], d[3]);
    d[0] = a;
    d[1] = b;
    d[2] = c;
    d[3] = e;
}

// Writes B^T d B of kBlockTiles tiles to `patches`, [16][tile][channel], and the largest magnitude of each
// channel among them to `largest`. Values are within +-8191, so the results fit into 16 bits.
HWY_NOINLINE void transform_patches(const ConvTask& t, const TileGrid& grid, int64_t first, int16_t* patches,
                                    int16_t* largest) {
    const hn::CappedTag<int16_t, kWinogradChannels> d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    const ptrdiff_t channels = t.in_channels, position = kBlockTiles * channels;
    const int16_t* in[kBlockTiles];
    for (int i = 0; i < kBlockTiles; ++i)
        in[i] = t.in + grid.y(first + i) * t.in_row + ptrdiff_t{grid.x(first + i)} * channels;
    for (ptrdiff_t c = 0; c < channels; c += lanes) {
        auto top = hn::Zero(d);
        for (int i = 0; i < kBlockTiles; ++i) {
            hn::Vec<decltype(d)> v[4][4];
            NAE_UNROLL
            for (int y = 0; y < 4; ++y) {
                NAE_UNROLL
                for (int x = 0; x < 4; ++x) {
                    v[y][x] = hn::LoadU(d, in[i] + y * t.in_row + x * channels + c);
                    top = hn::Max(top, hn::Abs(v[y][x]));
                }
                transform_four(v[y]);
            }
            int16_t* const out = patches + i * channels + c;
            NAE_UNROLL
            for (int x = 0; x < 4; ++x) {
                hn::Vec<decltype(d)> column[4] = {v[0][x], v[1][x], v[2][x], v[3][x]};
                transform_four(column);
                NAE_UNROLL
                for (int y = 0; y < 4; ++y) hn::StoreU(column[y], d, out + (4 * y + x) * position);
            }
        }
        hn::StoreU(top, d, largest + c);
    }
}

// True if no output of a block whose activations reach `largest` can be 2^29 or more in magnitude.
bool sums_are_small(const PackedConv& packed, const int16_t* largest, int channels) {
    const hn::CappedTag<float, kConvBlock> d;
    const auto lanes = static_cast<int>(hn::Lanes(d));
    const int outputs = packed.blocks * kConvBlock;
    // Far more than what rounding can take off a sum of positive terms.
    const auto limit = hn::Set(d, static_cast<float>(1 << 29) * (1.0f - 1.0f / 4096));
    for (int o = 0; o < outputs; o += lanes) {
        const float* w = packed.winograd_magnitude.data() + o;
        auto sum = hn::LoadU(d, w);  // of the bias
        for (int c = 0; c < channels; ++c) {
            w += outputs;
            sum = hn::MulAdd(hn::LoadU(d, w), hn::Set(d, static_cast<float>(largest[c])), sum);
        }
        if (!hn::AllTrue(d, hn::Lt(sum, limit))) return false;
    }
    return true;
}

// One block of tiles.
struct WinogradBody {
    const ConvTask& t;
    const TileGrid& grid;
    int64_t first;
    const int16_t* patches;
    int32_t* products;  // [16][tile][channel of the register tile]

    template <int V, int P>
    HWY_NOINLINE void tiles(int channel) const {
        static_assert(kBlockTiles % P == 0, "register tiles must tile a block");
        multiply<V, P>(channel);
        for (int v = 0; v < V; ++v) {
            if (channel + v * kLanes < t.node->channels) transform_outputs<V>(channel, v);
        }
    }

    template <int V, int P>
    HWY_INLINE void multiply(int channel) const {
        const PackedConv& packed = *t.packed;
        const size_t block_size = static_cast<size_t>(packed.pairs) * 2 * kConvBlock;
        const size_t position_size = block_size * static_cast<size_t>(packed.blocks);
        const int16_t* in = patches;
        int32_t* out = products;
        for (size_t position = 0; position < kPatch; ++position) {
            const int16_t* weights[V];
            NAE_UNROLL
            for (int v = 0; v < V; ++v) {
                const int lane = channel + v * kLanes;
                weights[v] = packed.winograd.data() + position * position_size +
                             static_cast<size_t>(lane / kConvBlock) * block_size + lane % kConvBlock * 2;
            }
            for (int group = 0; group < kBlockTiles / P; ++group) {
                const int16_t* pixels[P];
                V32 acc[V][P];
                NAE_UNROLL
                for (int p = 0; p < P; ++p, in += t.in_channels) {
                    pixels[p] = in;
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v) acc[v][p] = hn::Zero(D32());
                }
                multiply_pairs(acc, weights, pixels, 0, packed.pairs);
                NAE_UNROLL
                for (int p = 0; p < P; ++p) {
                    NAE_UNROLL
                    for (int v = 0; v < V; ++v, out += kLanes) hn::StoreU(acc[v][p], D32(), out);
                }
            }
        }
    }

    // A^T m A, a quarter of it, and on to the output, for all tiles and one vector of channels.
    template <int V>
    HWY_INLINE void transform_outputs(int channel, int v) const {
        const int lane = channel + v * kLanes;
        const V32 bias = hn::LoadU(D32(), t.packed->bias.data() + lane);
        const V32 mult = hn::LoadU(D32(), t.packed->mult.data() + lane);
        constexpr ptrdiff_t kPosition = ptrdiff_t{kBlockTiles} * V * kLanes;
        for (int i = 0; i < kBlockTiles; ++i) {
            const int32_t* from = products + (i * V + v) * kLanes;
            V32 rows[2][4];
            NAE_UNROLL
            for (int x = 0; x < 4; ++x) {
                V32 m[4];
                NAE_UNROLL
                for (int y = 0; y < 4; ++y) m[y] = hn::LoadU(D32(), from + (4 * y + x) * kPosition);
                const V32 inner = hn::Add(m[1], m[2]), outer = hn::Sub(m[1], m[2]);
                rows[0][x] = hn::Add(m[0], inner);
                rows[1][x] = hn::Sub(outer, m[3]);
            }
            const int y = grid.y(first + i), x = grid.x(first + i);
            NAE_UNROLL
            for (int dy = 0; dy < 2; ++dy) {
                const V32(&r)[4] = rows[dy];
                const V32 left = hn::Add(hn::Add(r[0], r[1]), r[2]);
                const V32 right = hn::Sub(hn::Sub(r[1], r[2]), r[3]);
                store_lanes(t, hn::Add(hn::ShiftRight<2>(left), bias), mult, lane, y + dy, x);
                store_lanes(t, hn::Add(hn::ShiftRight<2>(right), bias), mult, lane, y + dy, x + 1);
            }
        }
    }
};

// The same block without the transform.
struct DirectBlockBody {
    const ConvTask& t;
    const TileGrid& grid;
    int64_t first;

    template <int V, int P>
    HWY_NOINLINE void tiles(int channel) const {
        for (int index = 0; index < 4 * kBlockTiles; index += P)
            conv_tile<V, P>(t, channel, TileCursor(grid, first, index), AllTaps{t});
    }
};

// A task of at least kBlockTiles tiles whose weights have been packed for it.
void conv_winograd(const ConvTask& t) {
    const TileGrid grid(t);
    const int outputs = t.packed->blocks * kConvBlock;
    const size_t patch_size = size_t{kPatch} * kBlockTiles * static_cast<size_t>(t.in_channels);
    constexpr size_t kProductSize = size_t{kPatch} * kBlockTiles * 4 * kLanes;
    AlignedVector16& scratch = t.scratch->patches;
    scratch.resize(std::max(scratch.size(), patch_size + static_cast<size_t>(t.in_channels)));
    int16_t* const patches = scratch.data();
    int16_t* const largest = patches + patch_size;
    HWY_ALIGN int32_t products[kProductSize];
    for (int64_t next = 0; next < grid.count(); next += kBlockTiles) {
        const int64_t first = std::min(next, grid.count() - kBlockTiles);
        transform_patches(t, grid, first, patches, largest);
        if (sums_are_small(*t.packed, largest, t.in_channels)) {
            for_each_channel_tile(outputs, WinogradBody{t, grid, first, patches, products});
        } else {
            for_each_channel_tile(outputs, DirectBlockBody{t, grid, first});
        }
    }
}

bool suits_winograd(const ConvTask& t) {
    return !t.packed->winograd.empty() && t.h >= 2 && t.w >= 2 && TileGrid(t).count() >= kBlockTiles;
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
