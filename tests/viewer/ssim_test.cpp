#include "viewer/core/ssim.h"

#include <catch2/catch.hpp>

#include "tests/viewer/pattern_pictures.h"

TEST_CASE("SSIM of a picture with itself is 1", "[ssim]") {
    const nae::Picture picture = nae::pattern_picture(20, 17, 3);
    CHECK(nae::ssim(picture, picture).value() == Approx(1.0).epsilon(1e-12));
}

// The expected figures are scikit-image 0.19's structural_similarity with gaussian_weights=True, sigma=1.5,
// use_sample_covariance=False, data_range=255 on the same pictures.
TEST_CASE("SSIM agrees with scikit-image to 1e-9", "[ssim]") {
    const nae::Picture a = nae::pattern_picture(37, 29, 3);
    const nae::Picture b = nae::disturbed(a);
    const auto margin = [](double value) { return Approx(value).margin(1e-9); };
    CHECK(nae::ssim_map(a, b, 0).value().mean == margin(0.9773913623877853));
    CHECK(nae::ssim_map(a, b, 1).value().mean == margin(0.9770999774170787));
    CHECK(nae::ssim_map(a, b, 2).value().mean == margin(0.9772983289687766));
    CHECK(nae::ssim(a, b).value() == margin(0.9772632229245469));
}

TEST_CASE("SSIM's map has a value for each window inside the picture, in place", "[ssim]") {
    const nae::Picture a = nae::pattern_picture(37, 29, 3);
    const nae::SsimMap map = nae::ssim_map(a, nae::disturbed(a), 0).value();
    REQUIRE(map.width == 27);
    REQUIRE(map.height == 19);
    REQUIRE(map.values.size() == 27u * 19u);
    CHECK(map.values[0] == Approx(0.9660832207813713).margin(1e-9));            // centred on (5, 5)
    CHECK(map.values[5 * 27 + 15] == Approx(0.9952118591796092).margin(1e-9));  // centred on (20, 10)
}

TEST_CASE("SSIM falls where structure is lost, not where all is brighter", "[ssim]") {
    const nae::Picture a = nae::wave_picture(64, 64, 1);
    nae::Picture brighter = a;
    nae::Picture flat = a;
    for (uint8_t& sample : brighter.samples) sample = static_cast<uint8_t>(sample + 5);
    for (uint8_t& sample : flat.samples) sample = 128;
    CHECK(nae::ssim(a, brighter).value() > 0.95);
    CHECK(nae::ssim(a, flat).value() < 0.5);
}

TEST_CASE("SSIM refuses what has no window or another shape", "[ssim]") {
    CHECK_FALSE(nae::ssim(nae::Picture(10, 40, 1), nae::Picture(10, 40, 1)).ok());
    CHECK(nae::ssim(nae::Picture(11, 11, 1), nae::Picture(11, 11, 1)).ok());
    CHECK_FALSE(nae::ssim(nae::Picture(20, 20, 1), nae::Picture(20, 21, 1)).ok());
}
