#include "viewer/core/colour_map.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace {

void check_near(const nae::Rgb& colour, int r, int g, int b) {
    constexpr int kTolerance = 4;  // what the header promises
    INFO("got " << int{colour[0]} << ' ' << int{colour[1]} << ' ' << int{colour[2]});
    CHECK(std::abs(colour[0] - r) <= kTolerance);
    CHECK(std::abs(colour[1] - g) <= kTolerance);
    CHECK(std::abs(colour[2] - b) <= kTolerance);
}

}  // namespace

// Expected colours: the tables as matplotlib ships them.
TEST_CASE("viridis and turbo agree with their published tables", "[colour_map]") {
    check_near(nae::map_colour(nae::ColourMap::viridis, 0), 68, 1, 84);
    check_near(nae::map_colour(nae::ColourMap::viridis, 0.25), 59, 82, 139);
    check_near(nae::map_colour(nae::ColourMap::viridis, 0.5), 33, 145, 140);
    check_near(nae::map_colour(nae::ColourMap::viridis, 0.75), 94, 201, 98);
    check_near(nae::map_colour(nae::ColourMap::viridis, 1), 253, 231, 37);
    check_near(nae::map_colour(nae::ColourMap::viridis, 100 / 255.0), 42, 118, 142);
    check_near(nae::map_colour(nae::ColourMap::turbo, 0), 48, 18, 59);
    check_near(nae::map_colour(nae::ColourMap::turbo, 1), 122, 4, 3);
    check_near(nae::map_colour(nae::ColourMap::turbo, 100 / 255.0), 63, 246, 138);
    check_near(nae::map_colour(nae::ColourMap::turbo, 0.25), 40, 188, 235);
    check_near(nae::map_colour(nae::ColourMap::turbo, 0.5), 164, 252, 60);
    check_near(nae::map_colour(nae::ColourMap::turbo, 0.75), 251, 126, 33);
}

TEST_CASE("Colour maps hold their end colours outside 0..1", "[colour_map]") {
    for (const nae::ColourMap map : {nae::ColourMap::viridis, nae::ColourMap::turbo, nae::ColourMap::grey}) {
        CHECK(nae::map_colour(map, -3) == nae::map_colour(map, 0));
        CHECK(nae::map_colour(map, 7) == nae::map_colour(map, 1));
        CHECK(nae::map_colour(map, std::numeric_limits<double>::quiet_NaN()) == nae::map_colour(map, 0));
    }
}

TEST_CASE("grey is linear and viridis grows lighter all the way", "[colour_map]") {
    CHECK(nae::map_colour(nae::ColourMap::grey, 0) == nae::Rgb{0, 0, 0});
    CHECK(nae::map_colour(nae::ColourMap::grey, 0.2) == nae::Rgb{51, 51, 51});
    CHECK(nae::map_colour(nae::ColourMap::grey, 1) == nae::Rgb{255, 255, 255});
    double last = 0;
    for (int i = 0; i <= 20; ++i) {
        const nae::Rgb colour = nae::map_colour(nae::ColourMap::viridis, i / 20.0);
        const double luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
        CHECK(luma > last);
        last = luma;
    }
}
