#include "codec/torch/graph_runner.h"

#include "codec/float_engine.h"
#include "codec/torch/torch_analysis.h"
#include "tests/torch/catch_after_torch.h"
#include "tests/unit/test_graphs.h"

using namespace nae;

TEST_CASE("space-to-depth puts block rows before block columns before channels") {
    // Channel = (dy·b + dx)·C + c, as codec/graph.h says; one 2×2 block of two channels.
    const torch::Tensor x =
        torch::arange(8).to(torch::kFloat).view({1, 2, 2, 2}).permute({0, 3, 1, 2});  // NHWC order
    const torch::Tensor y = space_to_depth(x, 2);
    REQUIRE(y.sizes() == torch::IntArrayRef({1, 8, 1, 1}));
    for (int i = 0; i < 8; ++i) CHECK(y[0][i][0][0].item<float>() == float(i));
    CHECK(torch::equal(depth_to_space(y, 2), x));
}

TEST_CASE("the library's own engine computes what LibTorch computes") {
    // A network of the photo model's shape, with every operator an analysis may have.
    nae::test::Random rng(7);
    for (int round = 0; round < 5; ++round) {
        FloatGraphBuilder b(3);
        const auto float_conv = [&](nae::test::Random& random, int in, int out, int kernel, int stride) {
            FloatConvParams p = nae::test::float_conv(random, in, out, kernel, stride);
            p.type = WeightType::f32;  // LibTorch would compute others in bfloat16 where it can
            return p;
        };
        int x = b.conv(b.space_to_depth(b.input(), 8), float_conv(rng, 192, 48, 1, 1));
        const int linear = b.conv(b.space_to_depth(x, 2), float_conv(rng, 192, 40, 1, 1));
        x = b.add(x, b.conv(b.relu(b.conv(x, float_conv(rng, 48, 32, 3, 1))), float_conv(rng, 32, 48, 3, 1)));
        x = b.conv(b.leaky_relu(b.abs(x), 0.1f), float_conv(rng, 48, 20, 5, 2));
        x = b.concat({x, b.slice(linear, 5, 20)});
        x = b.gain(b.add(x, linear), std::vector<float>(40, 1.f / 64));
        const FloatGraph graph = b.take();
        const int h = 16 * nae::test::pick(rng, 1, 5), w = 16 * nae::test::pick(rng, 1, 7);
        const torch::Tensor in = torch::rand({h, w, 3}) - 0.5;
        std::vector<float> expected(size_t(h / 16 * (w / 16) * 40));
        auto torch_net = TorchAnalysis::create(graph, graph, 1);
        REQUIRE(
            torch_net->run(0, in.data_ptr<float>(), h, w, 3, expected.data(), h / 16, w / 16, 40).empty());
        ThreadPool pool(2);
        const FloatTensor found =
            FloatEngine::create(graph).value().run(in.data_ptr<float>(), h, w, pool).value();
        REQUIRE(found.data.size() == expected.size());
        double off = 0, size = 0;
        for (size_t i = 0; i < expected.size(); ++i) {
            off = std::max(off, std::fabs(double(found.data[i]) - double(expected[i])));
            size = std::max(size, std::fabs(double(expected[i])));
        }
        CHECK(off < 1e-5 * size);
    }
}

TEST_CASE("the encoder's networks compute what plain loops compute") {
    torch::manual_seed(3);
    FloatGraphBuilder b(3);
    FloatConvParams p;
    p.out_channels = 5;
    p.kernel = 3;
    p.stride = 2;
    p.type = WeightType::f32;
    const torch::Tensor w = torch::randn({5, 3, 3, 3}),
                        bias = torch::randn({5});  // weights in [out][ky][kx][in]
    p.weights.assign(w.data_ptr<float>(), w.data_ptr<float>() + w.numel());
    p.bias.assign(bias.data_ptr<float>(), bias.data_ptr<float>() + 5);
    b.relu(b.conv(0, p));
    FloatGraph g = b.take();
    auto net = TorchAnalysis::create(g, g, 1);
    const int h = 6, wd = 8;
    const torch::Tensor in = torch::randn({h, wd, 3});
    std::vector<float> out(3 * 4 * 5);
    REQUIRE(net->run(0, in.data_ptr<float>(), h, wd, 3, out.data(), 3, 4, 5).empty());
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 4; ++x)
            for (int o = 0; o < 5; ++o) {
                double acc = double(p.bias[size_t(o)]);
                for (int ky = 0; ky < 3; ++ky)
                    for (int kx = 0; kx < 3; ++kx)
                        for (int c = 0; c < 3; ++c) {
                            const int iy = 2 * y + ky - 1, ix = 2 * x + kx - 1;
                            if (iy < 0 || ix < 0 || iy >= h || ix >= wd) continue;
                            acc += double(p.weights[size_t(((o * 3 + ky) * 3 + kx) * 3 + c)]) *
                                   double(in.data_ptr<float>()[(iy * wd + ix) * 3 + c]);
                        }
                CHECK(double(out[size_t((y * 4 + x) * 5 + o)]) == Approx(std::max(acc, 0.0)).margin(1e-4));
            }
    CHECK_FALSE(
        net->run(0, in.data_ptr<float>(), h, wd, 3, out.data(), 3, 4, 6).empty());  // wrong output size
    CHECK_FALSE(net->run(2, in.data_ptr<float>(), h, wd, 3, out.data(), 3, 4, 5).empty());  // no such graph
}
