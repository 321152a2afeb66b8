// The convolutions that skip work (Winograd's algorithm, zero channels) and the kernels around the entropy coder, at
// every level, against the reference. Inputs are chosen so that each shortcut is taken, refused, and nearly refused.
#include <catch2/catch.hpp>
#include <cmath>

#include "codec/engine.h"
#include "codec/engine_kernels.h"
#include "codec/pixel_output.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

PackedGraph pack(const Graph& graph) {
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;
    Result<PackedGraph> packed = PackedGraph::create(graph, limits);
    REQUIRE(packed.status().message() == "");
    return packed.value();
}

void check_all_levels(const PackedGraph& packed, const Tensor16& input) {
    const Extents extents{input.h, input.w};
    const Rect all = whole(extents);
    Tensor16 expected;
    REQUIRE(Engine::run(packed, extents, input, all, whole(packed.output_extents(extents)), expected,
                        EngineLevel::scalar)
                .ok());
    for (const EngineLevel level : available_engine_levels()) {
        INFO(engine_level_name(level) << ", " << input.h << " x " << input.w << " x " << input.c);
        Tensor16 got;
        REQUIRE(
            Engine::run(packed, extents, input, all, whole(packed.output_extents(extents)), got, level).ok());
        REQUIRE(equal(got, expected));
    }
}

// A residual 3 x 3 convolution, so that the fused addition takes part.
Graph residual_graph(Random& rng, int channels, int outputs, bool with_addition) {
    GraphBuilder b(channels, -8191, 8191);
    const int x = b.conv(b.input(), random_conv(rng, channels, outputs, 3, 1, 8191));
    if (with_addition)
        b.add(x, b.conv(b.input(), random_conv(rng, channels, outputs, 1, 1, 8191)), -8191, 8191);
    return b.take();
}

}  // namespace

TEST_CASE("Winograd: small and large activations, odd sizes, any number of outputs", "[engine]") {
    Random rng(31);
    for (int round = 0; round < 40; ++round) {
        const int channels = 32 * pick(rng, 1, 3), outputs = pick(rng, 1, 100);
        const PackedGraph packed = pack(residual_graph(rng, channels, outputs, round % 2 == 0));
        const int reach = round % 4 < 2 ? 700 : 8191;
        Tensor16 input = random_tensor(rng, pick(rng, 1, 14), pick(rng, 1, 40), channels, -reach, reach);
        // Calm on the left and loud on the right: both ways of computing meet in one picture.
        if (round % 5 == 0) {
            for (int y = 0; y < input.h; ++y)
                for (int x = 0; x < input.w / 2; ++x)
                    for (int c = 0; c < channels; ++c) input.pixel(y, x)[c] /= 64;
        }
        check_all_levels(packed, input);
    }
}

TEST_CASE("Winograd: sums around its limit", "[engine]") {
    constexpr int kChannels = 32, kTaps = 9 * kChannels;
    // 288 weights of 910 reach 2^31 with activations of 8191, and 2^29 with 2048.
    ConvParams p;
    p.out_channels = 16;
    p.kernel = 3;
    p.lo = -8191;
    p.hi = 8191;
    const int weight = static_cast<int>(((int64_t{1} << 31) - 1) / 8191 / kTaps);
    for (int o = 0; o < p.out_channels; ++o) {
        for (int i = 0; i < kTaps; ++i)
            p.weights.push_back(static_cast<int16_t>(o % 2 == 0 ? weight : -weight));
        p.bias.push_back(0);
        // Not clamped: a sum that wraps around would show.
        p.mult.push_back(16000);
    }
    GraphBuilder b(kChannels, -8191, 8191);
    b.conv(b.input(), p);
    const PackedGraph packed = pack(b.take());
    REQUIRE_FALSE(packed.data().convs[1].winograd.empty());
    for (int value : {1, 2000, 2046, 2047, 2048, 2049, 2050, 2051, 2052, 2060, 3000, 4096, 8190, 8191}) {
        for (const int sign : {1, -1}) {
            Tensor16 input(8, 12, kChannels);
            std::fill(input.data.begin(), input.data.end(), static_cast<int16_t>(sign * value));
            check_all_levels(packed, input);
        }
    }
}

TEST_CASE("Winograd: transformed weights that do not fit are not used", "[engine]") {
    Random rng(32);
    ConvParams p = random_conv(rng, 32, 16, 3, 1, 8191);
    std::fill(p.weights.begin(), p.weights.end(), int16_t{0});
    for (int tap = 0; tap < 9; ++tap) p.weights[static_cast<size_t>(tap) * 32] = 3700;  // 9 * 3700 > 32767
    GraphBuilder b(32, -800, 800);
    b.conv(b.input(), p);
    const PackedGraph packed = pack(b.take());
    CHECK(packed.data().convs[1].winograd.empty());
    check_all_levels(packed, random_tensor(rng, 9, 11, 32, -800, 800));
}

TEST_CASE("Pointwise convolutions that skip zeros", "[engine]") {
    Random rng(33);
    for (int round = 0; round < 30; ++round) {
        const int channels = 32 * pick(rng, 4, 8), outputs = pick(rng, 1, 130);
        GraphBuilder b(channels, -8191, 8191);
        b.conv(b.input(), random_conv(rng, channels, outputs, 1, 1, 8191));
        const PackedGraph packed = pack(b.take());
        Tensor16 input = random_tensor(rng, pick(rng, 1, 9), pick(rng, 1, 15), channels, -8191, 8191);
        const int kept = pick(rng, 0, 100);  // percent
        for (int16_t& v : input.data) v = pick(rng, 1, 100) <= kept ? v : int16_t{0};
        if (round % 3 == 0) std::fill(input.data.begin(), input.data.end(), int16_t{0});
        check_all_levels(packed, input);
    }
}

TEST_CASE("Convolutions within the concat that alone reads them", "[engine]") {
    Random rng(38);
    for (int round = 0; round < 40; ++round) {
        const int channels = round % 2 == 0 ? 32 * pick(rng, 1, 5) : pick(rng, 1, 40);
        const ConvParams first =
            random_conv(rng, channels, pick(rng, 1, 120), 2 * pick(rng, 0, 1) + 1, 1, 8191);
        const ConvParams last = random_conv(rng, channels, pick(rng, 1, 70), 1, 1, 8191);
        GraphBuilder b(channels, -8191, 8191);
        b.concat({b.conv(b.input(), first), b.input(), b.conv(b.input(), last)});
        const PackedGraph packed = pack(b.take());
        const Tensor16 input = random_tensor(rng, pick(rng, 1, 14), pick(rng, 1, 40), channels, -8191, 8191);
        check_all_levels(packed, input);
        // Each as a network of its own.
        const Extents extents{input.h, input.w};
        const Rect all = whole(extents);
        Tensor16 joined, alone;
        REQUIRE(Engine::run(packed, extents, input, all, all, joined).ok());
        int offset = 0;
        for (const ConvParams* params : {&first, &last}) {
            GraphBuilder own(channels, -8191, 8191);
            own.conv(own.input(), *params);
            REQUIRE(Engine::run(pack(own.take()), extents, input, all, all, alone).ok());
            bool same = true;
            for (int y = 0; y < input.h; ++y)
                for (int x = 0; x < input.w; ++x)
                    same = same && std::equal(alone.pixel(y, x), alone.pixel(y, x) + alone.c,
                                              joined.pixel(y, x) + offset);
            CHECK(same);
            offset += alone.c + channels;
        }
    }
}

TEST_CASE("Channels that nobody looks at, in the rows above one", "[engine]") {
    Random rng(39);
    constexpr int16_t kUntouched = -9999;  // no convolution gives it
    for (int round = 0; round < 60; ++round) {
        const int channels = 32 * pick(rng, 3, 5);
        const ConvParams params = random_conv(rng, channels, pick(rng, 1, 300), 1, 1, 8191, -8191, 8191);
        GraphBuilder b(channels, -8191, 8191);
        const int conv = b.conv(b.input(), params);
        if (round % 2 == 0) b.concat({conv, b.slice(b.input(), 0, 7)});
        const PackedGraph packed = pack(b.take());
        const Tensor16 input = random_tensor(rng, pick(rng, 1, 9), pick(rng, 1, 15), channels, -8191, 8191);
        const Extents extents{input.h, input.w};
        Tensor16 expected;
        REQUIRE(Engine::run(packed, extents, input, whole(extents), whole(extents), expected).ok());
        // Rows count in the output's raster, of which a window is made.
        const int top = pick(rng, 0, input.h - 1);
        const Rect window{0, top, input.w, input.h - top};
        const UnusedChannels unused{pick(rng, 0, params.out_channels), pick(rng, 0, input.h + 1)};
        for (const EngineLevel level : available_engine_levels()) {
            INFO(engine_level_name(level) << ", " << unused.channels << " above " << unused.above);
            Tensor16 got(static_cast<int>(window.h), input.w, expected.c);
            std::fill(got.data.begin(), got.data.end(), kUntouched);
            REQUIRE(Engine::run_into(packed, extents, input, whole(extents), window, got.data.data(), level,
                                     Limits(), unused)
                        .ok());
            bool same = true, skipped = true;
            for (int y = top; y < input.h; ++y) {
                const int first = y < unused.above ? unused.channels : 0;
                for (int x = 0; x < input.w; ++x) {
                    const int16_t* const made = got.pixel(y - top, x);
                    same = same && std::equal(made + first, made + got.c, expected.pixel(y, x) + first);
                    skipped = skipped && std::count(made, made + first, kUntouched) == first;
                }
            }
            CHECK(same);
            if (level == EngineLevel::scalar) CHECK(skipped);
        }
    }
}

TEST_CASE("Winograd: weights whose transform just fits 16 bits, and some that do not", "[engine]") {
    Random rng(37);
    // Taps of one kernel, and whether sums of them as the transform makes them stay within 32767.
    const std::pair<std::vector<int>, bool> kernels[] = {
        {{0, 0, 0, 0, 32767, 0, 0, 0, 0}, true},
        {{8191, 0, 0, 0, 0, 0, 0, 0, 0}, true},
        {{8192, 0, 0, 0, 0, 0, 0, 0, 0}, false},
        {{0, 0, 0, 0, 0, 0, 0, 0, -8192}, false},
        {{0, 16383, 0, 0, 0, 0, 0, 0, 0}, true},
        {{0, 16384, 0, 0, 0, 0, 0, 0, 0}, false},
        {{3640, 3640, 3640, 3640, 3640, 3640, 3640, 3640, 3640}, true},
        {{3641, 3641, 3641, 3641, 3641, 3641, 3641, 3641, 3641}, false},
        {{4000, 4000, 4000, 4000, 9000, 4000, 4000, 4000, 4000}, false},
        {{-4000, 3000, 4000, 1000, 9000, -1000, 4000, -3000, 3000}, true},
    };
    for (const auto& [taps, fits] : kernels) {
        CAPTURE(taps);
        ConvParams params = random_conv(rng, 32, 20, 3, 1, 8191);
        const int o = pick(rng, 0, 19), i = pick(rng, 0, 31);
        for (int k = 0; k < 9; ++k)
            params.weights[static_cast<size_t>((o * 9 + k) * 32 + i)] =
                static_cast<int16_t>(taps[static_cast<size_t>(k)]);
        GraphBuilder b(32, -1500, 1500);
        b.conv(b.input(), params);
        const Graph graph = b.take();
        const PackedGraph packed = pack(graph);
        CHECK(packed.data().convs[1].winograd.empty() != fits);
        for (const int reach : {60, 1500})
            check_all_levels(packed, random_tensor(rng, 9, 11, 32, -reach, reach));
    }
}

TEST_CASE("A leaky_relu within the convolution before it", "[engine]") {
    Random rng(36);
    for (int round = 0; round < 60; ++round) {
        const int channels = round % 3 == 0 ? 32 : pick(rng, 1, 40), outputs = pick(rng, 1, 70);
        const int kernel = 2 * pick(rng, 0, 2) + 1, stride = pick(rng, 1, 2);
        const int slope = round % 10 == 0 ? 0 : round % 10 == 1 ? 255 : pick(rng, 0, 255);
        const ConvParams params = random_conv(rng, channels, outputs, kernel, stride, 32767);
        GraphBuilder alone(channels, -8191, 8191), shared(channels, -8191, 8191);
        alone.leaky_relu(alone.conv(alone.input(), params), slope);
        // Read by another node, too, the convolution is computed for itself.
        const int x = shared.conv(shared.input(), params);
        shared.slice(shared.concat({x, shared.leaky_relu(x, slope)}), outputs, outputs);
        const PackedGraph fused = pack(alone.take()), plain = pack(shared.take());
        const Tensor16 input = random_tensor(rng, pick(rng, 1, 14), pick(rng, 1, 40), channels, -8191, 8191);
        const Extents extents{input.h, input.w};
        const Rect all = whole(fused.output_extents(extents));
        Tensor16 expected, got;
        REQUIRE(Engine::run(plain, extents, input, whole(extents), all, expected, EngineLevel::scalar).ok());
        REQUIRE(Engine::run(fused, extents, input, whole(extents), all, got, EngineLevel::scalar).ok());
        REQUIRE(equal(got, expected));
        check_all_levels(fused, input);
    }
    // All values and slopes there are, by the reference.
    for (int v = -32767; v <= 32767; v += 13)
        for (int slope = 0; slope < 256; ++slope)
            if (leaky(static_cast<int16_t>(v), slope) != (v < 0 ? (v * slope + 128) >> 8 : v)) FAIL(v);
}

TEST_CASE("Dequantisation and table indices at every level", "[engine]") {
    Random rng(34);
    const auto extreme = [&](int lo, int hi) {
        return pick(rng, 0, 9) == 0 ? (pick(rng, 0, 1) ? lo : hi) : pick(rng, lo, hi);
    };
    for (int round = 0; round < 200; ++round) {
        const int channels = pick(rng, 1, 70);
        const auto count = static_cast<size_t>(channels);
        LatentScale scale;
        scale.table_count = pick(rng, 1, 256);
        scale.lo = -pick(rng, 0, 8191);
        scale.hi = pick(rng, 0, 8191);
        std::vector<int16_t> symbols, mean, log2_scale, expected(count), got(count);
        for (int c = 0; c < channels; ++c) {
            scale.steps.step.push_back(extreme(1, 1 << 28));
            scale.index_offset.push_back(extreme(-(1 << 17), 1 << 17));
            symbols.push_back(static_cast<int16_t>(pick(rng, 0, 2) == 0 ? extreme(-32767, 32767) : 0));
            mean.push_back(static_cast<int16_t>(extreme(INT16_MIN, INT16_MAX)));
            log2_scale.push_back(static_cast<int16_t>(extreme(INT16_MIN, INT16_MAX)));
        }
        std::vector<uint8_t> expected_index(count), index(count);
        scale_indices(scale, log2_scale.data(), expected_index.data());
        for (const int16_t* m :
             {static_cast<const int16_t*>(nullptr), static_cast<const int16_t*>(mean.data())}) {
            dequantise_position(scale, symbols.data(), m, expected.data());
            for (const EngineLevel level : available_engine_levels()) {
                INFO(engine_level_name(level));
                const Kernels& kernels = *kernels_for(level).value();
                kernels.dequantise(scale, symbols.data(), m, got.data());
                REQUIRE(got == expected);
                kernels.index(scale, log2_scale.data(), index.data());
                REQUIRE(index == expected_index);
            }
        }
    }
}

TEST_CASE("Planes of pixels at every level", "[engine]") {
    Random rng(35);
    for (int round = 0; round < 300; ++round) {
        const int n = pick(rng, 0, 150), frac_bits = pick(rng, 1, 12);
        const auto count = static_cast<size_t>(n);
        const int reach = round % 3 == 0 ? INT16_MAX : 200 << std::min(frac_bits, 7);
        std::vector<int16_t> rgb;
        for (size_t i = 0; i < 3 * count; ++i)
            rgb.push_back(static_cast<int16_t>(
                pick(rng, 0, 9) == 0 ? (pick(rng, 0, 1) ? INT16_MIN : INT16_MAX) : pick(rng, -reach, reach)));
        for (const EngineLevel level : available_engine_levels()) {
            INFO(engine_level_name(level) << ", " << frac_bits << " bits, " << n << " pixels");
            std::vector<uint8_t> planes[3];
            for (auto& plane : planes) plane.assign(count + 1, 77);
            kernels_for(level).value()->planes(rgb.data(), count, frac_bits,
                                               {planes[0].data(), planes[1].data(), planes[2].data()});
            for (size_t c = 0; c < 3; ++c) {
                for (size_t x = 0; x < count; ++x)
                    REQUIRE(int{planes[c][x]} == int{sample_from(rgb[3 * x + c], frac_bits)});
                REQUIRE(planes[c][count] == 77);  // nothing behind the row
            }
        }
    }
}
