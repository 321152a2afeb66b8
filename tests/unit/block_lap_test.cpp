// Overlap of blocks: its file form, its kernels, what the encoder does about it, and that windows are crops of the whole.
#include "codec/block_lap.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "codec/engine_kernels.h"
#include "codec/float_shadow.h"
#include "codec/lapper.h"
#include "codec/symbol_search.h"
#include "format/little_endian.h"
#include "tests/unit/random_lap.h"
#include "tests/unit/random_restoration.h"
#include "tests/unit/small_codec.h"
#include "tests/unit/windows.h"

using namespace nae;
using namespace nae::test;

namespace {

using Random = std::mt19937;

int pick(Random& rng, int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); }

// About a lapped transform's: borders are smoothed, the encoder sharpens them.
Model lapped_model() {
    Model m = small_model();
    for (int i = 0; i < kLapReach; ++i)
        for (int j = 0; j < kLapReach; ++j)
            m.lap.weights.push_back(static_cast<int16_t>(i == j ? -12000 + 1400 * i : 0));
    for (const float v : real_lap(m.lap)) m.analysis_lap.push_back(v == 0 ? 0 : 1 / (1 + v) - 1);
    return m;
}

// Looks as far as its halo allows: at the row 16 above a cell's first and at that 16 below its last one.
class FarSight : public BlockMeans {
  public:
    int halo_px() const override { return 16; }
    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        NAE_RETURN_IF_ERROR(BlockMeans::run(graph, in, h, w, c, out, out_h, out_w, out_c));
        if (graph != AnalysisGraph::analysis) return Status();
        const auto seen = [&](int y, int x, int k) {
            return y < 0 || y >= h ? 0.0F : in[(y * w + 16 * x) * c + k % c] * 300;
        };
        for (int y = 0; y < out_h; ++y)
            for (int x = 0; x < out_w; ++x)
                for (int k = 0; k < out_c; ++k)
                    out[(y * out_w + x) * out_c + k] += seen(16 * y - 16, x, k) + seen(16 * y + 31, x, k);
        return Status();
    }
};

}  // namespace

TEST_CASE("lap: all levels compute the same", "[lap][engine]") {
    Random rng(1);
    for (int i = 0; i < 60; ++i) {
        const BlockLap lap = random_lap(rng);
        REQUIRE(validate(lap).message() == "");
        LapTask t;
        t.lap = &lap;
        t.h = pick(rng, 0, 2) == 0 ? 8 : 16;
        t.first_border = pick(rng, 0, 1) == 0 ? 8 : 16;
        t.w = 8 * pick(rng, 1, 12) + pick(rng, 0, 3) * (i % 2);
        t.row = 3 * static_cast<ptrdiff_t>(t.w);
        const int most = pick(rng, 0, 3) == 0 ? 32767 : 4000;
        std::vector<int16_t> pixels(static_cast<size_t>(t.row * t.h));
        for (int16_t& v : pixels) v = static_cast<int16_t>(pick(rng, -most, most));
        std::vector<int16_t> expected = pixels;
        t.pixels = expected.data();
        scalar_kernels().lap(t);
        for (const EngineLevel level : {EngineLevel::ssse3, EngineLevel::sse4, EngineLevel::avx2,
                                        EngineLevel::avx3, EngineLevel::avx3_dl, EngineLevel::other}) {
            const Kernels* const kernels = simd_kernels(level);
            if (kernels == nullptr) continue;
            std::vector<int16_t> found = pixels;
            t.pixels = found.data();
            kernels->lap(t);
            CAPTURE(static_cast<int>(level), t.h, t.w, t.first_border);
            CHECK((found == expected));
        }
    }
}

TEST_CASE("lap: the worked example of FORMAT.md", "[lap][format]") {
    BlockLap lap;
    lap.weights.assign(kLapWeights, 0);
    lap.weights[0] = -16384;
    lap.weights[kLapReach] = 8192;
    Tensor16 pixels(16, 32, 3), out;
    for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 32; ++x)
            for (int c = 0; c < 3; ++c) pixels.at(y, x, c) = x < 16 ? 100 : 0;
    const Lapper lapper(lap, scalar_kernels());
    const Rect all{0, 0, 32, 16};
    REQUIRE(lapper.run(CellRows(pixels, all, 1), all, Extents{16, 32}, out, nullptr).ok());
    const std::vector<int> row = {100, 113, 75, 25, -13, 0};
    for (int i = 0; i < 6; ++i) CHECK(out.at(5, 13 + i, 1) == row[static_cast<size_t>(i)]);
}

TEST_CASE("lap: a window is extended to whole groups, and what cuts one is refused", "[lap]") {
    const Extents raster{48, 64};
    CHECK(Lapper::required(Rect{0, 0, 1, 1}, raster) == Rect{0, 0, 8, 8});
    CHECK(Lapper::required(Rect{8, 7, 1, 2}, raster) == Rect{8, 0, 16, 24});
    CHECK(Lapper::required(Rect{55, 39, 2, 2}, raster) == Rect{40, 24, 24, 24});
    CHECK(Lapper::required(Rect{60, 47, 4, 1}, raster) == Rect{56, 40, 8, 8});
    CHECK(Lapper::required(Rect{0, 0, 64, 48}, raster) == Rect{0, 0, 64, 48});
    CHECK(Lapper::required(Rect{}, raster).empty());
    Random rng(2);
    const BlockLap lap = random_lap(rng);
    const Tensor16 pixels(24, 24, 3);
    Tensor16 out;
    const Rect cut{8, 8, 15, 16};
    CHECK_FALSE(Lapper(lap, scalar_kernels()).run(CellRows(pixels, cut, 1), cut, raster, out, nullptr).ok());
}

TEST_CASE("lap: real arithmetic agrees with integers, and its transpose is that", "[lap]") {
    Random rng(3);
    const BlockLap lap = random_lap(rng);
    const AnalysisLap real = real_lap(lap);
    constexpr int kH = 48, kW = 80;
    Tensor16 pixels(kH, kW, 3), out;
    std::vector<float> floats, other;
    for (int16_t& v : pixels.data) {
        v = static_cast<int16_t>(pick(rng, -2000, 2000));
        floats.push_back(v);
        other.push_back(static_cast<float>(pick(rng, -100, 100)));
    }
    const std::vector<float> before = floats, weights = other;
    const Rect all{0, 0, kW, kH};
    REQUIRE(
        Lapper(lap, scalar_kernels()).run(CellRows(pixels, all, 1), all, Extents{kH, kW}, out, nullptr).ok());
    ThreadPool pool(2);
    lap_floats(real, false, floats.data(), kH, kW, &pool);
    float largest = 0;
    for (size_t i = 0; i < floats.size(); ++i)
        largest = std::max(largest, std::abs(floats[i] - static_cast<float>(out.data[i])));
    CHECK(largest < 3);  // two roundings, the first of which the second multiplies
    // <L x, w> = <x, L' w>
    lap_floats(real, true, other.data(), kH, kW, nullptr);
    double left = 0, right = 0, size = 0;
    for (size_t i = 0; i < floats.size(); ++i) {
        left += static_cast<double>(floats[i]) * static_cast<double>(weights[i]);
        right += static_cast<double>(before[i]) * static_cast<double>(other[i]);
        size += std::abs(static_cast<double>(before[i]) * static_cast<double>(other[i]));
    }
    CHECK(std::abs(left - right) < 1e-5 * size);
}

TEST_CASE("lap: it survives its file, and what is broken is refused", "[lap][model]") {
    Model m = lapped_model();
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const auto back = parse_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(back.status().message() == "");
    CHECK(serialise_model(back.value()).value() == bytes);
    CHECK(back.value().analysis_lap == m.analysis_lap);
    const ModelId id = model_id(m).value();
    CHECK(decoder_macs_per_pixel(m) == decoder_macs_per_pixel(small_model()) + 24);
    m.analysis_lap[3] += 1;  // the encoder's affair
    CHECK(model_id(m).value() == id);
    m.lap.weights[5] ^= 1;
    CHECK(model_id(m).value() != id);

    const auto message = [](const Model& broken) { return validate(broken).message(); };
    m.lap.weights.assign(kLapWeights, 8200);
    CHECK(message(m).find("LAPP: row 0") != std::string::npos);
    m.lap.weights.pop_back();
    CHECK(message(m).find("LAPP: 63 weights") != std::string::npos);
    m = lapped_model();
    m.analysis_lap.clear();
    CHECK(message(m).empty());  // nothing to encode with
    m.analysis = FloatGraphBuilder(3).take();
    m.hyper_analysis = FloatGraphBuilder(kSmallLatents).take();
    CHECK(message(m).find("aLAP: missing") != std::string::npos);
    m = lapped_model();
    m.lap = BlockLap();
    CHECK(message(m).find("aLAP: blocks do not") != std::string::npos);
    m = lapped_model();
    m.analysis_lap[7] = std::nanf("");
    CHECK(message(m).find("aLAP: a number") != std::string::npos);
    for (const size_t n : {size_t{0}, size_t{127}, size_t{129}}) {
        const std::vector<uint8_t> wrong(n, 0);
        CHECK_FALSE(parse_lap(ByteSpan(wrong)).ok());
        CHECK_FALSE(parse_analysis_lap(ByteSpan(wrong)).ok());
    }
}

TEST_CASE("lap: every window equals the crop of the whole", "[lap][decoder]") {
    Random rng(5);
    for (const bool filtered : {false, true}) {
        Model model = lapped_model();
        if (filtered) model.restoration = random_restoration(rng, 3, 4);
        const auto ready = prepare_model(std::move(model), "lapped.nam");
        REQUIRE(ready.status().message() == "");
        for (const auto& [width, height] :
             {std::pair(1u, 1u), std::pair(7u, 130u), std::pair(203u, 149u), std::pair(32u, 16u)}) {
            const Picture picture = make_picture(width, height, 3);
            BlockMeans analysis;
            const std::vector<uint8_t> bytes = encode_bytes(small_options(ready.value(), analysis), picture);
            const std::vector<uint8_t> whole = decode_all(*open_bytes(bytes));
            DecoderOptions options;
            options.threads = 2;
            const auto decoder = open_bytes(bytes, options);
            check_random_windows(*decoder, whole, rng, 40);
        }
    }
}

TEST_CASE("lap: where strips of the encoder end makes no difference", "[lap][encoder]") {
    // A picture that repeats every 64 rows, a tile. A strip ends at row 1024, at row 512 none does.
    const Picture period = make_picture(40, 64, 3);
    Picture picture{40, 64 * 22, 3, {}};
    for (int i = 0; i < 22; ++i)
        picture.pixels.insert(picture.pixels.end(), period.pixels.begin(), period.pixels.end());
    const auto ready = prepare_model(lapped_model(), "lapped.nam");
    FarSight analysis;
    const auto decoder = open_bytes(encode_bytes(small_options(ready.value(), analysis), picture));
    const std::vector<uint8_t> around = window_of(*decoder, 0, 1024 - 100, 40, 200);
    CHECK((around == window_of(*decoder, 0, 512 - 100, 40, 200)));
    CHECK((around != window_of(*decoder, 0, 512 - 36 + 7, 40, 200)));  // not one flat value
}

TEST_CASE("lap: the encoder undoes it before the analysis", "[lap][encoder]") {
    // Without overlap in the encoder smoothing is all there is; with it borders come out as they were.
    const Picture picture = make_picture(300, 200, 3);
    const auto error = [&](const Model& model) {
        const auto ready = prepare_model(model, "lapped.nam");
        BlockMeans analysis;
        EncoderOptions options = small_options(ready.value(), analysis);
        options.quality = 95;
        const std::vector<uint8_t> back = decode_all(*open_bytes(encode_bytes(options, picture)));
        double sum = 0;
        for (size_t i = 0; i < back.size(); ++i)
            sum += std::pow(double(back[i]) - double(picture.pixels[i]), 2);
        return sum;
    };
    Model without = lapped_model();
    without.analysis_lap.assign(kLapWeights, 0.0F);
    CHECK(error(lapped_model()) < 0.98 * error(without));
}

TEST_CASE("lap: higher efforts lower bits + weight * squared error", "[lap][symbol_search]") {
    Random rng(8);
    for (const bool filtered : {false, true}) {
        Model model = lapped_model();
        if (filtered) {
            model.restoration = random_restoration(rng, 1, 2);
            for (RestorationTaps& taps : model.restoration.sets[0].taps)
                for (RestorationTap& tap : taps) tap = {6, 12};
        }
        const auto ready = prepare_model(model, "lapped.nam");
        const Picture picture = make_picture(150, 100, 3);
        double last = 0;
        for (const int effort : {4, 5, 9}) {
            const auto analysis =
                with_symbol_search(std::make_unique<BlockMeans>(), float_shadow(model.synthesis),
                                   1.0F / static_cast<float>(1 << model.output_frac_bits), false, 1);
            EncoderOptions options = small_options(ready.value(), *analysis);
            options.effort = effort;
            options.quality = 80;
            const std::vector<uint8_t> file = encode_bytes(options, picture);
            const std::vector<uint8_t> back = decode_all(*open_bytes(file));
            double error = 0;
            for (size_t i = 0; i < back.size(); ++i)
                error += std::pow(double(back[i]) - double(picture.pixels[i]), 2);
            const double cost = double(file.size()) * 8 + distortion_weight_at(8000) / 3 * error;
            if (last > 0) CHECK(cost < last);
            last = cost;
        }
    }
}
