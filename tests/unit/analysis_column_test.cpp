// The analysis from top to bottom, against all of it at once.
#include "codec/analysis_column.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "codec/model.h"
#include "codec/native_analysis.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

// Two scales, residual blocks at both, and a linear path around them.
FloatGraph analysis_graph(Random& rng) {
    FloatGraphBuilder b(3);
    const int eighth = b.space_to_depth(b.input(), 8), all = b.space_to_depth(eighth, 2);
    const int linear = b.conv(all, float_conv(rng, 768, 20, 1, 1));
    int x = b.conv(eighth, float_conv(rng, 192, 16, 1, 1));
    for (int i = 0; i < 3; ++i)
        x = b.add(x, b.conv(b.relu(b.conv(x, float_conv(rng, 16, 16, 3, 1))), float_conv(rng, 16, 16, 3, 1)));
    x = b.conv(b.space_to_depth(x, 2), float_conv(rng, 64, 16, 1, 1));
    for (int i = 0; i < 2; ++i)
        x = b.add(x, b.conv(b.relu(b.conv(x, float_conv(rng, 16, 16, 3, 1))), float_conv(rng, 16, 16, 3, 1)));
    b.add(b.conv(x, float_conv(rng, 16, 20, 1, 1)), linear);
    return b.take();
}

}  // namespace

TEST_CASE("Columns of the analysis are what all of it is, wherever strips and waves end",
          "[analysis_column]") {
    Random rng(40);
    AnalysisLap lap(kLapWeights);
    for (float& m : lap) m = static_cast<float>(pick(rng, -100, 100)) / 1000;
    const FloatGraph graph = analysis_graph(rng);
    for (int round = 0; round < 16; ++round) {
        const int64_t h = pick(rng, 1, 60), w = pick(rng, 1, 9);  // latent positions
        const Rect cells{pick(rng, 0, 1), 0, w, h};
        const bool laps = round % 4 != 0;
        const int64_t height = h * kLatentStride, width = w * kLatentStride;
        const auto engines = std::make_shared<AnalysisEngines>();
        engines->analysis = FloatEngine::create(graph).value();
        engines->analysis.set_wave_bytes(round % 2 == 0 ? int64_t{1} << 30 : pick(rng, 0, 40000));
        ThreadPool pool(2);

        AlignedFloats pixels(static_cast<size_t>(3 * height * width));
        for (float& v : pixels) v = static_cast<float>(pick(rng, -128, 127)) / 128;
        int64_t asked_for = 0;  // each row once
        const auto fill = [&](const Rect& rect, float* out) {
            REQUIRE(rect.y == asked_for);
            asked_for = rect.bottom();
            REQUIRE((rect.x == cells.x * kLatentStride && rect.w == width && rect.bottom() <= height));
            std::copy_n(pixels.begin() + 3 * rect.y * width, 3 * rect.h * width, out);
        };
        AlignedFloats lapped = pixels;
        if (laps) lap_floats(lap, false, lapped.data(), height, width, nullptr);
        const auto whole =
            engines->analysis.run(lapped.data(), static_cast<int>(height), static_cast<int>(width), pool);
        REQUIRE(whole.ok());
        const FloatTensor& expected = whole.value();
        const int c = expected.c, left = pick(rng, 0, static_cast<int>(w) - 1),
                  right = pick(rng, left + 1, static_cast<int>(w));
        INFO(w << "x" << h << " positions, " << (laps ? "lapped" : "plain"));

        const AnalysisLap none;
        AnalysisColumn column(native_stream(engines, pool, height, width), cells, left, right, c,
                              laps ? lap : none, pool);
        CHECK(column.width() == right - left);
        const ptrdiff_t row = column.width() * c;
        std::vector<float> got(static_cast<size_t>(h * row));
        for (int64_t bottom = 0; bottom < h;) {
            bottom = std::min<int64_t>(h, bottom + pick(rng, 1, 20));
            CHECK(column.pixels_end(bottom) <= height);
            for (int calls = 0; column.done() < bottom; ++calls) {
                REQUIRE(calls < 1000);
                REQUIRE(column.advance(bottom, fill, got.data() + column.done() * row, row).ok());
            }
            CHECK(column.done() == bottom);
        }
        float size = 0, off = 0;
        for (int64_t y = 0; y < h; ++y)
            for (int64_t i = 0; i < row; ++i) {
                const float value = expected.data[static_cast<size_t>((y * w + left) * c + i)];
                size = std::max(size, std::fabs(value));
                off = std::max(off, std::fabs(value - got[static_cast<size_t>(y * row + i)]));
            }
        CHECK(off == 0);
        CHECK(size > 0);
    }
}
