#include "codec/pack_float_conv.h"

#include <algorithm>

#include "codec/conv_bfloat16.h"
#include "codec/engine_kernels.h"

namespace nae {
namespace {

constexpr size_t kBlock = kConvBlock;

AlignedBfloat16s pack_bfloat16(const FloatNode& node, size_t taps, size_t blocks) {
    const auto co = static_cast<size_t>(node.channels);
    AlignedBfloat16s out;
    out.assign(blocks * taps * kBlock, 0);
    std::vector<uint16_t> rounded(co * taps);
    to_bfloat16(node.weights.data(), rounded.data(), rounded.size());
    for (size_t o = 0; o < co; ++o)
        for (size_t i = 0; i < taps; ++i)
            out[((o / kBlock * taps + i) / 2 * kBlock + o % kBlock) * 2 + i % 2] = rounded[o * taps + i];
    return out;
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

PackedFloatConv pack_float_conv(const FloatNode& node, int in_channels, bool bfloat16) {
    const size_t blocks = (static_cast<size_t>(node.channels) + kBlock - 1) / kBlock;
    const size_t taps = static_cast<size_t>(node.kernel * node.kernel) * static_cast<size_t>(in_channels);
    PackedFloatConv out;
    out.bias.assign(blocks * kBlock, 0.0F);
    std::copy(node.bias.begin(), node.bias.end(), out.bias.begin());
    if (node.kernel == 3 && node.stride == 1 && in_channels % kConvBlock == 0) {
        out.kind = FloatConvKind::winograd;
        out.weights = pack_winograd(node, static_cast<size_t>(in_channels), blocks);
    } else if (bfloat16 && in_channels % 2 == 0) {
        out.kind = FloatConvKind::bfloat16;
        out.bfloat16_weights = pack_bfloat16(node, taps, blocks);
    } else {
        out.weights = pack_direct(node, taps, blocks);
    }
    return out;
}

}  // namespace nae
