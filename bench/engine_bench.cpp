// Speed of the integer engine, one thread: single layers in multiply-adds per second, and the synthesis of a
// 768 x 512 picture by a network of the default model's shape (5 kMAC per pixel).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "codec/engine.h"
#include "codec/graph.h"

namespace {

using namespace nae;

// Weights and inputs matter little for speed; multipliers keep values in range.
ConvParams conv_params(int in, int out, int kernel, int32_t lo = -8191) {
    static std::mt19937 rng(1);
    ConvParams p;
    p.out_channels = out;
    p.kernel = kernel;
    p.lo = lo;
    p.hi = 8191;
    const int most = std::min(127, 250000 / (in * kernel * kernel));
    std::uniform_int_distribution<int> weight(-most, most);
    p.weights.resize(static_cast<size_t>(out * kernel * kernel * in));
    for (int16_t& w : p.weights) w = static_cast<int16_t>(weight(rng));
    p.bias.assign(static_cast<size_t>(out), 100);
    p.mult.assign(static_cast<size_t>(out), 1 << 22);
    return p;
}

Graph layer(int in, int out, int kernel) {
    GraphBuilder b(in, -8191, 8191);
    b.conv(0, conv_params(in, out, kernel));
    return b.take();
}

int residual(GraphBuilder& b, int x, int channels) {
    const int y = b.conv(x, conv_params(channels, channels, 3, 0));
    return b.add(b.conv(y, conv_params(channels, channels, 3)), x, -8191, 8191);
}

// Linear path and branch, as in the default model.
Graph synthesis() {
    GraphBuilder b(320, -8191, 8191);
    const int linear = b.depth_to_space(b.conv(0, conv_params(320, 768, 1)), 2);
    int x = b.conv(0, conv_params(320, 128, 1));
    x = residual(b, residual(b, x, 128), 128);
    x = b.depth_to_space(b.conv(x, conv_params(128, 256, 1)), 2);
    x = residual(b, x, 64);
    x = b.conv(x, conv_params(64, 192, 1));
    b.depth_to_space(b.add(linear, x, -8191, 8191), 8);
    return b.take();
}

PackedGraph pack(Graph graph) {
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;  // single layers at full resolution are dear
    Result<PackedGraph> packed = PackedGraph::create(std::move(graph), limits);
    if (!packed.ok()) {
        std::fprintf(stderr, "%s\n", packed.status().message().c_str());
        std::exit(1);
    }
    return packed.value();
}

void run(benchmark::State& state, Graph graph, Extents extents, EngineLevel level) {
    const PackedGraph packed = pack(std::move(graph));
    Tensor16 input(static_cast<int>(extents.h), static_cast<int>(extents.w), packed.input_channels());
    std::mt19937 rng(2);
    for (int16_t& v : input.data) v = static_cast<int16_t>(static_cast<int>(rng() % 2001) - 1000);
    const Extents out_extents = packed.output_extents(extents);
    Tensor16 out;
    for (auto _ : state) {
        const Status s = Engine::run(packed, extents, input, whole(extents), whole(out_extents), out, level);
        if (!s.ok()) state.SkipWithError(s.message().c_str());
        benchmark::DoNotOptimize(out.data.data());
    }
    const double pixels = static_cast<double>(out_extents.h * out_extents.w);
    state.counters["MAC/s"] = benchmark::Counter(pixels * packed.info().macs_per_pixel,
                                                 benchmark::Counter::kIsIterationInvariantRate);
    state.counters["px/s"] = benchmark::Counter(pixels, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
    struct Layer {
        const char* name;
        int in, out, kernel;
        Extents extents;
    };
    const Layer layers[] = {{"3x3 128-128", 128, 128, 3, {32, 48}},
                            {"3x3 64-64", 64, 64, 3, {64, 96}},
                            {"1x1 320-768", 320, 768, 1, {32, 48}},
                            {"1x1 320-128", 320, 128, 1, {32, 48}},
                            {"1x1 64-192", 64, 192, 1, {64, 96}}};
    for (EngineLevel level : available_engine_levels()) {
        const std::string suffix = std::string("/") + engine_level_name(level);
        for (const Layer& l : layers) {
            benchmark::RegisterBenchmark((l.name + suffix).c_str(), [=](benchmark::State& s) {
                run(s, layer(l.in, l.out, l.kernel), l.extents, level);
            })->Unit(benchmark::kMillisecond);
        }
        benchmark::RegisterBenchmark(("synthesis 768x512" + suffix).c_str(), [=](benchmark::State& s) {
            run(s, synthesis(), Extents{32, 48}, level);
        })->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
