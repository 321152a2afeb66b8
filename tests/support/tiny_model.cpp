#include "tests/support/tiny_model.h"

#include <utility>
#include <vector>

#include "codec/entropy/table_builder.h"

namespace nae::test {

namespace {

constexpr int kColours = 3;        // C: one latent channel for each
constexpr int kHyper = 1;          // Cz
constexpr int kFracBits = 4;       // F: 16 steps per gray level
constexpr int32_t kOne = 1 << 16;  // a factor of 1 for gain
constexpr int32_t kRange = 4000;

// A convolution that passes each channel on and adds a little of the pixel `tap` of the next channel.
ConvParams mix(int kernel, int tap) {
    ConvParams p;
    p.out_channels = kColours;
    p.kernel = kernel;
    const int taps = kernel * kernel;
    p.weights.assign(static_cast<size_t>(kColours * taps * kColours), 0);
    for (int c = 0; c < kColours; ++c) {
        p.weights[static_cast<size_t>((c * taps + taps / 2) * kColours + c)] = 4096;
        p.weights[static_cast<size_t>((c * taps + tap) * kColours + (c + 1) % kColours)] = 300;
    }
    p.bias.assign(kColours, 7);
    p.mult.assign(kColours, 1 << 20);
    p.lo = -kRange;
    p.hi = kRange;
    return p;
}

// Every channel four times across and four times down.
int enlarge(GraphBuilder& b, int node) { return b.depth_to_space(b.concat(std::vector<int>(16, node)), 4); }

Graph synthesis() {
    GraphBuilder b(kColours, -kRange, kRange);
    const int mixed = b.conv(b.input(), mix(3, 1));
    // Two residual branches: one slopes negative values away, one reaches into neighbouring cells.
    const int branch = b.gain(b.leaky_relu(b.conv(mixed, mix(1, 0)), 64), {kOne / 8, -kOne / 8, kOne / 9});
    int x = b.add(mixed, branch, -kRange, kRange);
    const int near = b.slice(b.space_to_depth(enlarge(b, x), 4), 24, kColours);
    x = b.add(x, b.gain(b.relu(near), {kOne / 16, kOne / 16, kOne / 16}), -kRange, kRange);
    enlarge(b, enlarge(b, x));
    return b.take();
}

// Means: an eighth of the hyper-latent. Scales: 24 levels. Features for a context: the hyper-latent itself.
Graph hyper_synthesis(int features) {
    GraphBuilder b(kHyper, -kRange, kRange);
    ConvParams p;
    p.out_channels = 2 * kColours + features;
    p.weights = {4096, 4096, 4096, 40, 40, 40};
    p.weights.resize(static_cast<size_t>(p.out_channels), 4096);
    p.bias.assign(static_cast<size_t>(p.out_channels), 0);
    for (size_t c = kColours; c < 2 * kColours; ++c) p.bias[c] = 1174 * 4096;
    p.mult.assign(static_cast<size_t>(p.out_channels), 1 << 20);
    enlarge(b, b.conv(b.input(), std::move(p)));
    return b.take();
}

// A mean of four neighbours in two of the colours, bent at zero, moves all means; their spread, and the feature, all scales.
Graph context() {
    constexpr int kKnown = 2, kWidth = 4;
    GraphBuilder b(kKnown + 1, -kRange, kRange);
    const auto conv = [&](int input, int channels, int out, int kernel, const std::vector<int16_t>& weights,
                          int32_t lo) {
        ConvParams p;
        p.out_channels = out;
        p.kernel = kernel;
        const auto taps = static_cast<size_t>(kernel * kernel * channels * out);
        for (size_t i = 0; i < taps; ++i) p.weights.push_back(weights[i % weights.size()]);
        p.bias.assign(static_cast<size_t>(out), 5);
        p.mult.assign(static_cast<size_t>(out), 1 << 20);
        p.lo = lo;
        p.hi = kRange;
        return b.conv(input, std::move(p));
    };
    const int symbols =
        conv(b.slice(b.input(), 0, kKnown), kKnown, kWidth, 3, {900, -300, 1100, 500, -700}, -kRange);
    const int said = conv(b.slice(b.input(), kKnown, 1), 1, kWidth, 1, {300, -200}, -kRange);
    conv(b.add(symbols, said, 0, kRange), kWidth, 2 * kColours, 1, {1500, -900, 700, -400, 1000}, -kRange);
    return b.take();
}

// Mean over blocks of 4x4, twice: (pixel - 128) / 128 to levels of 1 / 16.
FloatGraph analysis() {
    FloatGraphBuilder b(kColours);
    int x = b.input();
    for (const float scale : {1.0f, 128.0f * (1 << kFracBits)}) {
        FloatConvParams p;
        p.out_channels = kColours;
        p.type = WeightType::f32;
        p.bias.assign(kColours, 0.0f);
        for (int o = 0; o < kColours; ++o)
            for (int i = 0; i < 16 * kColours; ++i)
                p.weights.push_back(i % kColours == o ? scale / 16.0f : 0.0f);
        x = b.conv(b.space_to_depth(x, 4), std::move(p));
    }
    return b.take();
}

FloatGraph hyper_analysis() {
    FloatGraphBuilder b(kColours);
    FloatConvParams p;
    p.out_channels = kHyper;
    p.type = WeightType::f32;
    p.bias.assign(kHyper, 0.0f);
    p.weights.assign(16 * kColours, 1.0f / (16 * kColours));
    b.conv(b.space_to_depth(b.input(), 4), std::move(p));
    return b.take();
}

}  // namespace

Model make_tiny_model() {
    Model m;
    m.name = "tiny";
    m.latent_channels = kColours;
    m.hyper_channels = kHyper;
    m.output_frac_bits = kFracBits;
    m.hyper_synthesis = hyper_synthesis(0);
    m.synthesis = synthesis();
    // Steps from 64 levels to 1; one integer step of either network's input is 1/16 level.
    m.gains.latent = {kColours, 2, {}, std::vector<int32_t>(kColours, 4 * 256)};
    for (int c = 0; c < kColours; ++c)
        m.gains.latent.log2_gain.insert(m.gains.latent.log2_gain.end(), {-6 * 256, 0});
    m.gains.hyper = {kHyper, 2, {-5 * 256, -3 * 256}, {4 * 256}};
    m.gains.hyper_log2_scale = {6 * 256};
    // Few and wide tables: the file stays small. The first is "certain zero".
    m.latent_tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 16);
    m.hyper_tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 10);
    m.analysis = analysis();
    m.hyper_analysis = hyper_analysis();
    return m;
}

Status TinyAnalysis::run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h,
                         int out_w, int out_c) {
    const bool first = graph == AnalysisGraph::analysis;
    const int side = first ? kLatentStride : kHyperStride;
    if (c != kColours || out_c != (first ? kColours : kHyper) || h != side * out_h || w != side * out_w)
        return Status(ErrorCode::internal, "unexpected shape");
    const float factor = first ? 128.0f * (1 << kFracBits) / static_cast<float>(side * side)
                               : 1.0f / static_cast<float>(side * side * kColours);
    for (int i = 0; i < out_h * out_w * out_c; ++i) out[i] = 0;
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x)
            for (int k = 0; k < c; ++k)
                out[(y / side * out_w + x / side) * out_c + k % out_c] += *in++ * factor;
    return Status();
}

Model make_tiny_model_with_context() {
    Model m = make_tiny_model();
    m.hyper_synthesis = hyper_synthesis(1);
    m.context = context();
    return m;
}

void add_tiny_lap(Model& model) {
    model.analysis_lap.assign(kLapWeights, 0.0F);
    model.lap.weights.clear();
    for (int i = 0; i < kLapReach; ++i)
        for (int j = 0; j < kLapReach; ++j)
            model.lap.weights.push_back(
                static_cast<int16_t>((i == j ? -9000 : (i + 2 * j) % 5 * 1300 - 2600) / (1 + i + j)));
}

void add_tiny_trellis(Model& model) {
    model.latent_tables_q1 = model.latent_tables;
    for (int i = 1; i < model.latent_tables.count(); ++i)
        model.latent_tables_q1.tables[static_cast<size_t>(i)] =
            make_frequency_table(gaussian_magnitudes(0.9 * table_scale(model.latent_tables.bias, i)));
}

RestorationFilter make_tiny_filter() {
    RestorationFilter filter;
    filter.activities = 3;
    filter.sets.resize(2);
    uint32_t state = 99;
    const auto draw = [&](int most) {
        state = state * 1664525u + 1013904223u;
        return static_cast<int16_t>(static_cast<int>((state >> 8) % static_cast<uint32_t>(2 * most + 1)) -
                                    most);
    };
    for (RestorationSet& set : filter.sets) {
        set.clip = static_cast<int16_t>(200 + draw(150));
        set.thresholds = {4000, 20000};
        for (int i = 0; i < 3 * kRestorationDirections; ++i) {
            RestorationTaps taps;
            const int most = i % 7 == 6 ? 2700 : 80;
            for (RestorationTap& tap : taps) {
                tap.linear = draw(most);
                tap.clipped = draw(most);
            }
            set.taps.push_back(taps);
        }
    }
    return filter;
}

PostFilter make_tiny_post_filter() {
    constexpr int kCell = 12, kWidth = 3;  // 2 x 2 pixels of three colours
    constexpr int32_t kBlack = -(128 << kFracBits), kWhite = 127 << kFracBits;
    uint32_t state = 7;
    const auto draw = [&](int most) {
        state = state * 1664525u + 1013904223u;
        return static_cast<int>((state >> 8) % static_cast<uint32_t>(2 * most + 1)) - most;
    };
    const auto conv = [&](int in, int out) {
        ConvParams p;
        p.out_channels = out;
        p.kernel = 3;
        for (int i = 0; i < 9 * in * out; ++i) p.weights.push_back(static_cast<int16_t>(draw(500)));
        for (int o = 0; o < out; ++o) {
            p.bias.push_back(draw(100000));
            p.mult.push_back((1 << 21) + draw(1 << 20));
        }
        p.lo = -kRange;
        p.hi = kRange;
        return p;
    };
    GraphBuilder b(kColours, kBlack, kWhite);
    const int cells = b.space_to_depth(b.input(), 2);
    int x = b.leaky_relu(b.conv(cells, conv(kCell, kWidth)), 32);
    x = b.add(x, b.conv(b.leaky_relu(b.conv(x, conv(kWidth, kWidth)), 32), conv(kWidth, kWidth)), -kRange,
              kRange);
    b.depth_to_space(b.add(cells, b.conv(x, conv(kWidth, kCell)), kBlack, kWhite), 2);
    PostFilter filter;
    filter.graph = b.take();
    for (int s = 0; s < 2; ++s) {
        filter.sets.emplace_back();
        for (int o = 0; o < kWidth; ++o) filter.sets.back().bias.push_back(draw(1 << 20));
        for (int o = 0; o < kCell; ++o) filter.sets.back().mult.push_back((1 << 21) + draw(1 << 20));
    }
    return filter;
}

}  // namespace nae::test
