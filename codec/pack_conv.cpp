// Arranges the parameters of convolutions for the SIMD kernels.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

bool suits_winograd(const Node& node, int in_channels, int32_t max_abs_input) {
    return node.kernel == 3 && node.stride == 1 && in_channels % kWinogradChannels == 0 &&
           max_abs_input <= kMaxWinogradInput;
}

// 2 G applied to three taps: (2 a, a + b + c, a - b + c, 2 c).
void transform_taps(const int32_t* a, const int32_t* b, const int32_t* c, int32_t* const (&out)[4],
                    size_t n) {
    for (size_t i = 0; i < n; ++i) {
        const int32_t outer = a[i] + c[i];
        out[0][i] = 2 * a[i];
        out[1][i] = outer + b[i];
        out[2][i] = outer - b[i];
        out[3][i] = 2 * c[i];
    }
}

// Fills p.winograd and p.winograd_magnitude, or leaves them empty if a transformed weight exceeds 16 bits.
void pack_winograd(const Node& node, int in_channels, PackedConv& p) {
    const auto n = static_cast<size_t>(in_channels);
    const size_t outputs = static_cast<size_t>(p.blocks) * kConvBlock;
    const size_t block = n * kConvBlock;
    AlignedVector16 packed(16 * outputs * n, int16_t{0});
    std::vector<float> magnitude((n + 1) * outputs, 0.0f);
    // Of one output: the nine taps, taps with their rows transformed, and both.
    std::vector<int32_t> taps(9 * n), half(12 * n), full(16 * n);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        std::copy_n(node.weights.data() + o * taps.size(), taps.size(), taps.begin());
        magnitude[o] = std::abs(static_cast<float>(node.bias[o]));
        for (size_t i = 0; i < n; ++i) {
            int32_t sum = 0;
            for (size_t tap = 0; tap < 9; ++tap) sum += std::abs(taps[tap * n + i]);
            magnitude[(i + 1) * outputs + o] = static_cast<float>(sum);
        }
        for (size_t y = 0; y < 3; ++y) {
            const int32_t* row = taps.data() + 3 * y * n;
            int32_t* const to = half.data() + 4 * y * n;
            transform_taps(row, row + n, row + 2 * n, {to, to + n, to + 2 * n, to + 3 * n}, n);
        }
        for (size_t x = 0; x < 4; ++x) {
            const int32_t* column = half.data() + x * n;
            int32_t* const to = full.data() + x * n;
            transform_taps(column, column + 4 * n, column + 8 * n, {to, to + 4 * n, to + 8 * n, to + 12 * n},
                           n);
        }
        const auto [least, most] = std::minmax_element(full.begin(), full.end());
        if (*least < INT16_MIN || *most > INT16_MAX) return;
        int16_t* const to = packed.data() + o / kConvBlock * block + o % kConvBlock * 2;
        for (size_t position = 0; position < 16; ++position) {
            const int32_t* from = full.data() + position * n;
            int16_t* pair = to + position * outputs * n;
            for (size_t i = 0; i < n; i += 2, pair += 2 * kConvBlock) {
                const int16_t both[2] = {static_cast<int16_t>(from[i]), static_cast<int16_t>(from[i + 1])};
                std::memcpy(pair, both, sizeof(both));
            }
        }
    }
    p.winograd = std::move(packed);
    p.winograd_magnitude = std::move(magnitude);
}

}  // namespace

PackedConv pack_conv(const Node& node, int in_channels, int32_t max_abs_input) {
    PackedConv p;
    const int taps = node.kernel * node.kernel;
    p.pairs = (in_channels + 1) / 2;
    p.blocks = (node.channels + kConvBlock - 1) / kConvBlock;
    const size_t padded = static_cast<size_t>(p.blocks) * kConvBlock;
    p.bias.assign(padded, 0);
    p.mult.assign(padded, 0);
    std::copy(node.bias.begin(), node.bias.end(), p.bias.begin());
    std::copy(node.mult.begin(), node.mult.end(), p.mult.begin());
    p.weights.assign(padded * static_cast<size_t>(taps * p.pairs) * 2, 0);
    const int16_t* from = node.weights.data();
    const size_t row = size_t{2} * kConvBlock, block = static_cast<size_t>(taps * p.pairs) * row;
    const auto pairs = static_cast<size_t>(in_channels / 2);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        int16_t* to = p.weights.data() + o / kConvBlock * block + o % kConvBlock * 2;
        for (int tap = 0; tap < taps; ++tap) {
            for (size_t i = 0; i < pairs; ++i, from += 2, to += row) std::memcpy(to, from, 2 * sizeof(*to));
            if (in_channels % 2 == 0) continue;
            *to = *from++;
            to += row;
        }
    }
    if (suits_winograd(node, in_channels, max_abs_input)) pack_winograd(node, in_channels, p);
    return p;
}

}  // namespace nae
