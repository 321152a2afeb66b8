// The post-filter: its file form, what is refused, which set serves.
#include "codec/post_filter.h"

#include <catch2/catch.hpp>

#include "tests/unit/random_post_filter.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

using Random = std::mt19937;

Model filtered_model() {
    Model m = small_model();
    Random rng(23);
    m.post_filter = random_post_filter(rng, 3, 8, 1);
    return m;
}

// Pixels in, pixels out, by a convolution of `kernel` that passes them on.
PostFilter plain_filter(int kernel, int32_t lo, int32_t hi) {
    ConvParams p;
    p.out_channels = 3;
    p.kernel = kernel;
    p.weights.assign(static_cast<size_t>(9 * kernel * kernel), 0);
    for (int c = 0; c < 3; ++c) centre_tap(p, 3, c, c) = 4096;
    p.bias.assign(3, 0);
    p.mult.assign(3, 1 << 20);
    p.lo = lo;
    p.hi = hi;
    GraphBuilder b(3, black(4), white(4));
    b.conv(b.input(), p);
    PostFilter filter;
    filter.graph = b.take();
    filter.sets.push_back({p.bias, p.mult});
    return filter;
}

}  // namespace

TEST_CASE("post-filter: the nearest set serves", "[post_filter]") {
    PostFilter filter;
    filter.sets.resize(4);  // at 1, 34, 67, 100
    CHECK(filter.set_of(100) == 0);
    CHECK(filter.set_of(1749) == 0);
    CHECK(filter.set_of(1750) == 1);
    CHECK(filter.set_of(6700) == 2);
    CHECK(filter.set_of(10000) == 3);
    filter.sets.resize(1);
    CHECK(filter.set_of(10000) == 0);
}

TEST_CASE("post-filter: a set replaces the first biases and the last multipliers", "[post_filter]") {
    Random rng(2);
    const PostFilter filter = random_post_filter(rng, 2, 8, 1);
    const Graph graph = filter.at(1);
    REQUIRE(graph.nodes.size() == filter.graph.nodes.size());
    const int first = first_convolution(graph), last = last_convolution(graph);
    CHECK(first == 2);
    CHECK(last == static_cast<int>(graph.nodes.size()) - 3);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        const auto at = static_cast<int>(i);
        CHECK(graph.nodes[i].bias == (at == first ? filter.sets[1].bias : filter.graph.nodes[i].bias));
        CHECK(graph.nodes[i].mult == (at == last ? filter.sets[1].mult : filter.graph.nodes[i].mult));
    }
    CHECK(first_convolution(GraphBuilder(3, 0, 1).take()) == -1);
    CHECK(last_convolution(Graph()) == -1);
}

TEST_CASE("post-filter: one survives its file, a broken one is refused", "[post_filter][model]") {
    Random rng(3);
    const PostFilter filter = random_post_filter(rng, 5, 8, 1);
    const std::vector<uint8_t> bytes = serialise_post_filter(filter).value();
    const auto back = parse_post_filter(ByteSpan(bytes));
    REQUIRE(back.status().message() == "");
    CHECK(validate(back.value(), 4).status().message() == "");
    CHECK(serialise_post_filter(back.value()).value() == bytes);
    for (size_t n = 0; n < bytes.size(); n += 1 + n / 8)
        CHECK_FALSE(parse_post_filter(ByteSpan(bytes.data(), n)).ok());
    std::vector<uint8_t> longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(parse_post_filter(ByteSpan(longer)).ok());
    for (const uint8_t sets : {0, 65}) {
        std::vector<uint8_t> other = bytes;
        other[0] = sets;
        CHECK_FALSE(parse_post_filter(ByteSpan(other)).ok());
    }
    std::vector<uint8_t> endless = bytes;
    std::fill_n(endless.begin() + 1, 4, uint8_t{0xff});
    CHECK_FALSE(parse_post_filter(ByteSpan(endless)).ok());

    const auto broken = [&](auto change, int frac_bits = 4) {
        PostFilter f = filter;
        change(f);
        return !validate(f, frac_bits).ok();
    };
    CHECK_FALSE(broken([](PostFilter&) {}));
    CHECK(broken([](PostFilter&) {}, 1));
    CHECK(broken([](PostFilter&) {}, 3));  // its values go beyond black and white of three fraction bits
    CHECK(broken([](PostFilter&) {}, 7));
    CHECK(broken([](PostFilter& f) { f.sets.clear(); }));
    CHECK(broken([](PostFilter& f) { f.graph = Graph(); }));
    CHECK(broken([](PostFilter& f) { f.sets.resize(65, f.sets[0]); }));
    CHECK(broken([](PostFilter& f) { f.sets[4].bias.pop_back(); }));
    CHECK(broken([](PostFilter& f) { f.sets[4].mult.push_back(1); }));
    CHECK(broken([](PostFilter& f) { f.sets[3].mult[11] = 0; }));
    CHECK(broken([](PostFilter& f) { f.sets[3].mult[11] = -1; }));
    // In any set: its bias alone decides.
    CHECK(broken([](PostFilter& f) { f.sets[4].bias[7] = INT32_MAX; }));
    CHECK(broken([](PostFilter& f) { f.sets[4].bias[7] = INT32_MIN; }));
    CHECK_FALSE(broken([](PostFilter& f) { f.sets[4].mult[0] = INT32_MAX; }));
}

TEST_CASE("post-filter: what its graph must be", "[post_filter][model]") {
    const int32_t least = black(4), most = white(4);
    CHECK(validate(plain_filter(1, least, most), 4).status().message() == "");
    CHECK(validate(plain_filter(5, -100, 100), 4).ok());
    CHECK_FALSE(validate(plain_filter(3, least - 1, most), 4).ok());
    CHECK_FALSE(validate(plain_filter(3, least, most + 1), 4).ok());
    PostFilter wide = plain_filter(3, least, most);
    wide.graph.nodes[0].hi = most + 1;
    CHECK_FALSE(validate(wide, 4).ok());
    const auto with = [&](int channels, auto build) {
        PostFilter filter = plain_filter(3, least, most);
        GraphBuilder b(channels, least, most);
        build(b);
        filter.graph = b.take();
        return validate(filter, 4).status().message();
    };
    // Cells of any side that divides 16.
    for (const int block : {2, 4, 8, 16}) {
        CHECK(with(3, [&](GraphBuilder& b) {
                  Random rng(4);
                  ConvParams p = conv_params(3, 3, 3, rng, 9);
                  p.lo = least;
                  p.hi = most;
                  b.depth_to_space(b.space_to_depth(b.conv(b.input(), p), block), block);
              }) == "");
    }
    CHECK(with(3, [](GraphBuilder& b) {
              b.depth_to_space(b.space_to_depth(b.input(), 3), 3);
          }).find("resolution") != std::string::npos);
    CHECK(with(3, [](GraphBuilder& b) {
              b.slice(b.space_to_depth(b.input(), 2), 0, 3);
          }).find("resolution") != std::string::npos);
    CHECK(with(3, [](GraphBuilder& b) { b.relu(b.input()); }) == "no convolution");
    CHECK(with(2, [](GraphBuilder& b) { b.relu(b.input()); }) == "input channels: 2");
    CHECK(with(3, [](GraphBuilder& b) { b.slice(b.input(), 0, 2); }) == "output channels: 2");
}

TEST_CASE("post-filter: it is part of a model's identity and cost", "[post_filter][model]") {
    Model m = filtered_model();
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const auto back = parse_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(back.status().message() == "");
    CHECK(serialise_model(back.value()).value() == bytes);
    CHECK(decoder_macs_per_pixel(m) ==
          Approx(decoder_macs_per_pixel(small_model()) + 9 * (12 * 8 + 2 * 8 * 8 + 8 * 12) / 4.0));
    const ModelId id = model_id(m).value();
    m.post_filter.sets[2].bias[0] ^= 1;
    CHECK(model_id(m).value() != id);
    Limits limits;
    limits.max_macs_per_pixel = 700;  // of the network alone: some 720
    const auto refused = validate(m, limits);
    CHECK(refused.code() == ErrorCode::limit_exceeded);
    CHECK(refused.message().find("NNPF") != std::string::npos);
    m.post_filter.sets[2].mult[0] = 0;
    CHECK(validate(m).message().find("NNPF: set 2") != std::string::npos);
    m.post_filter = PostFilter();
    CHECK(model_id(m).value() == model_id(small_model()).value());
    CHECK(validate(m, limits).ok());
}
