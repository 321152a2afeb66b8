// The reference: loops that read like the specification. Every other level must equal it bit for bit.
#include <algorithm>

#include "codec/engine_kernels.h"
#include "codec/latent_context.h"
#include "codec/pixel_output.h"

namespace nae {
namespace {

void conv(const ConvTask& t) {
    const Node& n = *t.node;
    const int taps = n.kernel * n.kernel, ci = t.in_channels;
    for (int y = 0; y < t.h; ++y) {
        for (int x = 0; x < t.w; ++x) {
            const int16_t* in = t.in + y * n.stride * t.in_row + static_cast<ptrdiff_t>(x) * n.stride * ci;
            int16_t* out = t.out + y * t.out_row + x * t.out_pixel;
            for (int o = t.first_channel; o < n.channels; ++o) {
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
                if (t.slope >= 0) out[o] = leaky(out[o], t.slope);
            }
        }
    }
}

void add(const int16_t* a, const int16_t* b, int16_t* out, size_t n, int32_t lo, int32_t hi) {
    for (size_t i = 0; i < n; ++i) {
        out[i] = static_cast<int16_t>(std::clamp(static_cast<int32_t>(a[i]) + b[i], lo, hi));
    }
}

// out = max(sum + addend, floor) for one value.
void store(const FloatConvTask& t, float sum, int64_t y, int64_t x, int o) {
    if (t.addend != nullptr) sum += t.addend[y * t.addend_row + x * t.out_channels + o];
    t.out[y * t.out_row + x * t.out_channels + o] = std::max(sum, t.floor);
}

void conv_float(const FloatConvTask& t) {
    const ptrdiff_t row = ptrdiff_t{t.kernel} * t.in_channels;
    for (int y = 0; y < t.h; ++y) {
        for (int x = 0; x < t.w; ++x) {
            const float* in = t.in + y * t.stride * t.in_row + ptrdiff_t{x} * t.stride * t.in_channels;
            for (int o = 0; o < t.out_channels; ++o) {
                const float* w = t.weights + o / kConvBlock * t.kernel * row * kConvBlock + o % kConvBlock;
                float acc = t.bias[o];
                for (int ky = 0; ky < t.kernel; ++ky)
                    for (ptrdiff_t i = 0; i < row; ++i)
                        acc += w[(ky * row + i) * kConvBlock] * in[ky * t.in_row + i];
                store(t, acc, y, x, o);
            }
        }
    }
}

// B^T and A^T of F(4, 3) (conv_float_winograd-inl.h).
constexpr int kSide = kFloatTile + 2;
constexpr float kInputTransform[kSide][kSide] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0},
                                                 {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
                                                 {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
constexpr float kOutputTransform[kFloatTile][kSide] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};

// out = M in M^T, M with N rows.
template <int N>
void transform(const float (&m)[N][kSide], const float (&in)[kSide][kSide], float (&out)[N][N]) {
    float half[N][kSide] = {};
    for (int y = 0; y < N; ++y)
        for (int x = 0; x < kSide; ++x)
            for (int k = 0; k < kSide; ++k) half[y][x] += m[y][k] * in[k][x];
    for (int y = 0; y < N; ++y) {
        for (int x = 0; x < N; ++x) {
            out[y][x] = 0;
            for (int k = 0; k < kSide; ++k) out[y][x] += m[x][k] * half[y][k];
        }
    }
}

void conv_float_winograd(const FloatWinogradTask& t) {
    const int64_t across = (t.w + kFloatTile - 1) / kFloatTile;
    const int64_t count = across * ((t.h + kFloatTile - 1) / kFloatTile);
    const int blocks = (t.out_channels + kConvBlock - 1) / kConvBlock;
    std::vector<float> patches(static_cast<size_t>(kFloatPatch * t.in_channels));  // [channel][36]
    for (int64_t tile = t.first_tile; tile < std::min(t.first_tile + t.tiles_at_once, count); ++tile) {
        const int64_t y0 = tile / across * kFloatTile, x0 = tile % across * kFloatTile;
        float in[kSide][kSide], patch[kSide][kSide], out[kFloatTile][kFloatTile];
        for (int c = 0; c < t.in_channels; ++c) {
            for (int y = 0; y < kSide; ++y)
                for (int x = 0; x < kSide; ++x)
                    in[y][x] = t.in[(y0 + y) * t.in_row + (x0 + x) * t.in_channels + c];
            transform(kInputTransform, in, patch);
            std::copy_n(&patch[0][0], kFloatPatch, patches.data() + ptrdiff_t{c} * kFloatPatch);
        }
        for (int o = 0; o < t.out_channels; ++o) {
            for (int i = 0; i < kFloatPatch; ++i) {
                const float* w = t.weights +
                                 (ptrdiff_t{i} * blocks + o / kConvBlock) * t.in_channels * kConvBlock +
                                 o % kConvBlock;
                float sum = 0;
                for (ptrdiff_t c = 0; c < t.in_channels; ++c)
                    sum += w[c * kConvBlock] * patches[static_cast<size_t>(c * kFloatPatch + i)];
                patch[i / kSide][i % kSide] = sum;
            }
            transform(kOutputTransform, patch, out);
            for (int64_t y = y0; y < std::min<int64_t>(y0 + kFloatTile, t.h); ++y)
                for (int64_t x = x0; x < std::min<int64_t>(x0 + kFloatTile, t.w); ++x)
                    store(t, out[y - y0][x - x0] + t.bias[o], y, x, o);
        }
    }
}

void planes(const int16_t* rgb, size_t n, int frac_bits, uint8_t* const (&planes)[3]) {
    for (size_t x = 0; x < n; ++x) {
        for (size_t c = 0; c < 3; ++c) planes[c][x] = sample_from(rgb[3 * x + c], frac_bits);
    }
}

}  // namespace

const Kernels& scalar_kernels() {
    static constexpr Kernels kKernels = {
        conv,           add,        dequantise_position,  scale_indices, change_means,       planes,
        restore_scalar, lap_scalar, trellis_steps_scalar, conv_float,    conv_float_winograd};
    return kKernels;
}

}  // namespace nae
