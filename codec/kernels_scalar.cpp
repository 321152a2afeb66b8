// The reference: loops that read like the specification. Every other level must equal it bit for bit.
#include <algorithm>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

void conv(const ConvTask& t) {
    const Node& n = *t.node;
    const int taps = n.kernel * n.kernel, ci = t.in_channels;
    for (int y = 0; y < t.h; ++y) {
        for (int x = 0; x < t.w; ++x) {
            const int16_t* in = t.in + y * n.stride * t.in_row + static_cast<ptrdiff_t>(x) * n.stride * ci;
            int16_t* out = t.out + y * t.out_row + x * t.out_pixel;
            for (int o = 0; o < n.channels; ++o) {
                const size_t channel = static_cast<size_t>(o);
                const int16_t* w = n.weights.data() + static_cast<ptrdiff_t>(o) * taps * ci;
                int32_t acc = n.bias[channel];
                for (int ky = 0; ky < n.kernel; ++ky) {
                    // Taps of one row are adjacent in both the input and the weights.
                    const int16_t* a = in + ky * t.in_row;
                    for (int i = 0; i < n.kernel * ci; ++i) acc += static_cast<int32_t>(w[i]) * a[i];
                    w += n.kernel * ci;
                }
                int32_t v = requantise(acc, n.mult[channel], n.lo, n.hi);
                if (t.addend != nullptr) {
                    v += t.addend[y * t.addend_row + static_cast<ptrdiff_t>(x) * n.channels + o];
                    v = std::clamp(v, t.add_lo, t.add_hi);
                }
                out[o] = static_cast<int16_t>(v);
            }
        }
    }
}

void add(const int16_t* a, const int16_t* b, int16_t* out, size_t n, int32_t lo, int32_t hi) {
    for (size_t i = 0; i < n; ++i) {
        out[i] = static_cast<int16_t>(std::clamp(static_cast<int32_t>(a[i]) + b[i], lo, hi));
    }
}

void conv_float(const FloatConvTask& t) {
    const ptrdiff_t row = ptrdiff_t{t.kernel} * t.in_channels;
    for (int y = 0; y < t.h; ++y) {
        for (int x = 0; x < t.w; ++x) {
            const float* in = t.in + y * t.stride * t.in_row + ptrdiff_t{x} * t.stride * t.in_channels;
            float* out = t.out + (ptrdiff_t{y} * t.w + x) * t.out_channels;
            for (int o = 0; o < t.out_channels; ++o) {
                const float* w = t.weights + o / kConvBlock * t.kernel * row * kConvBlock + o % kConvBlock;
                float acc = t.bias[o];
                for (int ky = 0; ky < t.kernel; ++ky)
                    for (ptrdiff_t i = 0; i < row; ++i)
                        acc += w[(ky * row + i) * kConvBlock] * in[ky * t.in_row + i];
                out[o] = acc;
            }
        }
    }
}

}  // namespace

const Kernels& scalar_kernels() {
    static constexpr Kernels kKernels = {conv, add, dequantise_position, scale_indices, conv_float};
    return kKernels;
}

}  // namespace nae
