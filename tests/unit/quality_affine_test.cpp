// What an encoder's networks know of the quality.
#include "codec/quality_affine.h"

#include <catch2/catch.hpp>
#include <limits>

#include "codec/model.h"
#include "codec/native_analysis.h"
#include "codec/thread_pool.h"
#include "format/header.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

// For the last convolution of a graph, values that differ from channel to channel and from anchor to anchor.
QualityAffine last_convolution(const FloatGraph& graph, int anchors) {
    QualityAffine a;
    for (size_t i = 0; i < graph.nodes.size(); ++i)
        if (graph.nodes[i].op == Op::conv) a.node = static_cast<int>(i);
    const int channels = graph.nodes[static_cast<size_t>(a.node)].channels;
    for (int c = 0; c < channels; ++c)
        for (int k = 0; k < anchors; ++k) {
            a.scale.push_back(0.25F * static_cast<float>(k + 1) + 0.01F * static_cast<float>(c));
            a.shift.push_back(static_cast<float>(c) - 2.0F * static_cast<float>(k));
        }
    return a;
}

Model model_with_affines() {
    Model m = small_model();
    m.analysis_affines = {last_convolution(m.analysis, m.gains.latent.anchors)};
    m.hyper_analysis_affines = {last_convolution(m.hyper_analysis, m.gains.latent.anchors)};
    return m;
}

std::vector<float> analysed(AnalysisBackend& backend, int channels) {
    const std::vector<float> in(32 * 48 * 3, 0.25F);
    std::vector<float> y(static_cast<size_t>(2 * 3 * channels));
    REQUIRE(backend.run(AnalysisGraph::analysis, in.data(), 32, 48, 3, y.data(), 2, 3, channels).ok());
    return y;
}

}  // namespace

TEST_CASE("Scale and shift of a quality go into weights and biases, linear between anchors", "[affine]") {
    FloatGraphBuilder b(1);
    FloatConvParams p;
    p.out_channels = 2;
    p.weights = {2, -4};
    p.bias = {1, 3};
    b.conv(b.input(), p);
    const FloatGraph graph = b.take();
    // Two anchors: QUALITY 1 and 100.
    const QualityAffine a{1, {0, 1, 0.5F, 0.5F}, {0, 10, -8, 0}};
    REQUIRE(validate({a}, graph, 2).ok());
    const FloatNode low = node_at(graph.nodes[1], a, 2, kMinQualityCenti);
    CHECK(low.weights == AlignedFloats{2, -6});
    CHECK(low.bias == std::vector<float>{1, -3.5F});
    const FloatNode high = node_at(graph.nodes[1], a, 2, kMaxQualityCenti);
    CHECK(high.weights == AlignedFloats{4, -6});
    CHECK(high.bias == std::vector<float>{12, 4.5F});
    const FloatNode between = node_at(graph.nodes[1], a, 2, (kMinQualityCenti + kMaxQualityCenti) / 2);
    CHECK(between.weights[0] == Approx(3));
    CHECK(between.bias[0] == Approx(1.5 + 5));
    CHECK(between.bias[1] == Approx(4.5 - 4));
    // A quality outside is that of the nearer end.
    CHECK(node_at(graph.nodes[1], a, 2, 1).weights == low.weights);
    CHECK(node_at(graph.nodes[1], a, 2, 20000).weights == high.weights);
    CHECK(graph_at(graph, {a}, 2, kMaxQualityCenti).nodes[1].bias == high.bias);
}

TEST_CASE("They travel in the model file, outside of the decoding part", "[affine]") {
    const Model m = model_with_affines();
    const auto bytes = serialise_model(m);
    REQUIRE(bytes.ok());
    const auto back = parse_model(bytes.value().data(), bytes.value().size(), "x.nam");
    REQUIRE(back.ok());
    REQUIRE(back.value().analysis_affines.size() == 1);
    CHECK(back.value().analysis_affines[0].node == m.analysis_affines[0].node);
    CHECK(back.value().analysis_affines[0].scale == m.analysis_affines[0].scale);
    CHECK(back.value().hyper_analysis_affines[0].shift == m.hyper_analysis_affines[0].shift);
    CHECK(serialise_model(back.value()).value() == bytes.value());
    CHECK(model_id(m).value() == model_id(small_model()).value());
    const auto decoder = parse_model(bytes.value().data(), bytes.value().size(), "x.nam", true);
    REQUIRE(decoder.ok());
    CHECK(decoder.value().analysis_affines.empty());
}

TEST_CASE("Those that do not fit their networks are refused", "[affine]") {
    const auto broken = [](auto change) {
        Model m = model_with_affines();
        change(m.analysis_affines);
        const Status s = validate(m);
        CHECK(s.code() == ErrorCode::corrupt);
        CHECK(s.message().find("aCND: analysis: node") != std::string::npos);
    };
    broken([](QualityAffines& a) { a[0].node = 0; });  // the input
    broken([](QualityAffines& a) { a[0].node = 1000; });
    broken([](QualityAffines& a) { a[0].node = -1; });
    broken([](QualityAffines& a) { a.push_back(a[0]); });
    broken([](QualityAffines& a) { a[0].scale.pop_back(); });
    broken([](QualityAffines& a) { a[0].shift.push_back(0); });
    broken([](QualityAffines& a) { a[0].scale[1] = std::numeric_limits<float>::infinity(); });
    broken([](QualityAffines& a) { a[0].shift[1] = std::numeric_limits<float>::quiet_NaN(); });

    // And bytes that end early or go on.
    const Model m = model_with_affines();
    const std::vector<uint8_t> bytes =
        serialise_quality_affines(m.analysis_affines, m.hyper_analysis_affines);
    const auto parse = [&](const std::vector<uint8_t>& b) {
        QualityAffines first, second;
        return parse_quality_affines(ByteSpan(b.data(), b.size()), m.analysis, m.hyper_analysis,
                                     m.gains.latent.anchors, &first, &second);
    };
    CHECK(parse(bytes).ok());
    for (size_t size = 0; size < bytes.size(); ++size)
        CHECK_FALSE(parse({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)}).ok());
    std::vector<uint8_t> longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(parse(longer).ok());
    std::vector<uint8_t> elsewhere = bytes;
    elsewhere[2] = elsewhere[3] = 0xFF;  // no such node
    CHECK_FALSE(parse(elsewhere).ok());
}

TEST_CASE("The analysis of one quality after that of another is that of a process that knew no other",
          "[affine]") {
    const Model m = model_with_affines();
    AnalysisEnginesCache cache;
    std::vector<std::vector<float>> fresh, kept;
    for (const int quality : {kMinQualityCenti, 5000, 5000, kMaxQualityCenti, kMinQualityCenti}) {
        auto first = make_native_analysis(m, quality, 1);
        auto second = make_native_analysis(m, quality, 1, &cache);
        REQUIRE(first.ok());
        REQUIRE(second.ok());
        fresh.push_back(analysed(*first.value(), m.latent_channels));
        kept.push_back(analysed(*second.value(), m.latent_channels));
    }
    CHECK(fresh == kept);
    CHECK(fresh[0] == fresh[4]);
    CHECK(fresh[0] != fresh[1]);
    CHECK(fresh[1] != fresh[3]);
}
