#include "viewer/core/jpeg_codec.h"

#include <catch2/catch.hpp>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/psnr.h"
#include "viewer/core/ssim.h"

using nae::ChromaSampling;

TEST_CASE("JPEG there and back stays close, in gray and in colour", "[jpeg]") {
    for (const int bands : {1, 3}) {
        const nae::Picture picture = nae::wave_picture(75, 41, bands);
        const auto bytes = nae::encode_jpeg(picture, 95, ChromaSampling::full);
        REQUIRE(bytes.ok());
        const auto back = nae::decode_jpeg(bytes.value());
        REQUIRE(back.ok());
        REQUIRE(back.value().same_shape(picture));
        CHECK(nae::psnr(picture, back.value()).value() > 40);
    }
}

TEST_CASE("JPEG's size and PSNR grow with quality", "[jpeg]") {
    const nae::Picture picture = nae::disturbed(nae::wave_picture(160, 120, 3));
    size_t last_size = 0;
    double last_psnr = 0;
    for (const int quality : {5, 20, 50, 80, 95}) {
        const auto bytes = nae::encode_jpeg(picture, quality, ChromaSampling::full).value();
        const double quality_db = nae::psnr(picture, nae::decode_jpeg(bytes).value()).value();
        CHECK(bytes.size() > last_size);
        CHECK(quality_db > last_psnr);
        last_size = bytes.size();
        last_psnr = quality_db;
    }
}

TEST_CASE("Matching by size lands within 2 %", "[jpeg]") {
    for (const int bands : {1, 3}) {
        const nae::Picture picture = nae::disturbed(nae::wave_picture(192, 160, bands));
        for (const ChromaSampling chroma : {ChromaSampling::quarter, ChromaSampling::full})
            for (const double near : {20.0, 60.0, 90.0}) {
                // A size that no whole quality has.
                const uint64_t target = nae::encode_jpeg(picture, near, chroma).value().size() * 103 / 100;
                const nae::JpegMatch match = nae::encode_jpeg_of_size(picture, target, chroma).value();
                CHECK(static_cast<double>(match.bytes.size()) == Approx(target).epsilon(0.02));
                CHECK(match.bytes == nae::encode_jpeg(picture, match.quality, chroma).value());
            }
    }
}

TEST_CASE("Matching by SSIM lands within 2 % of what is lost", "[jpeg]") {
    const nae::Picture picture = nae::disturbed(nae::wave_picture(192, 160, 3));
    for (const double target : {0.80, 0.90, 0.95}) {
        const nae::JpegMatch match = nae::encode_jpeg_of_ssim(picture, target, ChromaSampling::full).value();
        const double found = nae::ssim(picture, nae::decode_jpeg(match.bytes).value()).value();
        CHECK(1 - found == Approx(1 - target).epsilon(0.02));
    }
}

TEST_CASE("Fractions of a quality lie between their neighbours", "[jpeg]") {
    const nae::Picture picture = nae::disturbed(nae::wave_picture(192, 160, 3));
    for (const double quality : {30.0, 60.0, 90.0}) {
        const size_t below = nae::encode_jpeg(picture, quality, ChromaSampling::full).value().size();
        const size_t between = nae::encode_jpeg(picture, quality + 0.5, ChromaSampling::full).value().size();
        const size_t above = nae::encode_jpeg(picture, quality + 1, ChromaSampling::full).value().size();
        CHECK(below <= between);
        CHECK(between <= above);
        CHECK(below < above);
    }
}

TEST_CASE("Matching can be cancelled", "[jpeg]") {
    const nae::Picture picture = nae::disturbed(nae::wave_picture(96, 80, 3));
    const auto match =
        nae::encode_jpeg_of_size(picture, 4000, ChromaSampling::full, [](double done) { return done < 0.3; });
    REQUIRE_FALSE(match.ok());
    CHECK(match.status().code() == nae::ErrorCode::cancelled);
}

TEST_CASE("Sizes out of reach give the ends of the scale", "[jpeg]") {
    const nae::Picture picture = nae::wave_picture(64, 64, 1);
    CHECK(nae::encode_jpeg_of_size(picture, 1, ChromaSampling::full).value().quality == 1);
    CHECK(nae::encode_jpeg_of_size(picture, 1u << 30, ChromaSampling::full).value().quality == 100);
}

TEST_CASE("Damaged JPEG is an error, not an end", "[jpeg]") {
    CHECK_FALSE(nae::decode_jpeg({}).ok());
    CHECK_FALSE(nae::decode_jpeg({'n', 'o', ' ', 'J', 'P', 'E', 'G'}).ok());
    CHECK_FALSE(nae::encode_jpeg(nae::Picture(), 75, ChromaSampling::full).ok());
    CHECK_FALSE(nae::encode_jpeg(nae::Picture(70000, 1, 1), 75, ChromaSampling::full).ok());
}
