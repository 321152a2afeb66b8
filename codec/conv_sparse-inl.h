// 1 x 1 convolution that skips zeros: most latents of a picture at ordinary quality are zero, and neighbouring positions
// mostly in the same channels. For each group of pixels the pairs of input channels that are not zero in all of them
// are listed once, and only they are multiplied, for all output channels.
#if defined(NAE_CODEC_CONV_SPARSE_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONV_SPARSE_INL_H_
#undef NAE_CODEC_CONV_SPARSE_INL_H_
#else
#define NAE_CODEC_CONV_SPARSE_INL_H_
#endif

#include "codec/conv_direct-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

// Fewer pairs do not pay for the lists.
constexpr int kMinSparsePairs = 64;

// Sums over the pairs of a list.
struct ListedPairs {
    const int32_t* list;
    int count;

    template <int V, int P>
    HWY_INLINE void add(V32 (&acc)[V][P], const int16_t* (&weights)[V], const int16_t* const (&in)[P]) const {
        for (int i = 0; i < count; ++i) {
            const ptrdiff_t k = list[i];
            multiply_pair(acc, weights, k * 2 * kConvBlock, in, 2 * k);
        }
    }
};

class SparseBody {
  public:
    // `lists` has room for list_values() values.
    SparseBody(const ConvTask& t, int32_t* lists)
        : t_(t), pixels_(static_cast<int64_t>(t.h) * t.w), lists_(lists) {}

    // Of each group: the length, the pairs, and what a vector may write beyond them.
    static ptrdiff_t list_size(const ConvTask& t) { return 1 + t.packed->pairs + kLanes; }
    // Enough for groups of six pixels, the smallest there are.
    static size_t list_values(const ConvTask& t) {
        return static_cast<size_t>((static_cast<int64_t>(t.h) * t.w + 5) / 6) *
               static_cast<size_t>(list_size(t));
    }

    template <int V, int P>
    HWY_NOINLINE void tiles(int channel) {
        if (group_ != P) make_lists<P>();
        const int32_t* list = lists_;
        for (int64_t next = 0; next < pixels_; next += P, list += list_size(t_)) {
            const int64_t first = std::max<int64_t>(std::min(next, pixels_ - P), 0);
            conv_tile<V, P>(t_, channel, RasterCursor(t_, first), ListedPairs{list + 1, list[0]});
        }
    }

  private:
    template <int P>
    HWY_INLINE void make_lists() {
        const D32 d;
        group_ = P;
        int32_t* list = lists_;
        for (int64_t next = 0; next < pixels_; next += P, list += list_size(t_)) {
            const int64_t first = std::max<int64_t>(std::min(next, pixels_ - P), 0);
            const int16_t* in[P];
            RasterCursor at(t_, first);
            for (int p = 0; p < P; ++p, at.next())
                in[p] = t_.in + at.y() * t_.in_row + static_cast<ptrdiff_t>(at.x()) * t_.in_channels;
            size_t count = 0;
            for (int k = 0; k < t_.packed->pairs; k += kLanes) {
                V16 any = hn::LoadU(D16(), in[0] + 2 * k);
                NAE_UNROLL
                for (int p = 1; p < P; ++p) any = hn::Or(any, hn::LoadU(D16(), in[p] + 2 * k));
                const auto wanted = hn::Ne(hn::BitCast(d, any), hn::Zero(d));
                count += hn::CompressStore(hn::Iota(d, k), wanted, d, list + 1 + count);
            }
            list[0] = static_cast<int32_t>(count);
        }
    }

    const ConvTask& t_;
    const int64_t pixels_;
    int32_t* const lists_;
    int group_ = 0;  // pixels in a group of the lists made last
};

bool suits_sparse(const ConvTask& t) {
    return t.node->kernel == 1 && t.node->stride == 1 && t.packed->pairs >= kMinSparsePairs &&
           t.packed->pairs % kLanes == 0 && t.in_channels % 2 == 0;
}

void conv_sparse(const ConvTask& t) {
    std::vector<int32_t>& lists = t.scratch->lists;
    lists.resize(std::max(lists.size(), SparseBody::list_values(t)));
    SparseBody body(t, lists.data());
    for_each_channel_tile(t.packed->blocks * kConvBlock, body);
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
