#include "codec/pack_float_conv.h"

#include <algorithm>
#include <cmath>

#include "codec/conv_bfloat16.h"
#include "codec/conv_int16.h"
#include "codec/engine_kernels.h"

namespace nae {
namespace {

constexpr size_t kBlock = kConvBlock;
// More of them would leave too few bits for each.
constexpr size_t kMostInt16Taps = 4096;

// Where weight i of output o lies in the order of pairs.
size_t place_of_pair(size_t o, size_t i, size_t taps) {
    return ((o / kBlock * taps + i) / 2 * kBlock + o % kBlock) * 2 + i % 2;
}

AlignedBfloat16s pack_bfloat16(const FloatNode& node, size_t taps, size_t blocks) {
    const auto co = static_cast<size_t>(node.channels);
    AlignedBfloat16s out;
    out.assign(blocks * taps * kBlock, 0);
    std::vector<uint16_t> rounded(co * taps);
    to_bfloat16(node.weights.data(), rounded.data(), rounded.size());
    for (size_t o = 0; o < co; ++o)
        for (size_t i = 0; i < taps; ++i) out[place_of_pair(o, i, taps)] = rounded[o * taps + i];
    return out;
}

// As large as 32 bits allow for any input. What rounding a weight leaves goes to the next one: then an even surface gives what it
// should, and errors are where pictures have little.
void pack_int16(const FloatNode& node, size_t taps, size_t blocks, float limit, PackedFloatConv& out) {
    out.scale = static_cast<float>(kMostInt16Input) / limit;
    out.int16_weights.assign(blocks * taps * kBlock, 0);
    out.unit.assign(blocks * kBlock, 0.0F);
    // Half a unit is added to each magnitude by rounding, another half by what is carried on.
    const double most = 2147483647.0 / kMostInt16Input - static_cast<double>(taps);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o) {
        const float* const weights = node.weights.data() + o * taps;
        double sum = 0, largest = 0;
        for (size_t i = 0; i < taps; ++i) {
            const double magnitude = std::fabs(static_cast<double>(weights[i]));
            sum += magnitude;
            largest = std::max(largest, magnitude);
        }
        if (sum == 0) continue;
        const double factor = std::min(most / sum, 32766 / largest);
        double carried = 0;
        for (size_t i = 0; i < taps; ++i) {
            const double exact = static_cast<double>(weights[i]) * factor + carried;
            const double rounded = std::nearbyint(exact);
            carried = exact - rounded;
            out.int16_weights[place_of_pair(o, i, taps)] = static_cast<int16_t>(rounded);
        }
        out.unit[o] = static_cast<float>(1 / (factor * static_cast<double>(out.scale)));
    }
}

AlignedFloats pack_direct(const FloatNode& node, size_t taps, size_t blocks) {
    AlignedFloats out;
    out.assign(blocks * taps * kBlock, 0.0F);
    for (size_t o = 0; o < static_cast<size_t>(node.channels); ++o)
        for (size_t i = 0; i < taps; ++i)
            out[(o / kBlock * taps + i) * kBlock + o % kBlock] = node.weights[o * taps + i];
    return out;
}

// G of F(4, 3) (conv_float_winograd-inl.h) applied to three taps of each of kBlock channels, which lie kBlock apart in
// `to`, `stride` values from one result to the next.
void transform_taps(const float* a, const float* b, const float* c, float* to, size_t stride) {
    for (size_t i = 0; i < kBlock; ++i) {
        const float outer = (a[i] + c[i]) / 6, inner = b[i] / 6;
        const float far = a[i] / 24 + c[i] / 6, near = b[i] / 12;
        to[i] = a[i] / 4;
        to[stride + i] = -outer - inner;
        to[2 * stride + i] = inner - outer;
        to[3 * stride + i] = far + near;
        to[4 * stride + i] = far - near;
        to[5 * stride + i] = c[i];
    }
}

AlignedFloats pack_winograd(const FloatNode& node, size_t channels, size_t blocks) {
    constexpr size_t kSide = kFloatTile + 2;
    const auto co = static_cast<size_t>(node.channels);
    AlignedFloats out;
    out.resize(kFloatPatch * blocks * channels * kBlock);
    const size_t position = blocks * channels * kBlock;
    float taps[9][kBlock] = {}, half[3][kSide][kBlock], full[kSide][kSide][kBlock];
    for (size_t block = 0; block < blocks; ++block) {
        const size_t outputs = std::min(kBlock, co - block * kBlock);
        for (size_t i = 0; i < channels; ++i) {
            for (size_t tap = 0; tap < 9; ++tap) {
                for (size_t o = 0; o < kBlock; ++o)
                    taps[tap][o] =
                        o < outputs ? node.weights[((block * kBlock + o) * 9 + tap) * channels + i] : 0.0F;
            }
            for (size_t y = 0; y < 3; ++y)
                transform_taps(taps[3 * y], taps[3 * y + 1], taps[3 * y + 2], half[y][0], kBlock);
            for (size_t x = 0; x < kSide; ++x)
                transform_taps(half[0][x], half[1][x], half[2][x], full[0][x], kSide * kBlock);
            float* to = out.data() + (block * channels + i) * kBlock;
            for (size_t y = 0; y < kSide; ++y)
                for (size_t x = 0; x < kSide; ++x, to += position) std::copy_n(full[y][x], kBlock, to);
        }
    }
    return out;
}

}  // namespace

PackedFloatConv pack_float_conv(const FloatNode& node, int in_channels, const PairsAllowed& allowed) {
    const size_t blocks = (static_cast<size_t>(node.channels) + kBlock - 1) / kBlock;
    const size_t taps = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(in_channels);
    PackedFloatConv out;
    out.bias.assign(blocks * kBlock, 0.0F);
    std::copy(node.bias.begin(), node.bias.end(), out.bias.begin());
    if (node.kernel == 3 && node.stride == 1 && in_channels % kConvBlock == 0) {
        out.kind = FloatConvKind::winograd;
        out.weights = pack_winograd(node, static_cast<size_t>(in_channels), blocks);
    } else if (allowed.int16_limit > 0 && in_channels % 2 == 0 && taps < kMostInt16Taps) {
        out.kind = FloatConvKind::int16;
        pack_int16(node, taps, blocks, allowed.int16_limit, out);
    } else if (allowed.bfloat16 && in_channels % 2 == 0) {
        out.kind = FloatConvKind::bfloat16;
        out.bfloat16_weights = pack_bfloat16(node, taps, blocks);
    } else {
        out.weights = pack_direct(node, taps, blocks);
    }
    return out;
}

}  // namespace nae
