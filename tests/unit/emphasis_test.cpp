#include "codec/emphasis.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace nae;

TEST_CASE("emphasis: calm cells more than busy ones, within its bounds", "[emphasis]") {
    constexpr int kCells = 4, kRow = 16 * kCells * 3;
    std::vector<float> pixels(16 * kRow);
    std::mt19937 random(1);
    const auto chance = [&] { return static_cast<float>(random() % 2001) / 1000 - 1; };
    for (size_t i = 0; i < pixels.size(); ++i) {
        const float noise[kCells] = {0, 0.1F, 0.4F, 1};
        pixels[i] = 0.3F + noise[i % kRow / 48] * chance();
    }
    float out[kCells];
    structural_emphasis(pixels.data(), kRow, kCells, out);
    for (int i = 1; i < kCells; ++i) CHECK(out[i] < out[i - 1]);
    CHECK(out[0] > 1);
    CHECK(out[0] < 2.5F);
    CHECK(out[3] < 0.2F);
    CHECK(out[3] >= kLeastEmphasis);
    std::vector<float> wild(16 * kRow, 3e38F);  // samples of any type may be anything
    wild[5] = -3e38F;
    structural_emphasis(wild.data(), kRow, kCells, out);
    for (const float e : out) CHECK((e >= kLeastEmphasis && e < 2.5F));
}
