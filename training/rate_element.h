// The rate models of rate.h for one value: shared by the loops for a CPU (rate_kernels.cpp) and those for a GPU
// (cuda/kernels.cu). Nothing here may branch on values, so that a loop over it turns into vectors. Relative error of every
// probability below 1e-5.
#pragma once

#include <cstdint>
#include <cstring>

#include "training/element.h"

namespace nae::training {

constexpr float kSqrtHalf = 0.70710678F;

template <class To, class From>
NAE_ELEMENT To bits_of(From from) {
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    To to;
    std::memcpy(&to, &from, sizeof(to));
    return to;
}

NAE_ELEMENT float larger(float a, float b) { return a > b ? a : b; }
NAE_ELEMENT float magnitude(float v) { return bits_of<float>(bits_of<uint32_t>(v) & 0x7FFFFFFFU); }
NAE_ELEMENT float with_sign_of(float size, float v) {
    return bits_of<float>(bits_of<uint32_t>(size) | (bits_of<uint32_t>(v) & 0x80000000U));
}

// e^x for x <= 0; below -87 that of -87.
NAE_ELEMENT float exp_negative(float x) {
    x = larger(x, -87.0F);
    const float shifted = x * 1.44269504F + 12582912.0F;  // the integer is in the low bits
    const float n = shifted - 12582912.0F;
    const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.0F / 720;
    p = p * r + 1.0F / 120;
    p = p * r + 1.0F / 24;
    p = p * r + 1.0F / 6;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
    return bits_of<float>(bits_of<uint32_t>(p) + (bits_of<uint32_t>(shifted) << 23));
}

// log2 of a positive normal number, by the series of atanh.
NAE_ELEMENT float log2_positive(float x) {
    constexpr uint32_t kSqrtHalfBits = 0x3F3504F3U;
    const uint32_t u = bits_of<uint32_t>(x) - kSqrtHalfBits;
    const float exponent = static_cast<float>(bits_of<int32_t>(u) >> 23);
    const float m = bits_of<float>((u & 0x7FFFFFU) + kSqrtHalfBits);
    const float z = (m - 1.0F) / (m + 1.0F), z2 = z * z;
    const float series = 1.0F + z2 * (1.0F / 3 + z2 * (1.0F / 5 + z2 * (1.0F / 7 + z2 * (1.0F / 9))));
    return exponent + 2.88539008F * z * series;
}

// erfc(x) / e^(-x^2) for x >= 0: a least-squares fit in t = 1 / (1 + p x), as Abramowitz and Stegun 7.1.26 with more
// terms; relative error 2.5e-7.
NAE_ELEMENT float scaled_erfc(float x) {
    const float t = 1.0F / (1.0F + 0.3275911F * x);
    float p = -0.136856053F;
    p = p * t + 0.478402324F;
    p = p * t - 0.373372695F;
    p = p * t + 0.422147245F;
    p = p * t + 0.0426248676F;
    p = p * t + 0.200403634F;
    p = p * t + 0.1816632F;
    p = p * t + 0.184987729F;
    return p * t;
}

// erfc(x) where e^(-x^2) is known.
NAE_ELEMENT float erfc_of(float x, float gauss) {
    const float tail = gauss * scaled_erfc(magnitude(x));
    return x < 0 ? 2.0F - tail : tail;
}

NAE_ELEMENT float erfc_of(float x) { return erfc_of(x, exp_negative(-x * x)); }

struct GaussianBitsElement {
    float bits, dv, ds;  // and the derivatives to v and s
};

// Of v under scale s > 0; the probability is at least `least`.
NAE_ELEMENT GaussianBitsElement gaussian_bits_element(float v, float s, float least) {
    constexpr float kInvSqrt2Pi = 0.39894228F, kLog2E = 1.44269504F;
    const float a = magnitude(v), inv = 1.0F / s;
    const float near = (a - 0.5F) * inv, far = (a + 0.5F) * inv;
    const float gauss_near = exp_negative(-0.5F * near * near), gauss_far = exp_negative(-0.5F * far * far);
    const float p =
        larger(0.5F * (erfc_of(near * kSqrtHalf, gauss_near) - erfc_of(far * kSqrtHalf, gauss_far)), least);
    const float scale = inv * (kLog2E * kInvSqrt2Pi) / p;
    const float slope = (gauss_near - gauss_far) * scale;
    return {-log2_positive(p), v < 0 ? -slope : slope, (gauss_far * far - gauss_near * near) * scale};
}

// What rate_aware_round() says of one value.
NAE_ELEMENT float rate_aware_round_element(float v, float s, float weight, float least_scale, float least) {
    const float a = magnitude(v);
    const float rounded = (a + 8388608.0F) - 8388608.0F;  // to even
    const float nearest = a < 4194304.0F ? rounded : a;
    const float inv = kSqrtHalf / larger(s, least_scale);
    const float inner = erfc_of((nearest - 0.5F) * inv);
    const float here = larger(inner - erfc_of((nearest + 0.5F) * inv), least);
    const float below = larger(erfc_of((nearest - 1.5F) * inv) - inner, least);
    const float saved = log2_positive(below / here);
    const float cost = weight * (2 * (a - nearest) + 1);  // one less adds (error + 1)^2 - error^2
    const float lowered = saved > cost ? nearest - 1.0F : nearest;
    return with_sign_of(nearest > 0 ? lowered : 0.0F, v);
}

}  // namespace nae::training
