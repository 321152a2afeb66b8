// Between the networks and the entropy coder: table indices, dequantisation. latent_quantiser.h has the formulas.
#if defined(NAE_CODEC_LATENT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_LATENT_LANES_INL_H_
#undef NAE_CODEC_LATENT_LANES_INL_H_
#else
#define NAE_CODEC_LATENT_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "codec/latent_quantiser.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// (int64(a) * b + 2^(kShift - 1)) >> kShift, which must fit into 32 bits.
template <int kShift, class D>
HWY_INLINE hn::Vec<D> multiply_and_shift(D d, hn::Vec<D> a, hn::Vec<D> b) {
    const hn::RepartitionToWide<D> d64;
    const hn::RebindToUnsigned<decltype(d64)> du64;
    const auto half = hn::Set(d64, int64_t{1} << (kShift - 1));
    const auto odd_lanes = [&](hn::Vec<D> v)
                               HWY_ATTR { return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(du64, v))); };
    const auto even = hn::BitCast(du64, hn::Add(hn::MulEven(a, b), half));
    const auto odd = hn::BitCast(du64, hn::Add(hn::MulEven(odd_lanes(a), odd_lanes(b)), half));
    return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32 - kShift>(odd)),
                       hn::BitCast(d, hn::ShiftRight<kShift>(even)));
}

void dequantise_lanes(const LatentScale& scale, const int16_t* symbols, const int16_t* mean, int16_t* out) {
    const hn::CappedTag<int32_t, 16> d;
    const hn::Rebind<int16_t, decltype(d)> d16;
    const auto lanes = hn::Lanes(d);
    const size_t count = scale.steps.step.size();
    const auto lo = hn::Set(d16, static_cast<int16_t>(scale.lo)),
               hi = hn::Set(d16, static_cast<int16_t>(scale.hi));
    size_t c = 0;
    for (; c + lanes <= count; c += lanes) {
        const auto symbol = hn::LoadU(d16, symbols + c);
        auto value = mean == nullptr ? hn::Zero(d16) : hn::LoadU(d16, mean + c);
        if (!hn::AllTrue(d16, hn::Eq(symbol, hn::Zero(d16)))) {
            const auto step = hn::LoadU(d, scale.steps.step.data() + c);
            // Saturates; [lo, hi] is within int16.
            value = hn::DemoteTo(d16, hn::Add(hn::PromoteTo(d, value),
                                              multiply_and_shift<16>(d, hn::PromoteTo(d, symbol), step)));
        }
        hn::StoreU(hn::Min(hn::Max(value, lo), hi), d16, out + c);
    }
    for (; c < count; ++c)
        out[c] =
            dequantise(symbols[c], scale.steps.step[c], mean == nullptr ? 0 : mean[c], scale.lo, scale.hi);
}

void index_lanes(const LatentScale& scale, const int16_t* log2_scale, uint8_t* index) {
    const hn::CappedTag<int32_t, 16> d;
    const hn::Rebind<int16_t, decltype(d)> d16;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    const auto lanes = hn::Lanes(d);
    const size_t count = scale.index_offset.size();
    const int32_t top = scale.table_count - 1;
    size_t c = 0;
    for (; c + lanes <= count; c += lanes) {
        const auto sum = hn::Add(hn::PromoteTo(d, hn::LoadU(d16, log2_scale + c)),
                                 hn::LoadU(d, scale.index_offset.data() + c));
        const auto i = hn::Min(hn::Max(hn::ShiftRight<6>(sum), hn::Zero(d)), hn::Set(d, top));
        hn::StoreU(hn::DemoteTo(d8, i), d8, index + c);
    }
    for (; c < count; ++c) index[c] = scale_index(scale, c, log2_scale[c]);
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
