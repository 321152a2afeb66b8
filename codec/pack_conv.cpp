// Arranges the parameters of convolutions for the SIMD kernels.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

// Transformed weights are sums of up to nine; where those might exceed 16 bits, the direct convolution is used.
bool suits_winograd(const Node& node, int in_channels, int32_t max_abs_input) {
    if (node.kernel != 3 || node.stride != 1 || in_channels % kWinogradChannels != 0 ||
        max_abs_input > kMaxWinogradInput)
        return false;
    const auto [least, most] = std::minmax_element(node.weights.begin(), node.weights.end());
    return std::max(-*least, int{*most}) <= INT16_MAX / 9;
}

// 2 G applied to three taps: (2 a, a + b + c, a - b + c, 2 c).
void transform_taps(const int16_t* a, const int16_t* b, const int16_t* c, int16_t* const (&out)[4],
                    size_t n) {
    for (size_t i = 0; i < n; ++i) {
        const int outer = a[i] + c[i];
        out[0][i] = static_cast<int16_t>(2 * a[i]);
        out[1][i] = static_cast<int16_t>(outer + b[i]);
        out[2][i] = static_cast<int16_t>(outer - b[i]);
        out[3][i] = static_cast<int16_t>(2 * c[i]);
    }
}

void pack_winograd(const Node& node, int in_channels, PackedConv& p) {
    const auto n = static_cast<size_t>(in_channels);
    const size_t outputs = static_cast<size_t>(p.blocks) * kConvBlock;
    const size_t block = n * kConvBlock;
    p.winograd.resize(16 * outputs * n);
    if (node.channels % kConvBlock != 0) std::fill(p.winograd.begin(), p.winograd.end(), int16_t{0});
    p.winograd_magnitude.assign((n + 1) * outputs, 0.0f);
    std::vector<int32_t> sums(n);
    std::vector<int16_t> half(12 * n), full(16 * n);  // taps with their rows transformed, and both
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        const int16_t* const taps = node.weights.data() + o * 9 * n;
        std::fill(sums.begin(), sums.end(), 0);
        for (size_t tap = 0; tap < 9; ++tap)
            for (size_t i = 0; i < n; ++i) sums[i] += std::abs(int{taps[tap * n + i]});
        p.winograd_magnitude[o] = std::abs(static_cast<float>(node.bias[o]));
        for (size_t i = 0; i < n; ++i)
            p.winograd_magnitude[(i + 1) * outputs + o] = static_cast<float>(sums[i]);
        for (size_t y = 0; y < 3; ++y) {
            const int16_t* row = taps + 3 * y * n;
            int16_t* const to = half.data() + 4 * y * n;
            transform_taps(row, row + n, row + 2 * n, {to, to + n, to + 2 * n, to + 3 * n}, n);
        }
        for (size_t x = 0; x < 4; ++x) {
            const int16_t* column = half.data() + x * n;
            int16_t* const to = full.data() + x * n;
            transform_taps(column, column + 4 * n, column + 8 * n, {to, to + 4 * n, to + 8 * n, to + 12 * n},
                           n);
        }
        int16_t* const to = p.winograd.data() + o / kConvBlock * block + o % kConvBlock * 2;
        for (size_t position = 0; position < 16; ++position) {
            const int16_t* from = full.data() + position * n;
            int16_t* pair = to + position * outputs * n;
            for (size_t i = 0; i < n; i += 2, pair += 2 * kConvBlock)
                std::memcpy(pair, from + i, 2 * sizeof(*pair));
        }
    }
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
    p.weights.resize(padded * static_cast<size_t>(taps * p.pairs) * 2);
    if (node.channels % kConvBlock != 0 || in_channels % 2 != 0)
        std::fill(p.weights.begin(), p.weights.end(), int16_t{0});
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
