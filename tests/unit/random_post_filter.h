// Random but valid post-filters for tests, of the shape that practical ones have.
#ifndef NAE_TESTS_UNIT_RANDOM_POST_FILTER_H_
#define NAE_TESTS_UNIT_RANDOM_POST_FILTER_H_

#include <random>

#include "codec/engine_kernels.h"
#include "codec/post_filter.h"

namespace nae::test {

// Cells of 2 x 2 pixels; a convolution to `width` channels, residual blocks of two, one back to the cells, which are added.
// Values are everywhere of some size, so that what is computed wrongly shows.
inline PostFilter random_post_filter(std::mt19937& rng, int sets, int width, int blocks, int frac_bits = 4) {
    const auto draw = [&](int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); };
    constexpr int kCell = 12;
    constexpr int32_t kRange = 8191;
    const int32_t least = black(frac_bits), most = white(frac_bits);
    const auto conv = [&](int in, int out, int32_t range) {
        ConvParams p;
        p.out_channels = out;
        p.kernel = 3;
        for (int i = 0; i < out * 9 * in; ++i) p.weights.push_back(static_cast<int16_t>(draw(-60, 60)));
        for (int o = 0; o < out; ++o) {
            p.bias.push_back(draw(-20000, 20000));
            p.mult.push_back(draw(1 << 23, 1 << 25));
        }
        p.lo = -range;
        p.hi = range;
        return p;
    };
    GraphBuilder b(3, least, most);
    const int cells = b.space_to_depth(b.input(), 2);
    int x = b.leaky_relu(b.conv(cells, conv(kCell, width, kRange)), 32);
    for (int i = 0; i < blocks; ++i) {
        const int inner = b.leaky_relu(b.conv(x, conv(width, width, kRange)), 32);
        x = b.add(x, b.conv(inner, conv(width, width, kRange)), -kRange, kRange);
    }
    b.depth_to_space(b.add(cells, b.conv(x, conv(width, kCell, most / 8)), least, most), 2);
    PostFilter filter;
    filter.graph = b.take();
    for (int s = 0; s < sets; ++s) {
        PostFilterSet set;
        for (int o = 0; o < width; ++o) set.bias.push_back(draw(-30000, 30000));
        for (int o = 0; o < kCell; ++o) set.mult.push_back(draw(1 << 22, 1 << 24));
        filter.sets.push_back(std::move(set));
    }
    return filter;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_RANDOM_POST_FILTER_H_
