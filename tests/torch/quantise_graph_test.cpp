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

TEST_CASE("an output that leaves the integer range is reported") {
    torch::manual_seed(12);
    const Net net = small_decoder();
    QuantiseOptions options;
    options.input_unit.assign(8, 6.0 / kActivationLimit);
    options.output_unit = {1.0 / 65536};
    CHECK_FALSE(quantise_graph(net.graph, net.tensors, torch::randn({1, 8, 4, 4}), options).warnings.empty());
}
