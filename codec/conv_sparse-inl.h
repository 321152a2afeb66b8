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

// Sums over the pairs of a list: of each its number, then its values in each of P pixels, so that one stretch of memory is
// read instead of P with gaps.
struct ListedPairs {
    const int32_t* list;
    int count;

    template <int V, int P>
    HWY_INLINE void add(V32 (&acc)[V][P], const int16_t* (&weights)[V], const int16_t* const (&)[P]) const {
        const int32_t* entry = list;
        for (int i = 0; i < count; ++i, entry += 1 + P) {
            const ptrdiff_t offset = ptrdiff_t{entry[0]} * 2 * kConvBlock;
            V16 w[V];
            NAE_UNROLL
            for (int v = 0; v < V; ++v) w[v] = hn::LoadU(D16(), weights[v] + offset);
            NAE_UNROLL
            for (int p = 0; p < P; ++p) {
                const V16 a = hn::BitCast(D16(), hn::Set(D32(), entry[1 + p]));
                NAE_UNROLL
                for (int v = 0; v < V; ++v) acc[v][p] = multiply_add_pairs(acc[v][p], w[v], a);
            }
        }
    }
};

class SparseBody {
  public:
    // `lists` has room for list_values() values.
    SparseBody(const ConvTask& t, int32_t* lists)
        : t_(t), pixels_(static_cast<int64_t>(t.h) * t.w), lists_(lists) {}

    // Of each group: the length and the pairs. Behind all lists the numbers of one, and what a vector may write beyond them.
    static ptrdiff_t list_size(const ConvTask& t) { return 1 + ptrdiff_t{t.packed->pairs} * kEntry; }
    static size_t list_values(const ConvTask& t) {
        return static_cast<size_t>((static_cast<int64_t>(t.h) * t.w + kPixels - 1) / kPixels) *
                   static_cast<size_t>(list_size(t)) +
               static_cast<size_t>(t.packed->pairs + kLanes);
    }

    // All output channels, or those from the tile on that has the first one wanted.
    void run() {
        make_lists();
        const int channels = t_.packed->blocks * kConvBlock;
        int channel = t_.first_channel / (kVectors * kLanes) * (kVectors * kLanes);
        for (; channel + kVectors * kLanes <= channels; channel += kVectors * kLanes)
            tiles<kVectors>(channel);
        for (; channel + 2 * kLanes <= channels; channel += 2 * kLanes) tiles<2>(channel);
        for (; channel < channels; channel += kLanes) tiles<1>(channel);
    }

  private:
    // Few pixels in a group, so that they have many zeros in common, and many vectors of channels to make up for it:
    // kVectors * kPixels accumulators, as for_each_channel_tile() has.
    static constexpr int kPixels = HWY_MAX_BYTES >= 64 ? 4 : 3;
    static constexpr int kVectors = HWY_MAX_BYTES >= 64 ? 6 : 3;
    static constexpr int kEntry = 1 + kPixels;  // a pair's number and its values

    template <int V>
    HWY_NOINLINE void tiles(int channel) const {
        const int32_t* list = lists_;
        for (int64_t next = 0; next < pixels_; next += kPixels, list += list_size(t_)) {
            const int64_t first = std::max<int64_t>(std::min(next, pixels_ - kPixels), 0);
            conv_tile<V, kPixels>(t_, channel, RasterCursor(t_, first), ListedPairs{list + 1, list[0]});
        }
    }

    HWY_NOINLINE void make_lists() const {
        constexpr int P = kPixels;
        const D32 d;
        int32_t* list = lists_;
        int32_t* const numbers = lists_ + list_values(t_) - (t_.packed->pairs + kLanes);
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
                count += hn::CompressStore(hn::Iota(d, k), wanted, d, numbers + count);
            }
            list[0] = static_cast<int32_t>(count);
            int32_t* entry = list + 1;
            for (size_t i = 0; i < count; ++i, entry += kEntry) {
                entry[0] = numbers[i];
                for (int p = 0; p < P; ++p)
                    std::memcpy(entry + 1 + p, in[p] + ptrdiff_t{2} * numbers[i], sizeof(*entry));
            }
        }
    }

    const ConvTask& t_;
    const int64_t pixels_;
    int32_t* const lists_;
};

bool suits_sparse(const ConvTask& t) {
    return t.node->kernel == 1 && t.node->stride == 1 && t.packed->pairs >= kMinSparsePairs &&
           t.packed->pairs % kLanes == 0 && t.in_channels % 2 == 0;
}

void conv_sparse(const ConvTask& t) {
    AlignedVector32& lists = t.scratch->lists;
    lists.resize(std::max(lists.size(), SparseBody::list_values(t)));
    SparseBody(t, lists.data()).run();
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
