// Gradients written out as networks, against finite differences.
#include "codec/gradient_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "codec/float_engine.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kCell = 4;
constexpr float kBound = 5;  // some outputs are beyond

std::vector<float> random_values(Random& rng, size_t count) {
    std::vector<float> out(count);
    for (float& v : out) v = static_cast<float>(pick(rng, -1000, 1000)) / 256;
    return out;
}

FloatTensor run(const FloatGraph& graph, const std::vector<float>& in, int h, int w) {
    auto engine = FloatEngine::create(graph);
    INFO(engine.status().message());
    REQUIRE(engine.ok());
    ThreadPool pool(2);
    auto made = engine.value().run(in.data(), h, w, pool);
    REQUIRE(made.ok());
    return std::move(made).value();
}

// As a synthesis is made: a linear path, and a branch with residual blocks at two resolutions.
FloatGraph random_synthesis(Random& rng, int channels) {
    FloatGraphBuilder b(channels);
    const int line = b.depth_to_space(b.conv(b.input(), float_conv(rng, channels, 4 * 12, 1, 1)), 2);
    int t = b.conv(b.gain(b.input(), std::vector<float>(static_cast<size_t>(channels), 0.5F)),
                   float_conv(rng, channels, 16, 1, 1));
    t = b.add(t, b.conv(b.relu(b.conv(t, float_conv(rng, 16, 16, 3, 1))), float_conv(rng, 16, 16, 3, 1)));
    t = b.depth_to_space(b.conv(b.relu(t), float_conv(rng, 16, 4 * 8, 1, 1)), 2);
    t = b.conv(b.relu(t), float_conv(rng, 8, 12, 3, 1));
    b.depth_to_space(b.add(line, t), 2);
    return b.take();
}

}  // namespace

TEST_CASE("A network's gradient as a network: as finite differences say", "[gradient_graph]") {
    Random rng(41);
    constexpr int kH = 3, kW = 5, kChannels = 6;
    constexpr size_t kPositions = kH * kW, kEach = kCell * kCell * 3, kRow = kChannels + 2 * kEach;
    const FloatGraph network = random_synthesis(rng, kChannels);
    auto graph = gradient_graph(network, kCell, -kBound, kBound);
    INFO(graph.status().message());
    REQUIRE(graph.ok());

    std::vector<float> in(kPositions * kRow);
    const std::vector<float> values = random_values(rng, in.size());
    for (size_t i = 0; i < in.size(); ++i)
        in[i] = i % kRow >= kChannels + kEach ? (values[i] > 0 ? 1.0F : 0.0F) : values[i];
    const auto half_squares = [&](const std::vector<float>& at) {
        std::vector<float> latents;
        for (size_t p = 0; p < kPositions; ++p)
            latents.insert(latents.end(), at.data() + p * kRow, at.data() + p * kRow + kChannels);
        FloatGraph cells = network;
        FloatNode to_cells;
        to_cells.op = Op::space_to_depth;
        to_cells.inputs = {static_cast<uint16_t>(network.nodes.size() - 1)};
        to_cells.block = kCell;
        cells.nodes.push_back(to_cells);
        const FloatTensor made = run(cells, latents, kH, kW);
        double sum = 0;
        for (size_t p = 0; p < kPositions; ++p)
            for (size_t i = 0; i < kEach; ++i) {
                const double off =
                    static_cast<double>(std::clamp(made.data[p * kEach + i], -kBound, kBound)) +
                    static_cast<double>(at[p * kRow + kChannels + i]);
                if (at[p * kRow + kChannels + kEach + i] > 0) sum += off * off / 2;
            }
        return sum;
    };
    const FloatTensor made = run(graph.value(), in, kH, kW);
    REQUIRE(made.c == static_cast<int>(kChannels + kEach));
    double squares = 0;
    for (size_t p = 0; p < kPositions; ++p)
        for (size_t i = 0; i < kEach; ++i) {
            const double off = static_cast<double>(made.data[p * (kChannels + kEach) + kChannels + i]);
            squares += off * off / 2;
        }
    CHECK(squares == Approx(half_squares(in)).epsilon(1e-4));
    double largest = 0, off = 0;
    for (size_t p = 0; p < kPositions; ++p) {
        for (size_t c = 0; c < kChannels; ++c) {
            constexpr float kStep = 1.0F / 512;
            std::vector<float> less = in, more = in;
            less[p * kRow + c] -= kStep;
            more[p * kRow + c] += kStep;
            const double expected =
                (half_squares(more) - half_squares(less)) / (2 * static_cast<double>(kStep));
            const double found = static_cast<double>(made.data[p * (kChannels + kEach) + c]);
            largest = std::max(largest, std::fabs(expected));
            off = std::max(off, std::fabs(expected - found));
        }
    }
    CHECK(off < 0.01 * largest);
}

TEST_CASE("What no gradient is written for is refused", "[gradient_graph]") {
    Random rng(42);
    FloatGraphBuilder same(3), halved(48), bent(48);
    same.relu(same.input());
    CHECK(gradient_graph(same.take(), kCell, -1, 1).status().code() == ErrorCode::unsupported);
    halved.depth_to_space(
        halved.depth_to_space(halved.conv(halved.input(), float_conv(rng, 48, 192, 3, 2)), 4), 2);
    CHECK(gradient_graph(halved.take(), kCell, -1, 1).status().code() == ErrorCode::unsupported);
    bent.depth_to_space(bent.leaky_relu(bent.input(), 0.5F), kCell);
    const auto refused = gradient_graph(bent.take(), kCell, -1, 1);
    CHECK(refused.status().code() == ErrorCode::unsupported);
    CHECK(refused.status().message().find("leaky_relu") != std::string::npos);
}

TEST_CASE("Operators of the encoder's own networks are not stored", "[gradient_graph]") {
    FloatGraphBuilder b(2);
    b.gate(b.clip(b.input(), -1, 1), b.input());
    const FloatGraph graph = b.take();
    CHECK(validate(graph).ok());
    CHECK(serialise_float_graph(graph).status().code() == ErrorCode::invalid_argument);
    // And their numbers are refused where a file has them.
    FloatGraphBuilder plain(2);
    plain.relu(plain.input());
    std::vector<uint8_t> bytes = serialise_float_graph(plain.take()).value();
    for (const Op op : {Op::clip, Op::gate}) {
        bytes[5] = static_cast<uint8_t>(op);  // count, operator and channels of the input, this operator
        CHECK(parse_float_graph(bytes.data(), bytes.size(), "test").status().code() == ErrorCode::corrupt);
    }
}

TEST_CASE("Clip and gate", "[gradient_graph]") {
    FloatGraphBuilder b(2);
    const int clipped = b.clip(b.slice(b.input(), 0, 1), -2, 3);
    b.concat({clipped, b.gate(b.slice(b.input(), 1, 1), clipped, -2, 3)});
    const FloatTensor made = run(b.take(), {-5, 1, -2, 2, 0, 3, 3, 4, 2.5F, 5, 9, 6}, 2, 3);
    const std::vector<float> expected = {-2, 0, -2, 0, 0, 3, 3, 0, 2.5F, 5, 3, 0};
    CHECK(std::equal(made.data.begin(), made.data.end(), expected.begin(), expected.end()));
}
