// From values of the synthesis to planes of bytes. pixel_output.h has the formula.
#if defined(NAE_CODEC_PIXEL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)  // once per target
#ifdef NAE_CODEC_PIXEL_LANES_INL_H_
#undef NAE_CODEC_PIXEL_LANES_INL_H_
#else
#define NAE_CODEC_PIXEL_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "codec/pixel_output.h"

HWY_BEFORE_NAMESPACE();
namespace nae {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void planes_lanes(const int16_t* rgb, size_t n, int frac_bits, uint8_t* const (&planes)[3]) {
    const hn::CappedTag<int16_t, 32> d;
    const hn::Rebind<uint8_t, decltype(d)> d8;
    const size_t lanes = hn::Lanes(d);
    size_t x = 0;
    // Up to 8 fractional bits a sum that saturates is beyond 255 anyway.
    if (frac_bits >= 1 && frac_bits <= 8) {
        const auto half = hn::Set(d, static_cast<int16_t>(1 << (frac_bits - 1))),
                   middle = hn::Set(d, int16_t{128});
        const auto sample = [&](hn::Vec<decltype(d)> v) HWY_ATTR {
            const auto rounded = hn::ShiftRightSame(hn::SaturatedAdd(v, half), frac_bits);
            return hn::DemoteTo(d8, hn::SaturatedAdd(rounded, middle));
        };
        for (; x + lanes <= n; x += lanes) {
            auto r = hn::Zero(d), g = hn::Zero(d), b = hn::Zero(d);
            hn::LoadInterleaved3(d, rgb + 3 * x, r, g, b);
            hn::StoreU(sample(r), d8, planes[0] + x);
            hn::StoreU(sample(g), d8, planes[1] + x);
            hn::StoreU(sample(b), d8, planes[2] + x);
        }
    }
    for (; x < n; ++x) {
        for (size_t c = 0; c < 3; ++c) planes[c][x] = sample_from(rgb[3 * x + c], frac_bits);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace nae
HWY_AFTER_NAMESPACE();

#endif  // include guard
