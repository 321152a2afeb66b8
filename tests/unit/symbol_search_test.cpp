// The search for symbols by gradient: it lowers what it says it lowers, and the same task gives the same symbols.
#include "codec/symbol_search.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "codec/float_shadow.h"
#include "codec/latent_quantiser.h"
#include "small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

// BlockMeans with gradients.
std::unique_ptr<AnalysisBackend> searching(const Model& model, int threads) {
    return with_symbol_search(std::make_unique<BlockMeans>(), float_shadow(model.synthesis),
                              1.0F / static_cast<float>(1 << model.output_frac_bits), true, threads);
}

}  // namespace

TEST_CASE("the shadow of an integer network computes the same but for roundings", "[symbol_search]") {
    const Graph graph = small_model().synthesis;
    auto packed = PackedGraph::create(graph);
    REQUIRE(packed.ok());
    constexpr int kSide = 6, kPixels = 16 * kSide;
    const int c = packed.value().input_channels();
    Tensor16 in(kSide, kSide, c), out;
    std::mt19937 random(3);
    std::vector<float> real;
    for (int16_t& v : in.data) {
        v = static_cast<int16_t>(static_cast<int>(random() % 1001) - 500);
        real.push_back(v);
    }
    REQUIRE(Engine::run(packed.value(), Extents{kSide, kSide}, in, Rect{0, 0, kSide, kSide},
                        Rect{0, 0, kPixels, kPixels}, out)
                .ok());
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;
    auto engine = FloatEngine::create(float_shadow(graph), FloatPrecision::float32, limits);
    REQUIRE(engine.ok());
    ThreadPool pool(1);
    const auto found = engine.value().run(real.data(), kSide, kSide, pool);
    REQUIRE(found.ok());
    REQUIRE(found.value().data.size() == out.data.size());
    float largest = 0;
    for (size_t i = 0; i < out.data.size(); ++i)
        largest = std::max(largest, std::fabs(found.value().data[i] - static_cast<float>(out.data[i])));
    CHECK(largest < 3);
}

TEST_CASE("higher efforts lower bits + weight * squared error", "[symbol_search]") {
    const bool trellis = GENERATE(false, true);
    Model model = small_model();
    if (trellis)
        model.latent_tables_q1 = make_logistic_tables(model.latent_tables.bias, model.latent_tables.count());
    const auto ready = prepare_model(model, "small.nam");
    REQUIRE(ready.ok());
    const Picture picture = make_picture(150, 100, 3);
    for (const double quality : {50.0, 70.0, 90.0}) {
        double last = 0;
        for (const int effort : {4, 5, 9}) {
            const auto analysis = searching(model, 2);
            EncoderOptions options = small_options(ready.value(), *analysis);
            options.quality = quality;
            options.effort = effort;
            EncodeStatistics statistics;
            const auto bytes = encode_bytes(options, picture, &statistics);
            const double noise = std::pow(10.0, -psnr(picture, decode_all(*open_bytes(bytes))) / 10);
            const double squares = 255.0 * 255.0 * noise * static_cast<double>(picture.pixels.size());
            const double cost = 8.0 * static_cast<double>(statistics.latent_bytes) +
                                distortion_weight_at(static_cast<int>(100 * quality)) / 3 * squares;
            INFO("quality " << quality << ", effort " << effort << ": " << cost << " after " << last);
            if (effort == 5) CHECK(cost < 0.999 * last);
            if (effort == 9) CHECK(cost <= last);
            last = cost;
        }
    }
}

TEST_CASE("the same search gives the same file, however many threads there are", "[symbol_search]") {
    const Model model = small_model();
    const Picture picture = make_picture(300, 280, 3);
    std::vector<uint8_t> first;
    for (const int threads : {1, 1, 3}) {
        const auto analysis = searching(model, threads);
        EncoderOptions options = small_options(small_ready_model(), *analysis);
        options.effort = 7;
        const auto bytes = encode_bytes(options, picture);
        if (!first.empty()) CHECK((bytes == first));
        first = bytes;
    }
}

TEST_CASE("a search of nothing, or through a network that it cannot follow, says so", "[symbol_search]") {
    ThreadPool pool(1);
    auto search = SymbolSearch::create(float_shadow(small_model().synthesis), 1.0F / 16, true);
    REQUIRE(search.ok());
    const int16_t symbol = 0;
    float target = 0, weight = 0;
    CHECK(search.value().run(Refinement(), &symbol, &target, &weight, pool).code() ==
          ErrorCode::invalid_argument);
    FloatGraphBuilder bent(kSmallLatents);
    bent.leaky_relu(bent.input(), 0.5F);
    CHECK(SymbolSearch::create(bent.take(), 1, true).status().code() == ErrorCode::unsupported);
}
