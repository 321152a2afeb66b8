#include "viewer/core/picture.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/resample.h"

TEST_CASE("A PNG written and read back is the same picture", "[picture]") {
    for (const int bands : {1, 3}) {
        const nae::Picture picture = nae::pattern_picture(33, 21, bands);
        const std::string path = "/vsimem/picture_test.png";
        REQUIRE(nae::write_png(path, picture).ok());
        const auto back = nae::read_picture(path);
        REQUIRE(back.ok());
        REQUIRE(back.value().same_shape(picture));
        CHECK(back.value().samples == picture.samples);
    }
}

TEST_CASE("The project's pictures are what their names say", "[picture]") {
    const std::string folder = std::string(NAE_SOURCE_DIR) + "/testdata/";
    const nae::Picture scene = nae::read_picture(folder + "scene.png").value();
    CHECK((scene.width == 768 && scene.height == 512 && scene.bands == 3));
    CHECK(nae::read_picture(folder + "gray.png").value().bands == 1);
    CHECK(nae::read_picture(folder + "chart.png").value().bands == 3);
}

TEST_CASE("Reading what is not there names the file", "[picture]") {
    const auto missing = nae::read_picture("/no/such/picture.png");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.status().message().find("/no/such/picture.png") != std::string::npos);
    const nae::Status unwritable = nae::write_png("/no/such/folder/a.png", nae::Picture(2, 2, 1));
    REQUIRE_FALSE(unwritable.ok());
    CHECK(unwritable.message().find("/no/such/folder/a.png") != std::string::npos);
}

TEST_CASE("Reducing keeps the mean, enlarging repeats pixels, cropping cuts", "[picture]") {
    nae::Picture picture(4, 2, 1);
    picture.samples = {0, 10, 20, 30, 40, 50, 60, 70};
    CHECK(nae::reduce_by_area(picture, 2, 1).samples == std::vector<uint8_t>{25, 45});
    CHECK(nae::reduce_by_area(picture, 1, 1).samples == std::vector<uint8_t>{35});
    const nae::Picture large = nae::enlarge(picture, 3);
    CHECK((large.width == 12 && large.height == 6));
    CHECK(int{large.pixel(5, 4)[0]} == 50);
    CHECK(nae::crop(picture, 1, 1, 2, 1).samples == std::vector<uint8_t>{50, 60});
    CHECK(nae::as_rgb(picture).pixel(3, 1)[2] == 70);
}
