#include "viewer/core/jpeg_codec.h"

#include <catch2/catch.hpp>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/psnr.h"

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

TEST_CASE("The match in size is the nearest of all hundred qualities", "[jpeg]") {
    const nae::Picture picture = nae::disturbed(nae::wave_picture(96, 80, 3));
    for (const uint64_t target : {1500u, 2500u, 6000u}) {
        uint64_t nearest = UINT64_MAX;
        for (int quality = 1; quality <= 100; ++quality) {
            const uint64_t size = nae::encode_jpeg(picture, quality, ChromaSampling::quarter).value().size();
            nearest = std::min(nearest, size > target ? size - target : target - size);
        }
        const nae::JpegMatch match =
            nae::encode_jpeg_of_size(picture, target, ChromaSampling::quarter).value();
        const uint64_t size = match.bytes.size();
        CHECK((size > target ? size - target : target - size) == nearest);
        CHECK(match.bytes == nae::encode_jpeg(picture, match.quality, ChromaSampling::quarter).value());
    }
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
