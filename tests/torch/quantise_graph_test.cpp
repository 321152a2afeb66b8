#include "training/quantise_graph.h"

#include "codec/engine.h"
#include "tests/torch/catch_after_torch.h"

using namespace nae;
using namespace nae::training;

namespace {

struct Net {
    FloatGraph graph;
    std::vector<NodeTensors> tensors;
};

// The shape of the photo model's decoder in small: linear path, residual branch, two depth-to-space.
Net small_decoder() {
    FloatGraphBuilder b(8);
    Net n;
    auto conv = [&](int in, int cin, int out, int k) {
        FloatConvParams p;
        p.out_channels = out;
        p.kernel = k;
        const int id = b.conv(in, p);
        n.tensors.resize(size_t(id) + 1);
        n.tensors[size_t(id)] = {torch::randn({out, cin, k, k}) / std::sqrt(double(cin * k * k)),
                                 torch::randn({out}) * 0.1,
                                 {},
                                 {}};
        return id;
    };
    const int line = b.depth_to_space(conv(0, 8, 48, 1), 2);
    int t = conv(0, 8, 16, 1);
    const int hidden = b.relu(conv(t, 16, 16, 3));
    t = b.relu(b.add(t, conv(hidden, 16, 16, 3)));
    t = b.depth_to_space(conv(t, 16, 32, 1), 2);
    b.depth_to_space(b.add(line, conv(t, 8, 12, 1)), 2);
    n.graph = b.take();
    n.tensors.resize(n.graph.nodes.size());
    return n;
}

}  // namespace

TEST_CASE("the exported integer network follows the float network closely and passes the bound check") {
    torch::manual_seed(11);
    const Net net = small_decoder();
    const torch::Tensor x = torch::randn({4, 8, 12, 10});
    QuantiseOptions options;
    for (int c = 0; c < 8; ++c) options.input_unit.push_back(6.0 / kActivationLimit * (1 + c % 3));
    options.output_unit = {1.0 / 512};
    const QuantisedGraph q = quantise_graph(net.graph, net.tensors, x, options);
    CHECK(q.warnings.empty());
    const auto packed = PackedGraph::create(q.graph);
    REQUIRE(packed.ok());  // validate() proves |bias| + Σ|w|·max|a| < 2^31

    Tensor16 in(12, 10, 8), out;
    for (int y = 0; y < 12; ++y)
        for (int xx = 0; xx < 10; ++xx)
            for (int c = 0; c < 8; ++c)
                in.at(y, xx, c) =
                    int16_t(std::lround(x[0][c][y][xx].item<double>() / options.input_unit[size_t(c)]));
    REQUIRE(Engine::run(packed.value(), {12, 10}, in, {0, 0, 10, 12}, {0, 0, 40, 48}, out).ok());
    const torch::Tensor want = run_float_graph(net.graph, net.tensors, x)[0];
    double worst = 0;
    for (int y = 0; y < 48; ++y)
        for (int xx = 0; xx < 40; ++xx)
            for (int c = 0; c < 3; ++c)
                worst = std::max(worst, std::abs(out.at(y, xx, c) / 512.0 - want[c][y][xx].item<double>()));
    CHECK(worst < 0.02);  // outputs are of the order of 1 to 4
    CHECK(worst > 0);     // and it did quantise
}

TEST_CASE("parts of the input, and a hidden tensor beside the output, keep their own units") {
    torch::manual_seed(13);
    FloatGraphBuilder b(5);
    Net n;
    const auto conv = [&](int in, int cin, int out) {
        FloatConvParams p;
        p.out_channels = out;
        const int id = b.conv(in, p);
        n.tensors.resize(size_t(id) + 1);
        n.tensors[size_t(id)] = {torch::randn({out, cin, 1, 1}), torch::randn({out}), {}, {}};
        return id;
    };
    const int sum = b.add(conv(b.slice(0, 0, 2), 2, 6), conv(b.slice(0, 2, 3), 3, 6));
    const int hidden = b.relu(sum);
    b.concat({conv(hidden, 6, 4), hidden});
    n.graph = b.take();
    n.tensors.resize(n.graph.nodes.size());

    const torch::Tensor x = torch::randn({2, 5, 7, 6}).clamp(-3, 3);
    QuantiseOptions options;
    for (int c = 0; c < 5; ++c) options.input_unit.push_back(c < 2 ? 1.0 / 64 : 1.0 / 2048);
    options.output_unit = {1.0 / 128, 1.0 / 128, 1.0 / 256, 1.0 / 256};
    const QuantisedGraph q = quantise_graph(n.graph, n.tensors, x, options);
    REQUIRE(q.output_unit.size() == 10);
    CHECK(q.output_unit[3] == 1.0 / 256);
    const auto packed = PackedGraph::create(q.graph);
    REQUIRE(packed.ok());
    Tensor16 in(7, 6, 5), out;
    for (int y = 0; y < 7; ++y)
        for (int column = 0; column < 6; ++column)
            for (int c = 0; c < 5; ++c)
                in.at(y, column, c) =
                    int16_t(std::lround(x[0][c][y][column].item<double>() / options.input_unit[size_t(c)]));
    REQUIRE(Engine::run(packed.value(), {7, 6}, in, {0, 0, 6, 7}, {0, 0, 6, 7}, out).ok());
    const torch::Tensor want = run_float_graph(n.graph, n.tensors, x)[0];
    for (int y = 0; y < 7; ++y)
        for (int column = 0; column < 6; ++column)
            for (int c = 0; c < 10; ++c)
                REQUIRE(std::abs(out.at(y, column, c) * q.output_unit[size_t(c)] -
                                 want[c][y][column].item<double>()) < 0.15);
}

TEST_CASE("an output that leaves the integer range is reported") {
    torch::manual_seed(12);
    const Net net = small_decoder();
    QuantiseOptions options;
    options.input_unit.assign(8, 6.0 / kActivationLimit);
    options.output_unit = {1.0 / 65536};
    CHECK_FALSE(quantise_graph(net.graph, net.tensors, torch::randn({1, 8, 4, 4}), options).warnings.empty());
}
