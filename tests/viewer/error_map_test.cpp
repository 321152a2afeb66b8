#include "viewer/core/error_map.h"

#include <catch2/catch.hpp>

#include "tests/viewer/pattern_pictures.h"

TEST_CASE("An error map holds the mean absolute difference of the bands", "[error_map]") {
    const nae::Picture a(4, 3, 3);
    nae::Picture b = a;
    b.pixel(2, 1)[0] = 30;
    b.pixel(2, 1)[2] = 3;
    const nae::ErrorMap map = nae::absolute_error_map(a, b).value();
    CHECK(map.values[1 * 4 + 2] == 11.0f);
    CHECK(nae::error_percentile(map, 0.5) == 0.0f);
    CHECK(nae::error_percentile(map, 1.0) == 11.0f);
    CHECK_FALSE(nae::absolute_error_map(a, nae::Picture(4, 3, 1)).ok());
}

TEST_CASE("The common range covers the worse of the maps and is a round number", "[error_map]") {
    nae::ErrorMap good{2, 2, {0, 1, 2, 3}};
    nae::ErrorMap bad{2, 2, {0, 1, 2, 17}};
    CHECK(nae::common_error_range({&good}) == 4);
    CHECK(nae::common_error_range({&good, &bad}) == 24);
    bad.values[0] = 255;
    CHECK(nae::common_error_range({&bad}) == 255);
}

TEST_CASE("Painting spans the colour map from 0 to the range", "[error_map]") {
    const nae::ErrorMap map{3, 1, {0, 8, 99}};
    const nae::Picture painted = nae::paint_error_map(map, 16, nae::ColourMap::grey);
    REQUIRE(painted.bands == 3);
    CHECK(int{painted.pixel(0, 0)[1]} == 0);
    CHECK(int{painted.pixel(1, 0)[1]} == 128);
    CHECK(int{painted.pixel(2, 0)[1]} == 255);
}

TEST_CASE("The worst region holds the errors and stays inside", "[error_map]") {
    nae::ErrorMap map{64, 48, std::vector<float>(64 * 48, 1.0f)};
    map.values[40 * 64 + 50] = 90;
    const nae::Region region = nae::worst_region(map, 16, 16);
    CHECK((region.x <= 50 && region.x + region.width > 50));
    CHECK((region.y <= 40 && region.y + region.height > 40));
    CHECK((region.x + region.width <= 64 && region.y + region.height <= 48));
    const nae::Region all = nae::worst_region(map, 500, 500);
    CHECK((all.x == 0 && all.y == 0 && all.width == 64 && all.height == 48));
}
