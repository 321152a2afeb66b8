// Random but valid integer networks and inputs for tests.
#ifndef NAE_TESTS_UNIT_TEST_GRAPHS_H_
#define NAE_TESTS_UNIT_TEST_GRAPHS_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "codec/graph.h"
#include "codec/model.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "tests/unit/random_conv.h"

namespace nae::test {

inline Tensor16 random_tensor(Random& rng, int h, int w, int c, int lo, int hi) {
    Tensor16 t(h, w, c);
    const bool extreme = pick(rng, 0, 4) == 0;
    for (int16_t& v : t.data)
        v = static_cast<int16_t>(extreme ? (pick(rng, 0, 1) ? lo : hi) : pick(rng, lo, hi));
    return t;
}

// Crop of a tensor that covers `from`, to `to`.
inline Tensor16 crop(const Tensor16& t, const Rect& from, const Rect& to) {
    Tensor16 out(static_cast<int>(to.h), static_cast<int>(to.w), t.c);
    for (int y = 0; y < out.h; ++y) {
        const int16_t* row = t.pixel(y + static_cast<int>(to.y - from.y), static_cast<int>(to.x - from.x));
        std::copy_n(row, static_cast<ptrdiff_t>(out.w) * t.c, out.pixel(y, 0));
    }
    return out;
}

inline bool equal(const Tensor16& a, const Tensor16& b) {
    return a.h == b.h && a.w == b.w && a.c == b.c && a.data == b.data;
}

// A chain with branches over all operators; its output resolution varies.
inline Graph random_graph(Random& rng) {
    const int in = pick(rng, 1, 40);
    GraphBuilder b(in, -8191, 8191);
    int node = b.input(), channels = in, up = 1;
    // Every value stays within +-16382, which the next convolution must survive.
    const int limit = 16382;
    const int length = pick(rng, 1, 6);
    for (int i = 0; i < length; ++i) {
        switch (pick(rng, 0, 8)) {
            case 0: {
                const int co = pick(rng, 1, 70);
                node = b.conv(
                    node, random_conv(rng, channels, co, 2 * pick(rng, 0, 2) + 1, pick(rng, 1, 2), limit));
                channels = co;
                break;
            }
            case 1: {  // residual block
                const int mid = pick(rng, 1, 40);
                int x = b.conv(node, random_conv(rng, channels, mid, 3, 1, limit, 0, 8191));
                x = b.conv(x, random_conv(rng, mid, channels, 3, 1, limit));
                node = pick(rng, 0, 1) ? b.add(x, node, -8191, 8191) : b.add(node, x, -100, 16000);
                break;
            }
            case 2: {  // two convolutions added; one of them read twice now and then
                const int co = pick(rng, 1, 33);
                const int x = b.conv(node, random_conv(rng, channels, co, 1, 1, limit));
                const int y = b.conv(node, random_conv(rng, channels, co, 3, 1, limit));
                node = b.add(x, y, -8191, 8191);
                if (pick(rng, 0, 1)) node = b.add(node, x, -8191, 8191);
                channels = co;
                break;
            }
            case 3:
                node = pick(rng, 0, 1) ? b.relu(node) : b.leaky_relu(node, pick(rng, 0, 255));
                break;
            case 4: {
                const int block = pick(rng, 2, 3);
                if (up > 3) break;
                up *= block;
                const int co = pick(rng, 1, 6);
                node = b.conv(node, random_conv(rng, channels, co * block * block, 1, 1, limit));
                node = b.depth_to_space(node, block);
                channels = co;
                break;
            }
            case 5:
                if (channels > 100) break;
                node = b.space_to_depth(node, 2);
                channels *= 4;
                break;
            case 6: {
                if (channels > 100) break;
                const int co = pick(rng, 1, 20);
                const int x = b.conv(node, random_conv(rng, channels, co, 5, 1, limit));
                node = b.concat({node, x, node});
                channels = 2 * channels + co;
                break;
            }
            case 7: {
                const int begin = pick(rng, 0, channels - 1);
                channels = pick(rng, 1, channels - begin);
                node = b.slice(node, begin, channels);
                break;
            }
            default: {
                std::vector<int32_t> mult;
                for (int c = 0; c < channels; ++c) mult.push_back(pick(rng, -200000, 200000));
                node = b.gain(node, mult, -8191, 8191);
            }
        }
    }
    return b.take();
}

// A table set with `count` indices whose tables are geometric in shape.
inline TableSet make_tables(int count, int bias) {
    TableSet set;
    set.bias = bias;
    set.tables.resize(static_cast<size_t>(count));
    for (int i = 1; i < count; ++i) {
        FrequencyTable& t = set.tables[static_cast<size_t>(i)];
        t.max_symbol = i;
        int rest = kProbabilityTotal - 1;
        t.frequencies.assign(static_cast<size_t>(i) + 1, 1);
        rest -= 1 + 2 * i;
        for (int s = i; s > 0; --s) {
            const int more = rest / 2 >> (s + 1);
            t.frequencies[static_cast<size_t>(s)] = static_cast<uint16_t>(1 + more);
            rest -= 2 * more;
        }
        t.frequencies[0] = static_cast<uint16_t>(1 + rest);
        t.escape_frequency = 1;
    }
    return set;
}

inline FloatConvParams float_conv(Random& rng, int in, int out, int kernel, int stride) {
    FloatConvParams p;
    p.out_channels = out;
    p.kernel = kernel;
    p.stride = stride;
    for (int i = 0; i < in * out * kernel * kernel; ++i)
        p.weights.push_back(static_cast<float>(pick(rng, -64, 64)) / 128);
    for (int i = 0; i < out; ++i) p.bias.push_back(static_cast<float>(pick(rng, -64, 64)) / 128);
    return p;
}

// A complete small model of the shape real ones have: a linear path and a residual branch.
inline Model small_model(unsigned seed = 1, int c = 12, int cz = 4) {
    Random rng(seed);
    Model m;
    m.name = "test";
    m.latent_channels = c;
    m.hyper_channels = cz;
    m.output_frac_bits = 4;
    m.mean_dead_zone = static_cast<int>(seed % 3) * 8;
    {
        GraphBuilder b(cz, -2047, 2047);
        int x = b.conv(b.input(), random_conv(rng, cz, 8 * 4, 3, 1, 2047, 0, 4095));
        x = b.depth_to_space(x, 2);
        x = b.conv(x, random_conv(rng, 8, 2 * c * 4, 1, 1, 4095, -4095, 4095));
        b.depth_to_space(x, 2);
        m.hyper_synthesis = b.take();
    }
    {
        GraphBuilder b(c, -8191, 8191);
        const int linear = b.conv(b.input(), random_conv(rng, c, 3 * 256, 1, 1, 8191));
        int x = b.conv(b.input(), random_conv(rng, c, 16, 1, 1, 8191));
        int y = b.conv(x, random_conv(rng, 16, 16, 3, 1, 8191, 0, 8191));
        y = b.conv(y, random_conv(rng, 16, 16, 3, 1, 8191));
        x = b.add(x, y, -8191, 8191);
        x = b.conv(x, random_conv(rng, 16, 3 * 256, 1, 1, 8191));
        x = b.add(linear, x, -4095, 4095);
        b.depth_to_space(x, 16);
        m.synthesis = b.take();
    }
    const auto gains = [&](int channels) {
        GainTable g;
        g.channels = channels;
        g.anchors = 4;
        for (int i = 0; i < channels; ++i) {
            for (int k = 0; k < 4; ++k) g.log2_gain.push_back(-768 + 400 * k + pick(rng, -50, 50));
            g.log2_inverse_unit.push_back(1024 + pick(rng, -100, 100));
        }
        return g;
    };
    m.gains.latent = gains(c);
    m.gains.hyper = gains(cz);
    for (int i = 0; i < cz; ++i) m.gains.hyper_log2_scale.push_back(pick(rng, -256, 512));
    m.latent_tables = make_tables(9, 256);
    m.hyper_tables = make_tables(5, 100);
    {
        FloatGraphBuilder b(3);
        int x = b.space_to_depth(b.input(), 8);
        x = b.conv(x, float_conv(rng, 192, 8, 1, 1));
        x = b.abs(b.leaky_relu(x, 0.125f));
        x = b.conv(x, float_conv(rng, 8, c, 3, 2));
        m.analysis = b.take();
    }
    {
        FloatGraphBuilder b(c);
        int x = b.conv(b.input(), float_conv(rng, c, cz, 3, 2));
        b.conv(b.relu(x), float_conv(rng, cz, cz, 3, 2));
        m.hyper_analysis = b.take();
    }
    m.text = "made by a test";
    return m;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_TEST_GRAPHS_H_
