#include "codec/graph.h"

#include <catch2/catch.hpp>
#include <limits>

#include "codec/float_graph.h"
#include "codec/graph_io.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

// input(2) -> 1x1 convolution with one output channel: weights {w, w}, given bias.
Graph one_conv(int16_t w, int32_t bias, int32_t input_max) {
    GraphBuilder b(2, -input_max, input_max);
    ConvParams p;
    p.out_channels = 1;
    p.weights = {w, w};
    p.bias = {bias};
    p.mult = {1};
    b.conv(0, p);
    return b.take();
}

}  // namespace

TEST_CASE("Resolutions cancel exactly", "[graph]") {
    const Resolution one;
    CHECK(one.multiplied(4).divided(4) == one);
    CHECK(one.multiplied(8).divided(2) == one.multiplied(4));
    CHECK(one.multiplied(2).divided(8) == one.divided(4));
    CHECK(one.divided(2).divided(2) == one.divided(4));
    CHECK(one.multiplied(6).divided(4) == one.multiplied(3).divided(2));
    CHECK(one.divided(1) == one);
    // Not the same for odd sizes: 5 -> 3 -> 6.
    CHECK(one.divided(2).multiplied(2) != one);
    CHECK(one.divided(2).multiplied(2).apply(5) == 6);
    CHECK(one.divided(2).multiplied(2).divided(2) == one.divided(2));
    CHECK(one.divided(3).multiplied(2).divided(4) == one.divided(6));
    // The normal form means what the steps mean one by one.
    Random rng(5);
    for (int round = 0; round < 300; ++round) {
        Resolution r;
        const int64_t n = pick(rng, 1, 1000);
        int64_t expected = n;
        for (int i = 0; i < 6; ++i) {
            const int f = pick(rng, 1, 6);
            if (pick(rng, 0, 1)) {
                r = r.multiplied(f);
                expected *= f;
            } else {
                r = r.divided(f);
                expected = div_up(expected, f);
            }
        }
        REQUIRE(r.apply(n) == expected);
    }
}

TEST_CASE("The accumulator bound is proved to the last unit", "[graph]") {
    // |bias| + (|w| + |w|) * max must be below 2^31.
    const int32_t limit = std::numeric_limits<int32_t>::max();
    CHECK(validate(one_conv(16384, limit - 2 * 16384 * 8191, 8191)).ok());
    CHECK_FALSE(validate(one_conv(16384, limit - 2 * 16384 * 8191 + 1, 8191)).ok());
    CHECK_FALSE(validate(one_conv(-16384, -limit + 2 * 16384 * 8191 - 1, 8191)).ok());
    CHECK_FALSE(validate(one_conv(0, std::numeric_limits<int32_t>::min(), 1)).ok());
    const Status s = validate(one_conv(-32768, 100000, 32767)).status();
    CHECK(s.code() == ErrorCode::corrupt);
    CHECK(s.message().find("accumulator bound") != std::string::npos);
}

TEST_CASE("Broken graphs are refused", "[graph]") {
    Random rng(3);
    const auto base = [&] {
        Random same(7);
        GraphBuilder b(4, -100, 100);
        int x = b.conv(0, random_conv(same, 4, 8, 3, 1, 100));
        x = b.depth_to_space(x, 2);
        x = b.concat({x, x});
        x = b.slice(x, 1, 2);
        x = b.gain(x, {1, -1});
        x = b.leaky_relu(x, 20);
        b.add(x, x, -5, 5);
        return b.take();
    };
    REQUIRE(validate(base()).ok());
    const auto broken = [&](auto change) {
        Graph g = base();
        change(g.nodes);
        return !validate(g).ok();
    };
    using Nodes = std::vector<Node>;
    CHECK(broken([](Nodes& n) { n.clear(); }));
    CHECK(broken([](Nodes& n) { n.resize(300, n.back()); }));
    CHECK(broken([](Nodes& n) { n[0].channels = 0; }));
    CHECK(broken([](Nodes& n) { n[0].channels = kMaxChannels + 1; }));
    CHECK(broken([](Nodes& n) { n[0].lo = -32768; }));
    CHECK(broken([](Nodes& n) { n[0].hi = 32768; }));
    CHECK(broken([](Nodes& n) { std::swap(n[0].lo, n[0].hi); }));
    CHECK(broken([](Nodes& n) { n[0].inputs = {0}; }));
    CHECK(broken([](Nodes& n) { n[1].inputs = {1}; }));  // a cycle
    CHECK(broken([](Nodes& n) { n[1].inputs = {7}; }));
    CHECK(broken([](Nodes& n) { n[1].inputs = {}; }));
    CHECK(broken([](Nodes& n) { n[1].kernel = 4; }));
    CHECK(broken([](Nodes& n) { n[1].stride = 3; }));
    CHECK(broken([](Nodes& n) { n[1].channels = 9; }));
    CHECK(broken([](Nodes& n) { n[1].weights.pop_back(); }));
    CHECK(broken([](Nodes& n) { n[1].bias.pop_back(); }));
    CHECK(broken([](Nodes& n) { n[1].mult[2] = 0; }));
    CHECK(broken([](Nodes& n) { n[1].mult[2] = -1; }));
    CHECK(broken([](Nodes& n) { n[2].block = 3; }));  // 8 channels are no multiple of 9
    CHECK(broken([](Nodes& n) { n[2].block = 1; }));
    CHECK(broken([](Nodes& n) { n[2].block = 17; }));
    CHECK(broken([](Nodes& n) { n[3].inputs = {2, 1}; }));  // another resolution
    CHECK(broken([](Nodes& n) { n[3].inputs.clear(); }));
    CHECK(broken([](Nodes& n) { n[4].begin = 3; }));
    CHECK(broken([](Nodes& n) { n[4].begin = -1; }));
    CHECK(broken([](Nodes& n) { n[4].channels = 0; }));
    CHECK(broken([](Nodes& n) { n[5].mult.push_back(0); }));
    CHECK(broken([](Nodes& n) { n[6].slope = 256; }));
    CHECK(broken([](Nodes& n) { n[6].slope = -1; }));
    CHECK(broken([](Nodes& n) { n[7].inputs[1] = 3; }));  // other channels
    CHECK(broken([](Nodes& n) { n[6].op = Op::abs; }));
    CHECK(broken([](Nodes& n) { n[6].op = static_cast<Op>(200); }));
    CHECK(broken([](Nodes& n) { n[6].op = Op::input; }));
}

TEST_CASE("Costs are counted and limited", "[graph]") {
    Random rng(4);
    GraphBuilder b(10, -10, 10);
    int x = b.conv(0, random_conv(rng, 10, 16, 3, 1, 10));  // 1440 multiply-adds at 1/4
    b.depth_to_space(x, 4);
    const Graph g = b.take();
    const Result<GraphInfo> info = validate(g);
    REQUIRE(info.ok());
    CHECK(info.value().macs_per_pixel == Approx(90));
    CHECK(info.value().values_per_pixel == Approx((10 + 16) / 16.0 + 1));
    Limits limits;
    limits.max_macs_per_pixel = 92;
    CHECK(validate(g, limits).status().code() == ErrorCode::limit_exceeded);
    limits.max_macs_per_pixel = 93;
    CHECK(validate(g, limits).ok());
    // Upscaling without end is refused although each step is fine.
    GraphBuilder up(2, 0, 1);
    int n = up.concat({0, 0});
    for (int i = 0; i < 20; ++i) n = up.depth_to_space(up.concat({n, n, n, n}), 2);
    CHECK_FALSE(validate(up.take()).ok());
}

TEST_CASE("Required input rectangles", "[graph]") {
    Random rng(6);
    GraphBuilder b(2, -10, 10);
    int x = b.conv(0, random_conv(rng, 2, 8, 3, 1, 10));
    x = b.conv(x, random_conv(rng, 8, 16, 5, 1, 8191));
    b.depth_to_space(x, 4);
    const Graph g = b.take();
    const Extents e{100, 200};
    CHECK(required_input(g, e, Rect{40, 80, 4, 4}) == Rect{7, 17, 7, 7});
    CHECK(required_input(g, e, Rect{39, 80, 2, 1}) == Rect{6, 17, 8, 7});
    CHECK(required_input(g, e, Rect{0, 0, 1, 1}) == Rect{0, 0, 4, 4});
    CHECK(required_input(g, e, Rect{799, 399, 1, 1}) == Rect{196, 96, 4, 4});
    CHECK(required_input(g, e, Rect{0, 0, 800, 400}) == Rect{0, 0, 200, 100});
    CHECK(required_input(g, e, Rect{800, 0, 5, 5}).empty());
}

TEST_CASE("Integer graphs survive their bytes", "[graph]") {
    Random rng(11);
    for (int round = 0; round < 40; ++round) {
        const Graph g = random_graph(rng);
        Limits limits;
        limits.max_macs_per_pixel = UINT64_MAX;
        const Result<std::vector<uint8_t>> bytes = serialise_graph(g);
        REQUIRE(bytes.ok());
        const Result<Graph> back = parse_graph(bytes.value().data(), bytes.value().size(), "graph", limits);
        REQUIRE(back.ok());
        CHECK(serialise_graph(back.value()).value() == bytes.value());
        REQUIRE(back.value().nodes.size() == g.nodes.size());
        for (size_t i = 0; i < g.nodes.size(); ++i) {
            CHECK(back.value().nodes[i].weights == g.nodes[i].weights);
            CHECK(back.value().nodes[i].inputs == g.nodes[i].inputs);
        }
        // Every truncation is an error, as is an extra byte.
        const size_t size = bytes.value().size();
        for (size_t n = 0; n < size; n += 1 + size / 200) {
            CHECK_FALSE(parse_graph(bytes.value().data(), n, "graph", limits).ok());
        }
        std::vector<uint8_t> longer = bytes.value();
        longer.push_back(0);
        CHECK_FALSE(parse_graph(longer.data(), longer.size(), "graph", limits).ok());
    }
}

TEST_CASE("A graph's bytes are those of the specification", "[graph]") {
    GraphBuilder b(2, -3, 4);
    ConvParams p;
    p.out_channels = 1;
    p.weights = {256, -1};
    p.bias = {5};
    p.mult = {7};
    p.lo = 0;
    p.hi = 1000;
    b.relu(b.conv(0, p));
    const std::vector<uint8_t> expected = {3, 0,                                               // nodes
                                           0, 2, 0, 0xFD, 0xFF, 4, 0,                          // input
                                           1, 0, 0, 1,    0,    1, 1, 0, 0, 0xE8, 3,           // conv
                                           5, 0, 0, 0,    7,    0, 0, 0, 0, 1,    0xFF, 0xFF,  // its arrays
                                           3, 1, 0};                                           // relu
    CHECK(serialise_graph(b.take()).value() == expected);
}

TEST_CASE("Float graphs survive their bytes; bf16 rounds to nearest even", "[graph]") {
    CHECK(bf16_to_float(float_to_bf16(1.0f)) == 1.0f);
    CHECK(float_to_bf16(1.0f + 1.0f / 256) == float_to_bf16(1.0f));               // tie, to even
    CHECK(float_to_bf16(1.0f + 3.0f / 256) == float_to_bf16(1.0f + 4.0f / 256));  // tie, to even
    CHECK(bf16_to_float(float_to_bf16(-3.1415926f)) == -3.140625f);
    const Model m = small_model();
    for (const FloatGraph* g : {&m.analysis, &m.hyper_analysis}) {
        const Result<std::vector<uint8_t>> bytes = serialise_float_graph(*g);
        REQUIRE(bytes.ok());
        const Result<FloatGraph> back =
            parse_float_graph(bytes.value().data(), bytes.value().size(), "graph");
        REQUIRE(back.ok());
        CHECK(serialise_float_graph(back.value()).value() == bytes.value());
        CHECK(back.value().nodes.back().weights == g->nodes.back().weights);  // multiples of 1/128: exact
        for (size_t n = 0; n < bytes.value().size(); ++n) {
            CHECK_FALSE(parse_float_graph(bytes.value().data(), n, "graph").ok());
        }
    }
    FloatGraph bad = m.analysis;
    bad.nodes.back().bias[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK_FALSE(validate(bad).ok());
    const Result<FloatGraphInfo> info = validate(m.analysis);
    REQUIRE(info.ok());
    CHECK(info.value().halo >= 8);  // one 3x3 tap of 8 pixels
    CHECK(info.value().halo <= 16);
}
