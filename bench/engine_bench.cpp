// Speed of the integer engine, of the encoder's float engine and of the entropy decoder, one thread: the layers of the default model
// in multiply-adds a second beside what the machine's registers can do, and symbols a second.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench/peak.h"
#include "codec/engine.h"
#include "codec/engine_kernels.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/entropy/table_builder.h"
#include "codec/float_engine.h"
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

// What the input of a layer looks like.
struct Input {
    int reach = 1000;  // largest magnitude: decides whether Winograd's algorithm may be used
    int zeros = 0;     // percent of channels that are 0 all over the picture
};

void run_layer(benchmark::State& state, Graph graph, Extents extents, Input like, EngineLevel level) {
    const PackedGraph packed = pack(std::move(graph));
    Tensor16 input(static_cast<int>(extents.h), static_cast<int>(extents.w), packed.input_channels());
    std::mt19937 rng(2);
    std::vector<bool> zero(static_cast<size_t>(input.c / 2));
    for (auto&& z : zero) z = static_cast<int>(rng() % 100) < like.zeros;
    for (size_t i = 0; i < input.data.size(); ++i) {
        const int v = static_cast<int>(rng() % static_cast<unsigned>(2 * like.reach + 1)) - like.reach;
        input.data[i] = zero[i % static_cast<size_t>(input.c) / 2] ? int16_t{0} : static_cast<int16_t>(v);
    }
    const Extents out_extents = packed.output_extents(extents);
    Tensor16 out;
    for (auto _ : state) {
        const Status s = Engine::run(packed, extents, input, whole(extents), whole(out_extents), out, level);
        if (!s.ok()) state.SkipWithError(s.message().c_str());
        benchmark::DoNotOptimize(out.data.data());
    }
    // Of the direct convolution, also where another algorithm needs fewer.
    const double pixels = static_cast<double>(out_extents.h * out_extents.w);
    state.counters["MAC/s"] = benchmark::Counter(pixels * packed.info().macs_per_pixel,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

// A layer of the encoder's analysis, as the library computes it on this processor at a level; multiply-adds as of the direct
// convolution. Fixed point and bfloat16 are computed where the processor has them, whatever the level.
void run_float_layer(benchmark::State& state, int in, int out, int kernel, WeightType type, Extents extents,
                     EngineLevel level) {
    std::mt19937 rng(4);
    std::uniform_real_distribution<float> value(-1, 1);
    FloatConvParams p;
    p.out_channels = out;
    p.kernel = kernel;
    p.type = type;
    p.weights.resize(static_cast<size_t>(out * kernel * kernel * in));
    for (float& w : p.weights) w = value(rng);
    p.bias.assign(static_cast<size_t>(out), 0.1F);
    FloatGraphBuilder b(in);
    b.conv(b.input(), p);
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    const auto engine = FloatEngine::create(b.take(), precision, Limits(), 1);
    std::vector<float> pixels(static_cast<size_t>(extents.h * extents.w * in));
    for (float& v : pixels) v = value(rng);
    ThreadPool pool(1);
    for (auto _ : state) {
        const auto made = engine.value().run(pixels.data(), static_cast<int>(extents.h),
                                             static_cast<int>(extents.w), pool, level);
        if (!made.ok()) state.SkipWithError(made.status().message().c_str());
        benchmark::DoNotOptimize(made.value().data.data());
    }
    state.counters["MAC/s"] =
        benchmark::Counter(static_cast<double>(extents.h * extents.w) * in * out * kernel * kernel,
                           benchmark::Counter::kIsIterationInvariantRate);
}

// Multiply-adds of 16-bit integers that registers alone can do: independent sums, nothing loaded or stored.
void run_peak(benchmark::State& state, EngineLevel level) {
    const PeakLoop loop = peak_loop(level);
    for (auto _ : state) loop.run();
    state.counters["MAC/s"] =
        benchmark::Counter(loop.multiply_adds, benchmark::Counter::kIsIterationInvariantRate);
}

// As files of today have them: four substreams of 256 states, decoded side by side, of symbols of the tables' own distributions;
// percent of them certain zeros.
void run_entropy(benchmark::State& state, int zeros) {
    const TableSet tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 50);
    const SymbolCodec codec = SymbolCodec::create(tables, tables).value();
    constexpr size_t kCount = 1 << 17;
    struct {
        std::vector<uint8_t> index = std::vector<uint8_t>(kCount), bytes;
        std::vector<int16_t> symbols = std::vector<int16_t>(kCount), decoded = symbols;
    } streams[kMostLanes];
    std::vector<Substream> substreams;
    std::mt19937 rng(3);
    size_t coded = 0;
    for (auto& s : streams) {
        for (uint8_t& index : s.index)
            if (static_cast<int>(rng() % 100) >= zeros)
                index = static_cast<uint8_t>(1 + rng() % 24);  // up to 8 steps wide
        const auto draw = [&](size_t i, int quantiser) {
            std::normal_distribution<double> value(0, table_scale(tables.bias, s.index[i]));
            s.symbols[i] =
                static_cast<int16_t>(trellis_symbol(static_cast<int>(std::lround(value(rng))), quantiser));
            ++coded;
        };
        for_coded(s.index.data(), s.symbols.data(), kCount, true, draw, StreamKind::substream);
        s.bytes = codec.encode(s.index.data(), s.symbols.data(), kCount, StreamKind::substream).value();
        substreams.push_back(
            {s.bytes.data(), s.bytes.size(), s.index.data(), kCount, true, s.decoded.data()});
    }
    for (auto _ : state) {
        const Status s = codec.decode_side_by_side(substreams.data(), substreams.size());
        if (!s.ok()) state.SkipWithError(s.message().c_str());
    }
    for (const auto& s : streams)
        if (s.decoded != s.symbols) state.SkipWithError("other symbols than were coded");
    state.counters["positions/s"] =
        benchmark::Counter(double{kCount} * kMostLanes, benchmark::Counter::kIsIterationInvariantRate);
    state.counters["coded/s"] =
        benchmark::Counter(static_cast<double>(coded), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

int main(int argc, char** argv) {
    // Layers of models like `photo` for a picture of 768 x 512, and of a post-filter on cells of 2 x 2 pixels; large activations
    // rule Winograd's algorithm out.
    struct Layer {
        const char* name;
        int in, out, kernel;
        Extents extents;
        Input input;
    };
    const Layer layers[] = {{"synthesis 1x1 512-768", 512, 768, 1, {32, 48}, {}},
                            {"synthesis 1x1 512-768, half zeros", 512, 768, 1, {32, 48}, {1000, 50}},
                            {"synthesis 1x1 512-96", 512, 96, 1, {32, 48}, {}},
                            {"synthesis 3x3 96-96", 96, 96, 3, {32, 48}, {}},
                            {"synthesis 3x3 96-96, large values", 96, 96, 3, {32, 48}, {8191, 0}},
                            {"synthesis 1x1 96-256", 96, 256, 1, {32, 48}, {}},
                            {"synthesis 3x3 64-64", 64, 64, 3, {64, 96}, {}},
                            {"synthesis 1x1 64-192", 64, 192, 1, {64, 96}, {}},
                            {"hyper-synthesis 3x3 128-192", 128, 192, 3, {8, 12}, {}},
                            {"hyper-synthesis 3x3 128-128", 128, 128, 3, {16, 24}, {}},
                            {"hyper-synthesis 1x1 128-1024", 128, 1024, 1, {32, 48}, {}},
                            {"post-filter 3x3 12-32", 12, 32, 3, {256, 384}, {}},
                            {"post-filter 3x3 32-32", 32, 32, 3, {256, 384}, {}},
                            {"post-filter 3x3 32-12", 32, 12, 3, {256, 384}, {}}};
    for (EngineLevel level : available_engine_levels()) {
        const std::string suffix = std::string("/") + engine_level_name(level);
        if (peak_loop(level).run != nullptr) {
            benchmark::RegisterBenchmark(("peak" + suffix).c_str(),
                                         [=](benchmark::State& s) { run_peak(s, level); });
        }
        for (const Layer& l : layers) {
            benchmark::RegisterBenchmark((l.name + suffix).c_str(), [=](benchmark::State& s) {
                run_layer(s, layer(l.in, l.out, l.kernel), l.extents, l.input, level);
            })->Unit(benchmark::kMillisecond);
        }
    }
    const struct {
        const char* name;
        int in, out, kernel;
        WeightType type;
        Extents extents;
    } float_layers[] = {{"analysis 1x1 768-512, of pixels", 768, 512, 1, WeightType::f32, {32, 48}},
                        {"analysis 3x3 128-128", 128, 128, 3, WeightType::bf16, {64, 96}},
                        {"analysis 3x3 192-192", 192, 192, 3, WeightType::bf16, {32, 48}}};
    for (const EngineLevel level : available_engine_levels()) {
        for (const auto& l : float_layers) {
            benchmark::RegisterBenchmark((std::string(l.name) + "/" + engine_level_name(level)).c_str(),
                                         [=](benchmark::State& s) {
                                             run_float_layer(s, l.in, l.out, l.kernel, l.type, l.extents,
                                                             level);
                                         })
                ->Unit(benchmark::kMillisecond);
        }
    }
    for (const int zeros : {0, 60, 95}) {
        benchmark::RegisterBenchmark(
            ("entropy decoder, " + std::to_string(zeros) + " % certain zeros").c_str(),
            [=](benchmark::State& s) { run_entropy(s, zeros); })
            ->Unit(benchmark::kMillisecond);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
