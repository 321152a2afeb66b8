// Arranges the parameters of convolutions for the SIMD kernels.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "codec/engine_kernels.h"

namespace nae {
namespace {

constexpr size_t kPatch = 16;  // values of a transformed kernel

// Whether the transformed weights of one output channel fit 16 bits, and what is stored on the way to them.
bool transformed_fit(const int16_t* taps, size_t n) {
    for (size_t i = 0; i < n; ++i) {
        int half[3][4];
        for (size_t y = 0; y < 3; ++y) {
            const int16_t* row = taps + 3 * y * n + i;
            const int a = row[0], b = row[n], c = row[2 * n];
            const int transformed[4] = {2 * a, a + c + b, a + c - b, 2 * c};
            std::copy_n(transformed, 4, half[y]);
        }
        for (size_t x = 0; x < 4; ++x) {
            const int a = half[0][x], b = half[1][x], c = half[2][x];
            const int most = std::max({std::abs(a), std::abs(b), std::abs(c), std::abs(2 * a),
                                       std::abs(2 * c), std::abs(a + c) + std::abs(b)});
            if (most > INT16_MAX) return false;
        }
    }
    return true;
}

// Transformed weights are sums of up to nine; where one exceeds 16 bits, the direct convolution is used.
bool suits_winograd(const Node& node, int in_channels, int32_t max_abs_input) {
    if (node.kernel != 3 || node.stride != 1 || in_channels % kWinogradChannels != 0 ||
        max_abs_input > kMaxWinogradInput)
        return false;
    const auto [least, most] = std::minmax_element(node.weights.begin(), node.weights.end());
    if (std::max(-*least, int{*most}) <= INT16_MAX / 9) return true;
    // Few kernels have taps that are all as large, and of one sign.
    const auto n = static_cast<size_t>(in_channels);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o)
        if (!transformed_fit(node.weights.data() + o * 9 * n, n)) return false;
    return true;
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

// The values of kConvBlock output channels, each a row of `pairs` pairs, side by side: [pair][channel][2].
void interleave(const int16_t* const (&rows)[kConvBlock], size_t pairs, int16_t* to) {
    for (size_t k = 0; k < pairs; ++k) {
        for (const int16_t* row : rows) {
            std::memcpy(to, row + 2 * k, 2 * sizeof(*to));
            to += 2;
        }
    }
}

// The transformed weights of one output channel, [16][input channel].
void transform_weights(const int16_t* taps, size_t n, std::vector<int16_t>& half, int16_t* full) {
    for (size_t y = 0; y < 3; ++y) {
        const int16_t* row = taps + 3 * y * n;
        int16_t* const to = half.data() + 4 * y * n;
        transform_taps(row, row + n, row + 2 * n, {to, to + n, to + 2 * n, to + 3 * n}, n);
    }
    for (size_t x = 0; x < 4; ++x) {
        const int16_t* column = half.data() + x * n;
        int16_t* const to = full + x * n;
        transform_taps(column, column + 4 * n, column + 8 * n, {to, to + 4 * n, to + 8 * n, to + 12 * n}, n);
    }
}

void pack_winograd(const Node& node, int in_channels, PackedConv& p) {
    const auto n = static_cast<size_t>(in_channels), channels = static_cast<size_t>(node.channels);
    const size_t outputs = static_cast<size_t>(p.blocks) * kConvBlock;
    p.winograd.resize(kPatch * outputs * n);
    p.winograd_magnitude.assign((n + 1) * outputs, 0.0f);
    std::vector<int16_t> half(12 * n), full(kConvBlock * kPatch * n);
    for (size_t first = 0; first < outputs; first += kConvBlock) {
        const int16_t* rows[kConvBlock];
        for (size_t lane = 0; lane < kConvBlock; ++lane) {
            int16_t* const values = full.data() + lane * kPatch * n;
            rows[lane] = values;
            const size_t o = first + lane;
            if (o >= channels) {
                std::fill_n(values, kPatch * n, int16_t{0});
                continue;
            }
            const int16_t* const taps = node.weights.data() + o * 9 * n;
            transform_weights(taps, n, half, values);
            p.winograd_magnitude[o] = std::abs(static_cast<float>(node.bias[o]));
            for (size_t i = 0; i < n; ++i) {
                int32_t sum = 0;
                for (size_t tap = 0; tap < 9; ++tap) sum += std::abs(int{taps[tap * n + i]});
                p.winograd_magnitude[(i + 1) * outputs + o] = static_cast<float>(sum);
            }
        }
        for (size_t position = 0; position < kPatch; ++position) {
            interleave(rows, n / 2, p.winograd.data() + (position * outputs + first) * n);
            for (const int16_t*& row : rows) row += n;
        }
    }
}

// Plain weights of an even number of input channels.
void pack_even(const Node& node, int in_channels, PackedConv& p) {
    const size_t row = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(in_channels);
    const std::vector<int16_t> none(row, 0);  // of channels that fill up the last block
    for (size_t first = 0; first < static_cast<size_t>(p.blocks) * kConvBlock; first += kConvBlock) {
        const int16_t* rows[kConvBlock];
        for (size_t lane = 0; lane < kConvBlock; ++lane) {
            const size_t o = first + lane;
            rows[lane] = o < static_cast<size_t>(node.channels) ? node.weights.data() + o * row : none.data();
        }
        interleave(rows, row / 2, p.weights.data() + first * row);
    }
}

// Of an odd one: the last pair is half empty.
void pack_odd(const Node& node, int in_channels, PackedConv& p) {
    const int taps = node.kernel * node.kernel;
    std::fill(p.weights.begin(), p.weights.end(), int16_t{0});
    const int16_t* from = node.weights.data();
    const size_t row = size_t{2} * kConvBlock, block = static_cast<size_t>(taps * p.pairs) * row;
    const auto pairs = static_cast<size_t>(in_channels / 2);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        int16_t* to = p.weights.data() + o / kConvBlock * block + o % kConvBlock * 2;
        for (int tap = 0; tap < taps; ++tap) {
            for (size_t i = 0; i < pairs; ++i, from += 2, to += row) std::memcpy(to, from, 2 * sizeof(*to));
            *to = *from++;
            to += row;
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
    (in_channels % 2 == 0 ? pack_even : pack_odd)(node, in_channels, p);
    if (suits_winograd(node, in_channels, max_abs_input)) pack_winograd(node, in_channels, p);
    return p;
}

}  // namespace nae
