// How a context changes means. latent_context.h has the formulas.
#if defined(NAE_CODEC_CONTEXT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_CONTEXT_LANES_INL_H_
#undef NAE_CODEC_CONTEXT_LANES_INL_H_
#else
#define NAE_CODEC_CONTEXT_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "codec/latent_context.h"
#include "codec/latent_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void change_means_lanes(const LatentScale& scale, const ContextScales& scales, const int16_t* said,
                        const uint8_t* index, int16_t* mean) {
    if (!scales.fits_32_bits) return change_means(scale, scales, said, index, mean);
    const hn::CappedTag<int32_t, 16> d;
    const hn::Rebind<int16_t, decltype(d)> d16;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    const auto lanes = hn::Lanes(d);
    const size_t count = scale.steps.step.size();
    const auto limit = hn::Set(d, kValueLimit);
    size_t c = 0;
    for (; c + lanes <= count; c += lanes) {
        const auto table = hn::PromoteTo(d, hn::LoadU(d8, index + c));
        if (hn::AllTrue(d, hn::Eq(table, hn::Zero(d)))) continue;  // certain zero does not change
        const auto to_steps = hn::GatherIndex(d, scales.to_steps.data(), table);
        const auto steps = multiply_and_shift<12>(d, hn::PromoteTo(d, hn::LoadU(d16, said + c)), to_steps);
        const auto units = multiply_and_shift<28>(d, steps, hn::LoadU(d, scale.steps.step.data() + c));
        const auto sum = hn::Add(hn::PromoteTo(d, hn::LoadU(d16, mean + c)), units);
        hn::StoreU(hn::DemoteTo(d16, hn::Min(hn::Max(sum, hn::Neg(limit)), limit)), d16, mean + c);
    }
    for (; c < count; ++c)
        mean[c] = changed_mean(mean[c], said[c], scales.to_steps[index[c]], scale.steps.step[c]);
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
