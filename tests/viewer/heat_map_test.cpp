#include "viewer/core/heat_map.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/delta_e.h"
#include "viewer/core/heat_tiles.h"
#include "viewer/core/ms_ssim.h"
#include "viewer/core/ssim.h"
#include "viewer/core/worst_regions.h"

using nae::HeatKind;

namespace {

nae::Picture with_bright_square(nae::Picture picture, int x0, int y0, int side, int more) {
    for (int y = y0; y < y0 + side; ++y)
        for (int x = x0; x < x0 + side; ++x)
            for (int c = 0; c < picture.bands; ++c)
                picture.pixel(x, y)[c] = static_cast<uint8_t>(picture.pixel(x, y)[c] + more);
    return picture;
}

float value_at(const nae::ErrorMap& map, int x, int y) {
    return map.values[static_cast<size_t>(y) * static_cast<size_t>(map.width) + static_cast<size_t>(x)];
}

}  // namespace

// References: scikit-image 0.19, deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).
TEST_CASE("Colour difference agrees with scikit-image", "[heat]") {
    const auto difference = [](int r, int g, int b, int r2, int g2, int b2) {
        const auto lab = [](int x, int y, int z) {
            return nae::lab_of_srgb(static_cast<uint8_t>(x), static_cast<uint8_t>(y),
                                    static_cast<uint8_t>(z));
        };
        return nae::ciede2000(lab(r, g, b), lab(r2, g2, b2));
    };
    CHECK(difference(10, 20, 30, 12, 18, 33) == Approx(4.158635760808433).margin(1e-4));
    CHECK(difference(255, 0, 0, 250, 10, 5) == Approx(0.9389713534171911).margin(1e-4));
    CHECK(difference(200, 200, 200, 190, 195, 205) == Approx(5.152666325497169).margin(1e-4));
    CHECK(difference(0, 0, 255, 255, 255, 0) == Approx(103.42788086177723).margin(1e-4));
    CHECK(difference(1, 2, 3, 3, 2, 1) == Approx(1.0015357494664103).margin(1e-4));
    CHECK(difference(128, 64, 32, 128, 64, 32) == 0);
}

// Two of the published pairs (Sharma, Wu, Dalal 2005, table 1: numbers 1 and 17).
TEST_CASE("CIEDE2000 gives its authors' test values", "[heat]") {
    CHECK(nae::ciede2000({50, 2.6772, -79.7751}, {50, 0, -82.7485}) == Approx(2.0425).margin(5e-5));
    CHECK(nae::ciede2000({50, 2.5, 0}, {73, 25, -18}) == Approx(27.1492).margin(5e-5));
}

// Reference: the paper's formula on NumPy arrays, with SciPy's correlate1d for the window.
TEST_CASE("MS-SSIM agrees with an independent implementation", "[heat]") {
    const nae::Picture a = nae::wave_picture(181, 190, 3);
    CHECK(nae::ms_ssim(a, nae::disturbed(a)).value() == Approx(0.9875646392114082).margin(1e-6));
    CHECK(nae::ms_ssim(a, a).value() == Approx(1.0).margin(1e-12));
    CHECK_FALSE(nae::ms_ssim(nae::Picture(175, 200, 1), nae::Picture(175, 200, 1)).ok());
}

TEST_CASE("Pixelwise heatmaps have their arithmetic", "[heat]") {
    nae::Picture a(3, 2, 3);
    nae::Picture b = a;
    b.pixel(1, 0)[0] = 6;
    b.pixel(1, 0)[1] = 3;
    b.pixel(2, 1)[2] = 12;
    a.pixel(2, 1)[1] = 9;
    const auto at = [&](HeatKind kind, int x, int y) {
        return value_at(nae::heat_map(kind, a, b).value(), x, y);
    };
    CHECK(at(HeatKind::absolute, 1, 0) == 3);
    CHECK(at(HeatKind::absolute, 2, 1) == 7);
    CHECK(at(HeatKind::signed_, 2, 1) == 1);
    CHECK(at(HeatKind::squared, 1, 0) == 15);
    CHECK(at(HeatKind::delta_e, 0, 0) == 0);
    CHECK(at(HeatKind::delta_e, 1, 0) > 0);
}

TEST_CASE("The SSIM heatmap's mean is what SSIM leaves of 1, away from the border", "[heat]") {
    const nae::Picture a = nae::wave_picture(64, 48, 3);
    const nae::Picture b = nae::disturbed(a);
    const nae::ErrorMap heat = nae::heat_map(HeatKind::ssim, a, b).value();
    REQUIRE(heat.width == 64);
    double sum = 0;
    for (int y = 5; y < 43; ++y)
        for (int x = 5; x < 59; ++x) sum += static_cast<double>(value_at(heat, x, y));
    // scikit-image: 0.7937341288296085
    CHECK(1 - sum / (54 * 38) == Approx(0.7937341288296085).margin(1e-6));
    CHECK(value_at(heat, 0, 0) == value_at(heat, 5, 5));
}

TEST_CASE("The MS-SSIM heatmap has SSIM's factors of every scale at their place", "[heat]") {
    // Where a factor is the same everywhere, the map is what the paper's product of means is.
    nae::Picture flat(176, 192, 3);
    nae::Picture brighter = flat;
    for (uint8_t& sample : flat.samples) sample = 100;
    for (uint8_t& sample : brighter.samples) sample = 140;
    const double expected = 1 - nae::ms_ssim(flat, brighter).value();
    const nae::ErrorMap even = nae::heat_map(HeatKind::ms_ssim, flat, brighter).value();
    REQUIRE(even.width == 176);
    REQUIRE(even.height == 192);
    CHECK(expected > 0.005);
    for (const float value : even.values)
        REQUIRE(static_cast<double>(value) == Approx(expected).margin(1e-5));

    // Damage shows where it is, beyond SSIM's own window, and nowhere far away.
    const nae::Picture a = nae::wave_picture(400, 300, 1);
    const nae::ErrorMap heat =
        nae::heat_map(HeatKind::ms_ssim, a, with_bright_square(a, 250, 150, 24, 60)).value();
    CHECK(value_at(heat, 262, 162) > 0.05);
    CHECK(value_at(heat, 262, 185) > 0.001);
    CHECK(value_at(heat, 60, 60) == Approx(0).margin(1e-5));
    const nae::ErrorMap none = nae::heat_map(HeatKind::ms_ssim, a, a).value();
    for (const float value : none.values) REQUIRE(static_cast<double>(value) == Approx(0).margin(1e-5));
    CHECK_FALSE(nae::heat_map(HeatKind::ms_ssim, nae::Picture(175, 200, 1), nae::Picture(175, 200, 1)).ok());
}

TEST_CASE("Heatmaps can be cancelled and refuse other shapes", "[heat]") {
    const nae::Picture large = nae::wave_picture(176, 176, 1);
    CHECK_FALSE(nae::heat_map(HeatKind::ms_ssim, large, large, [](double) { return false; }).ok());
    const nae::Picture a = nae::wave_picture(32, 200, 1);
    CHECK_FALSE(nae::heat_map(HeatKind::absolute, a, nae::wave_picture(32, 199, 1)).ok());
    const auto stopped = nae::heat_map(HeatKind::absolute, a, a, [](double) { return false; });
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.status().code() == nae::ErrorCode::cancelled);
}

TEST_CASE("The automatic range covers both maps, and is symmetric for signed ones", "[heat]") {
    nae::ErrorMap small{10, 10, std::vector<float>(100, 3.0f)};
    nae::ErrorMap large{10, 10, std::vector<float>(100, -41.0f)};
    CHECK(nae::automatic_range(HeatKind::absolute, {&small}).high == 3);
    const nae::HeatRange range = nae::automatic_range(HeatKind::signed_, {&small, &large});
    CHECK(range.low == -60);
    CHECK(range.high == 60);
}

TEST_CASE("Worst regions are found where the damage is, worst first, apart from each other", "[heat]") {
    const nae::Picture a = nae::wave_picture(300, 200, 1);
    nae::Picture b = with_bright_square(a, 40, 120, 16, 8);
    b = with_bright_square(b, 220, 30, 16, 12);
    const auto worst = nae::worst_regions(nae::heat_map(HeatKind::absolute, a, b).value(), 32, 5);
    REQUIRE(worst.size() >= 2);
    CHECK(worst[0].region.contains(228, 38));
    CHECK(worst[1].region.contains(48, 128));
    CHECK(worst[0].mean > worst[1].mean);
    for (size_t i = 1; i < worst.size(); ++i)
        CHECK(nae::intersection(worst[0].region, worst[i].region).empty());
    CHECK(nae::worst_regions(nae::heat_map(HeatKind::absolute, a, a).value(), 32, 5).empty());
}

TEST_CASE("Heat tiles take the palette's ends at the range's ends", "[heat]") {
    auto map = std::make_shared<nae::ErrorMap>();
    map->width = 4;
    map->height = 1;
    map->values = {0, 5, 10, 99};
    const auto palette = nae::heat_palette(HeatKind::absolute, nae::ColourMap::grey);
    const auto tiles = nae::tiles_of_heat_map(map, palette, {0, 10}, 0, 0, 4, 1);
    const std::atomic<bool> go{false};
    const nae::Tile tile = tiles->read({0, 0, 0}, go).value();
    CHECK(int{tile.rgba[0]} == 0);
    CHECK(int{tile.rgba[4]} == Approx(128).margin(1));
    CHECK(int{tile.rgba[8]} == 255);
    CHECK(int{tile.rgba[12]} == 255);
}
