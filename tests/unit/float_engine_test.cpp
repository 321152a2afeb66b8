// The encoder's own float engine, against sums written out, at every level.
#include "codec/float_engine.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "codec/conv_bfloat16.h"
#include "codec/conv_int16.h"
#include "codec/native_analysis.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

std::vector<float> random_values(Random& rng, size_t count) {
    std::vector<float> out(count);
    for (float& v : out) v = static_cast<float>(pick(rng, -1000, 1000)) / 256;
    return out;
}

FloatTensor run(const FloatGraph& graph, const std::vector<float>& in, int h, int w,
                EngineLevel level = EngineLevel::automatic) {
    auto engine = FloatEngine::create(graph);
    INFO(engine.status().message());
    REQUIRE(engine.ok());
    ThreadPool pool(3);
    auto made = engine.value().run(in.data(), h, w, pool, level);
    INFO(made.status().message());
    REQUIRE(made.ok());
    return std::move(made).value();
}

double sum_at(const FloatConvParams& p, const std::vector<float>& in, int h, int w, int ci, int y, int x,
              int o) {
    double acc = static_cast<double>(p.bias[static_cast<size_t>(o)]);
    for (int ky = 0; ky < p.kernel; ++ky) {
        for (int kx = 0; kx < p.kernel; ++kx) {
            const int iy = p.stride * y + ky - p.kernel / 2, ix = p.stride * x + kx - p.kernel / 2;
            if (iy < 0 || ix < 0 || iy >= h || ix >= w) continue;
            for (int i = 0; i < ci; ++i)
                acc += static_cast<double>(
                           p.weights[static_cast<size_t>(((o * p.kernel + ky) * p.kernel + kx) * ci + i)]) *
                       static_cast<double>(in[static_cast<size_t>((iy * w + ix) * ci + i)]);
        }
    }
    return acc;
}

}  // namespace

TEST_CASE("Float convolutions of all shapes at every level", "[float_engine]") {
    Random rng(31);
    for (const int ci : {1, 3, 16, 33}) {
        for (const int co : {1, 3, 15, 16, 17, 40, 64, 100, 130}) {
            const int kernel = 2 * pick(rng, 0, 2) + 1, stride = pick(rng, 1, 2);
            const int h = pick(rng, 1, 19), w = pick(rng, 1, 13);
            const FloatConvParams p = float_conv(rng, ci, co, kernel, stride);
            FloatGraphBuilder b(ci);
            b.conv(b.input(), p);
            const FloatGraph graph = b.take();
            const std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * ci));
            for (const EngineLevel level : available_engine_levels()) {
                INFO(engine_level_name(level) << " " << ci << " -> " << co << ", kernel " << kernel
                                              << ", stride " << stride << ", " << w << "x" << h);
                const FloatTensor out = run(graph, in, h, w, level);
                REQUIRE((out.h == (h + stride - 1) / stride && out.w == (w + stride - 1) / stride &&
                         out.c == co));
                bool near = true;
                for (int y = 0; y < out.h; ++y)
                    for (int x = 0; x < out.w; ++x)
                        for (int o = 0; o < co; ++o)
                            near &= std::fabs(sum_at(p, in, h, w, ci, y, x, o) -
                                              static_cast<double>(
                                                  out.data[static_cast<size_t>((y * out.w + x) * co + o)])) <
                                    1e-3;
                REQUIRE(near);
            }
        }
    }
}

TEST_CASE("Float convolutions by Winograd's algorithm, with what is fused into them", "[float_engine]") {
    Random rng(37);
    for (int round = 0; round < 12; ++round) {
        // Up to six blocks of 24 tiles, the last of them short; a kernel of five makes the border wider than it needs.
        const int c = 16 * pick(rng, 1, 3), h = pick(rng, 1, 40), w = pick(rng, 1, 40), co = pick(rng, 1, 70);
        const FloatConvParams first = float_conv(rng, c, c, 3, 1), second = float_conv(rng, c, c, 3, 1),
                              last = float_conv(rng, c, co, 3, 1);
        const auto build = [&](int stop) {
            FloatGraphBuilder b(c);
            const int start = round % 2 == 0 ? b.input() : b.conv(b.input(), float_conv(rng, c, c, 5, 1));
            int x = b.conv(start, first);
            if (stop >= 2) x = b.relu(x);
            if (stop >= 3) x = b.conv(x, second);
            if (stop >= 4) x = b.add(start, x);
            if (stop >= 5) x = b.relu(x);
            if (stop >= 6) x = b.conv(x, last);
            return b.take();
        };
        const std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * c));
        const Random state = rng;
        for (const EngineLevel level : available_engine_levels()) {
            INFO(engine_level_name(level) << " " << c << " -> " << co << ", " << w << "x" << h);
            const auto value = [&](int stop) {
                rng = state;  // the same kernel of five each time
                const FloatTensor t = run(build(stop), in, h, w, level);
                REQUIRE((t.h == h && t.w == w));
                return std::vector<float>(t.data.begin(), t.data.end());
            };
            const auto near = [](const std::vector<float>& a, const std::vector<float>& b) {
                float size = 1e-3F, off = 0;
                for (size_t i = 0; i < a.size(); ++i) {
                    size = std::max(size, std::fabs(b[i]));
                    off = std::max(off, std::fabs(a[i] - b[i]));
                }
                return off < 2e-5F * size;
            };
            const auto convolved = [&](const FloatConvParams& p, const std::vector<float>& v) {
                std::vector<float> out;
                for (int y = 0; y < h; ++y)
                    for (int x = 0; x < w; ++x)
                        for (int o = 0; o < p.out_channels; ++o)
                            out.push_back(static_cast<float>(sum_at(p, v, h, w, c, y, x, o)));
                return out;
            };
            const auto positive = [](std::vector<float> v) {
                for (float& x : v) x = std::max(x, 0.0F);
                return v;
            };
            if (round % 2 == 0) REQUIRE(near(value(1), convolved(first, in)));
            const std::vector<float> one = value(1), two = value(2), three = value(3);
            REQUIRE(near(two, positive(one)));
            REQUIRE(near(three, convolved(second, two)));
            if (round % 2 == 0) {
                std::vector<float> sum = three;
                for (size_t i = 0; i < sum.size(); ++i) sum[i] += in[i];
                REQUIRE(near(value(4), sum));
            }
            const std::vector<float> five = value(5);
            REQUIRE(near(five, positive(value(4))));
            REQUIRE(near(value(6), convolved(last, five)));
        }
    }
}

TEST_CASE("Some rows of a float network are those of all of it", "[float_engine]") {
    Random rng(38);
    for (int round = 0; round < 30; ++round) {
        FloatGraphBuilder b(3);
        // Every operator that changes rows, Winograd's convolution and the direct one, fused and not.
        int x = b.conv(b.space_to_depth(b.input(), 2), float_conv(rng, 12, 16, 1, 1));
        x = b.add(x, b.conv(b.relu(b.conv(x, float_conv(rng, 16, 16, 3, 1))), float_conv(rng, 16, 16, 3, 1)));
        const int half = b.conv(b.space_to_depth(x, 2), float_conv(rng, 64, 32, 3, 1));
        x = b.conv(b.depth_to_space(half, 2), float_conv(rng, 8, 16, 3, 1));
        x = b.add(x, b.conv(x, float_conv(rng, 16, 16, 3, 1)));
        x = b.concat({b.abs(x), b.slice(b.gain(x, std::vector<float>(16, 2)), 3, 5)});
        if (round % 3 == 1) b.conv(x, float_conv(rng, 21, 18, 3, 1));
        if (round % 3 == 2) b.conv(b.conv(x, float_conv(rng, 21, 20, 1, 1)), float_conv(rng, 20, 18, 5, 2));
        const FloatGraph graph = b.take();
        const int h = 4 * pick(rng, 1, 30), w = 4 * pick(rng, 1, 8);
        const std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * 3));
        for (const FloatPrecision precision : {FloatPrecision::float32, FloatPrecision::bfloat16}) {
            auto engine = FloatEngine::create(graph, precision);
            INFO(engine.status().message());
            REQUIRE(engine.ok());
            ThreadPool pool(2);
            // In several waves tiles lie elsewhere, and roundings differ.
            const auto whole = engine.value().run(in.data(), h, w, pool);
            const int wave_bytes = pick(rng, 0, 1) == 0 ? 1 << 20 : pick(rng, 0, 20000);
            engine.value().set_wave_bytes(wave_bytes);
            const auto all = engine.value().run(in.data(), h, w, pool);
            REQUIRE((whole.ok() && all.ok()));
            float size = 0, off = 0;
            for (size_t i = 0; i < all.value().data.size(); ++i) {
                size = std::max(size, std::fabs(whole.value().data[i]));
                off = std::max(off, std::fabs(whole.value().data[i] - all.value().data[i]));
            }
            CHECK(off <= (precision == FloatPrecision::float32 ? 2e-5F : 4e-3F) * size);
            const int rows = all.value().h, first = pick(rng, 0, rows - 1), end = pick(rng, first + 1, rows);
            INFO(w << "x" << h << ", rows " << first << " to " << end << ", waves of " << wave_bytes);
            const int c = all.value().c, left = pick(rng, 0, all.value().w - 1),
                      right = pick(rng, left + 1, all.value().w);
            const ptrdiff_t row = ptrdiff_t{all.value().w} * c, out_row = ptrdiff_t{right - left} * c + 3;
            std::vector<float> some(static_cast<size_t>((end - first) * out_row), -1.0F);
            FloatPart part;
            part.rows = RowRange{first, end};
            part.columns = RowRange{left, right};
            part.out = some.data();
            part.out_row = out_row;
            REQUIRE(engine.value().run(in.data(), h, w, pool, part).ok());
            for (int y = first; y < end; ++y) {
                const auto from = all.value().data.begin() + y * row + left * c;
                const auto to = some.begin() + (y - first) * out_row;
                CHECK(std::equal(from, from + (right - left) * c, to));
                CHECK(std::all_of(to + (right - left) * c, to + out_row, [](float v) { return v == -1; }));
            }
        }
    }
}

TEST_CASE("A 1x1 convolution gathers the blocks that it alone reads", "[float_engine]") {
    Random rng(39);
    for (int round = 0; round < 24; ++round) {
        const int block = pick(rng, 2, 4), c = 2 * pick(rng, 1, 5), h = pick(rng, 1, 21),
                  w = pick(rng, 1, 21);
        const FloatConvParams before = float_conv(rng, c, c, round % 2 == 0 ? 1 : 3, 1),
                              p = float_conv(rng, c * block * block, 20, 1, 1);
        const auto build = [&](bool alone) {
            FloatGraphBuilder b(c);
            const int deep = b.space_to_depth(b.conv(b.input(), before), block);
            const int x = b.conv(deep, p);
            if (!alone) b.concat({x, deep});
            return b.take();
        };
        const std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * c));
        for (const FloatPrecision precision : {FloatPrecision::float32, FloatPrecision::bfloat16}) {
            INFO(w << "x" << h << "x" << c << ", blocks of " << block);
            ThreadPool pool(2);
            auto engine = FloatEngine::create(build(true), precision);
            REQUIRE(engine.ok());
            engine.value().set_wave_bytes(0);
            const auto alone = engine.value().run(in.data(), h, w, pool);
            const auto both = FloatEngine::create(build(false), precision).value().run(in.data(), h, w, pool);
            REQUIRE((alone.ok() && both.ok() && alone.value().h == both.value().h));
            bool same = true;
            for (int i = 0; i < both.value().h * both.value().w; ++i)
                for (int o = 0; o < 20; ++o)
                    same &= alone.value().data[static_cast<size_t>(20 * i + o)] ==
                            both.value().data[static_cast<size_t>(both.value().c * i + o)];
            CHECK(same);
        }
    }
}

TEST_CASE("Float operators on single values and on their order", "[float_engine]") {
    Random rng(32);
    const int h = 6, w = 4, c = 3;
    const std::vector<float> in = random_values(rng, size_t{h * w * c});
    const auto check = [&](auto build, auto expected) {
        FloatGraphBuilder b(c);
        build(b);
        const FloatTensor out = run(b.take(), in, h, w);
        REQUIRE(out.data.size() == in.size());
        for (size_t i = 0; i < in.size(); ++i) CHECK(out.data[i] == Approx(expected(i)));
    };
    check([](auto& b) { b.relu(b.input()); }, [&](size_t i) { return std::max(in[i], 0.0F); });
    check([](auto& b) { b.abs(b.input()); }, [&](size_t i) { return std::fabs(in[i]); });
    check([](auto& b) { b.leaky_relu(b.input(), 0.25F); },
          [&](size_t i) { return in[i] < 0 ? in[i] / 4 : in[i]; });
    check([](auto& b) { b.add(b.input(), b.input()); }, [&](size_t i) { return 2 * in[i]; });
    check([](auto& b) { b.add(b.relu(b.input()), b.input()); },
          [&](size_t i) { return in[i] + std::max(in[i], 0.0F); });
    check([](auto& b) { b.add(b.input(), b.abs(b.input())); },
          [&](size_t i) { return in[i] + std::fabs(in[i]); });
    check(
        [](auto& b) {
            b.gain(b.input(), {1, -2, 0.5F});
        },
        [&](size_t i) {
            return in[i] * (i % 3 == 0 ? 1.0F : i % 3 == 1 ? -2.0F : 0.5F);
        });
    check([](auto& b) { b.depth_to_space(b.space_to_depth(b.input(), 2), 2); },
          [&](size_t i) { return in[i]; });
    check(
        [](auto& b) {
            b.concat({b.slice(b.input(), 0, 1), b.slice(b.input(), 1, 2)});
        },
        [&](size_t i) { return in[i]; });

    FloatGraphBuilder b(1);
    b.space_to_depth(b.input(), 2);
    // Channel (dy 2 + dx); what lies outside an odd raster is zero.
    const FloatTensor deep = run(b.take(), {1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3);
    CHECK((std::vector<float>(deep.data.begin(), deep.data.end()) ==
           std::vector<float>{1, 2, 4, 5, 3, 0, 6, 0, 7, 8, 0, 0, 9, 0, 0, 0}));
}

TEST_CASE("The float engine refuses what it cannot do", "[float_engine]") {
    FloatGraphBuilder b(2);
    b.sigmoid(b.input());
    const auto research = FloatEngine::create(b.take());
    CHECK(research.status().code() == ErrorCode::unsupported);
    CHECK(research.status().message() == "node 1: sigmoid needs a network library");
    FloatGraphBuilder plain(2);
    plain.relu(plain.input());
    const auto engine = FloatEngine::create(plain.take());
    REQUIRE(engine.ok());
    Limits limits;
    limits.max_tensor_bytes = 100;
    ThreadPool pool(1);
    const std::vector<float> in(50);
    CHECK(engine.value().run(in.data(), 5, 5, pool, EngineLevel::automatic, limits).status().code() ==
          ErrorCode::limit_exceeded);
}

TEST_CASE("The analysis by the library itself: shapes are checked, gradients are not its business",
          "[float_engine]") {
    const Model model = small_model();
    auto made = make_native_analysis(model, kMaxQualityCenti, 2);
    REQUIRE(made.ok());
    AnalysisBackend& backend = *made.value();
    CHECK(backend.halo_px() > 0);
    const std::vector<float> in(32 * 48 * 3, 0.25F);
    std::vector<float> y(2 * 3 * 12);
    CHECK(backend.run(AnalysisGraph::analysis, in.data(), 32, 48, 3, y.data(), 2, 3, 12).ok());
    CHECK(std::any_of(y.begin(), y.end(), [](float v) { return v != 0; }));
    CHECK(backend.run(AnalysisGraph::analysis, in.data(), 32, 48, 3, y.data(), 2, 2, 12).code() ==
          ErrorCode::internal);
    CHECK(backend.run(AnalysisGraph::analysis, in.data(), 32, 48, 1, y.data(), 2, 3, 12).code() ==
          ErrorCode::internal);
    CHECK(backend.refine(Refinement(), nullptr, nullptr, nullptr).code() == ErrorCode::unsupported);

    const auto stream = backend.stream(32, 48);
    REQUIRE(stream != nullptr);
    std::vector<float> same(y.size());
    AnalysisPart part{2, 3, 12, 0, 2, 0, 3};
    CHECK(stream->input_end(2) == 32);
    REQUIRE(stream->advance(in.data(), 0, 32, part, same.data(), 3 * 12).ok());
    CHECK((stream->done() == 2 && same == y));
    part.w = 2;
    CHECK(stream->advance(in.data(), 0, 32, part, same.data(), 3 * 12).code() == ErrorCode::internal);
    CHECK(backend.stream(int64_t{1} << 40, 16) == nullptr);
    CHECK(backend.stream(16, int64_t{1} << 29) == nullptr);  // rasters over every limit
}

namespace {

// The definition: eight bits of significand, ties to even.
float rounded(float v) {
    int exponent = 0;
    const double significand = std::frexp(static_cast<double>(v), &exponent);
    return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(significand, 8)), exponent - 8));
}

}  // namespace

TEST_CASE("Convolutions behind the first are computed in bfloat16 where asked for", "[float_engine]") {
    if (!has_bfloat16()) return;
    Random rng(35);
    for (const int ci : {2, 16, 34}) {
        for (const int co : {1, 16, 17, 40, 100, 130}) {
            const int kernel = 2 * pick(rng, 0, 2) + 1, stride = kernel == 3 ? 2 : pick(rng, 1, 2);
            const int h = pick(rng, 1, 19), w = pick(rng, 1, 13);
            INFO(ci << " -> " << co << ", kernel " << kernel << ", stride " << stride << ", " << w << "x"
                    << h);
            FloatConvParams same = float_conv(rng, ci, ci, 1, 1);
            std::fill(same.weights.begin(), same.weights.end(), 0.0F);
            std::fill(same.bias.begin(), same.bias.end(), 0.0F);
            for (int i = 0; i < ci; ++i) same.weights[static_cast<size_t>(i * ci + i)] = 1;
            FloatConvParams p = float_conv(rng, ci, co, kernel, stride);
            FloatGraphBuilder b(ci);
            b.conv(b.conv(b.input(), same), p);
            auto engine = FloatEngine::create(b.take(), FloatPrecision::bfloat16);
            REQUIRE(engine.ok());
            std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * ci));
            in[0] = 1.0F + 1.0F / 256;  // a tie, to the even neighbour below
            ThreadPool pool(2);
            const auto made = engine.value().run(in.data(), h, w, pool);
            REQUIRE(made.ok());
            const FloatTensor& out = made.value();
            for (float& v : in) v = rounded(v);
            for (float& v : p.weights) v = rounded(v);
            bool near = true;
            for (int y = 0; y < out.h; ++y)
                for (int x = 0; x < out.w; ++x)
                    for (int o = 0; o < co; ++o)
                        near &=
                            std::fabs(sum_at(p, in, h, w, ci, y, x, o) -
                                      static_cast<double>(
                                          out.data[static_cast<size_t>((y * out.w + x) * co + o)])) < 1e-3;
            CHECK(near);
        }
    }
}

TEST_CASE("Convolutions of a small input are computed in fixed point where asked for", "[float_engine]") {
    if (!has_int16()) return;
    Random rng(41);
    bool different = false;  // from floats: it was computed so
    for (const int ci : {2, 16, 34}) {
        for (const int co : {1, 16, 17, 40, 100, 130}) {
            const int kernel = 2 * pick(rng, 0, 2) + 1, stride = kernel == 3 ? 2 : pick(rng, 1, 2);
            const int h = pick(rng, 1, 19), w = pick(rng, 1, 13);
            const float limit = static_cast<float>(pick(rng, 1, 9));
            INFO(ci << " -> " << co << ", kernel " << kernel << ", stride " << stride << ", " << w << "x"
                    << h);
            FloatConvParams p = float_conv(rng, ci, co, kernel, stride);
            p.type = WeightType::f32;
            if (co > 1) std::fill_n(p.weights.begin(), ci * kernel * kernel, 0.0F);  // of the first output
            FloatGraphBuilder b(ci);
            b.relu(b.conv(b.input(), p));
            const FloatGraph graph = b.take();
            std::vector<float> in = random_values(rng, static_cast<size_t>(h * w * ci));
            for (float& v : in) v *= limit / 4;  // as far as the limit
            const auto engine = FloatEngine::create(graph, FloatPrecision::float32, Limits(), limit);
            REQUIRE(engine.ok());
            ThreadPool pool(2);
            const auto made = engine.value().run(in.data(), h, w, pool);
            REQUIRE(made.ok());
            const FloatTensor& out = made.value();
            bool near = true;
            for (int y = 0; y < out.h; ++y)
                for (int x = 0; x < out.w; ++x)
                    for (int o = 0; o < co; ++o) {
                        double magnitudes = 0;
                        const size_t each = static_cast<size_t>(ci * kernel * kernel);
                        for (size_t i = 0; i < each; ++i)
                            magnitudes +=
                                std::fabs(static_cast<double>(p.weights[static_cast<size_t>(o) * each + i]));
                        // Half a step of each input, and less than a step of each weight.
                        const double steps =
                            0.5 / 8191 + 2.0 * static_cast<double>(each) * 8191 / 2147483647.0;
                        const double exact = std::max(0.0, sum_at(p, in, h, w, ci, y, x, o));
                        const auto got =
                            static_cast<double>(out.data[static_cast<size_t>((y * out.w + x) * co + o)]);
                        near &=
                            std::fabs(exact - got) <= magnitudes * static_cast<double>(limit) * steps + 1e-4;
                    }
            CHECK(near);
            different = different || out.data != run(graph, in, h, w).data;
        }
    }
    CHECK(different);
}

TEST_CASE("A convolution of the input itself stays in floats, and so does one of odd channels",
          "[float_engine]") {
    Random rng(36);
    const int h = 9, w = 7;
    for (const bool odd : {false, true}) {
        FloatGraphBuilder b(4);
        auto node = b.space_to_depth(b.input(), 2);
        if (odd) node = b.conv(node, float_conv(rng, 16, 3, 1, 1));
        b.conv(node, float_conv(rng, odd ? 3 : 16, 20, 3, 1));
        const FloatGraph graph = b.take();
        const std::vector<float> in = random_values(rng, size_t{h * w * 4});
        const FloatTensor plain = run(graph, in, h, w);
        auto engine = FloatEngine::create(graph, FloatPrecision::bfloat16);
        REQUIRE(engine.ok());
        ThreadPool pool(1);
        const auto made = engine.value().run(in.data(), h, w, pool);
        REQUIRE(made.ok());
        CHECK(made.value().data == plain.data);
    }
}
