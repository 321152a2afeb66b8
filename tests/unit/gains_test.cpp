#include "codec/gains.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "test_graphs.h"

using namespace nae;

namespace {
GainTable table(int anchors, std::vector<int32_t> gains, int32_t unit) {
    GainTable t;
    t.channels = static_cast<int>(gains.size()) / anchors;
    t.anchors = anchors;
    t.log2_gain = std::move(gains);
    t.log2_inverse_unit.assign(static_cast<size_t>(t.channels), unit);
    return t;
}
}  // namespace

TEST_CASE("The exp2 table is 2^30 * 2^(i/256), rounded", "[gains]") {
    CHECK(kExp2Table[0] == 1073741824u);
    CHECK(kExp2Table[128] == 1518500250u);  // 2^30.5 = 1518500249.988
    for (int i = 0; i < 256; ++i) {
        const double exact = std::exp2(30.0 + i / 256.0);
        CHECK(std::abs(static_cast<double>(kExp2Table[i]) - exact) <= 0.5 + 1e-5);
    }
}

TEST_CASE("Gains are interpolated linearly, exact at the anchors", "[gains]") {
    // Anchors at quality 1, 34, 67, 100.
    const GainTable t = table(4, {-100, 0, 301, 1000}, 0);
    CHECK(t.log2_gain_at(0, 100) == -100);
    CHECK(t.log2_gain_at(0, 3400) == 0);
    CHECK(t.log2_gain_at(0, 6700) == 301);
    CHECK(t.log2_gain_at(0, 10000) == 1000);
    CHECK(t.log2_gain_at(0, 1750) == -50);
    CHECK(t.log2_gain_at(0, 5050) == 151);  // 150.5 rounds up
    CHECK(t.log2_gain_at(0, 1) == -100);    // clamped
    CHECK(t.log2_gain_at(0, 20000) == 1000);
    const GainTable down = table(2, {1, 0}, 0);
    CHECK(down.log2_gain_at(0, 5050) == 1);  // 0.5 rounds up
    CHECK(down.log2_gain_at(0, 5051) == 0);
    int32_t last = -100;
    for (int q = 100; q <= 10000; ++q) {
        const int32_t now = t.log2_gain_at(0, q);
        REQUIRE(now >= last);
        last = now;
    }
}

TEST_CASE("Dequantisation steps are powers of two in Q16", "[gains]") {
    CHECK(dequant_step(0, 0) == 65536);
    CHECK(dequant_step(256, 0) == 131072);
    CHECK(dequant_step(0, 256) == 32768);
    CHECK(dequant_step(12 * 256, 0) == 1 << 28);
    CHECK(dequant_step(12 * 256 + 1, 0) == 0);  // above 2^28
    CHECK(dequant_step(-16 * 256, 0) == 1);
    CHECK(dequant_step(-17 * 256, 0) == 1);      // 0.5 rounds up
    CHECK(dequant_step(-17 * 256 - 1, 0) == 0);  // below 0.5
    CHECK(dequant_step(-16384, 16384) == 0);
    CHECK(dequant_step(16384, -16384) == 0);
    CHECK(dequant_step(128, 0) == 92682);  // 65536 sqrt 2 = 92681.9
    for (int e = -3000; e <= 3000; e += 7) {
        const double exact = std::exp2(16 + e / 256.0);
        REQUIRE(std::abs(dequant_step(e, 0) - exact) <= 0.5 + exact * 1e-8);
    }
}

TEST_CASE("Dequantisation rounds half up and clamps", "[gains]") {
    CHECK(dequantise(3, 65536, 10, -100, 100) == 13);
    CHECK(dequantise(1, 32768, 0, -100, 100) == 1);    // 0.5
    CHECK(dequantise(-1, 32768, 0, -100, 100) == 0);   // -0.5
    CHECK(dequantise(-3, 32768, 0, -100, 100) == -1);  // -1.5
    CHECK(dequantise(32767, 1 << 28, 0, -8191, 8191) == 8191);
    CHECK(dequantise(-32768, 1 << 28, -32767, -8191, 8191) == -8191);
}

TEST_CASE("Gains survive their bytes, and nothing else passes", "[gains]") {
    Gains g;
    g.latent = table(2, {0, 100, -5, 400, 7, 8}, 1024);
    g.hyper = table(2, {0, 300}, 512);
    g.hyper_log2_scale = {77};
    REQUIRE(validate(g).ok());
    const std::vector<uint8_t> bytes = serialise_gains(g);
    CHECK(bytes.size() == 6 + 4 * (6 + 3 + 2 + 1 + 1));
    const Result<Gains> back = parse_gains(bytes.data(), bytes.size(), "GAIN");
    REQUIRE(back.ok());
    CHECK(serialise_gains(back.value()) == bytes);
    for (size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(parse_gains(bytes.data(), n, "GAIN").ok());
    std::vector<uint8_t> longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(parse_gains(longer.data(), longer.size(), "GAIN").ok());

    Gains bad = g;
    bad.latent.log2_gain[3] = kMaxLog2Gain + 1;
    CHECK_FALSE(validate(bad).ok());
    bad = g;
    bad.latent.log2_inverse_unit[1] = 10000;  // a step above 2^28
    CHECK(validate(bad).message().find("channel 1") != std::string::npos);
    bad = g;
    bad.hyper.anchors = 1;
    bad.hyper.log2_gain.resize(1);
    CHECK_FALSE(validate(bad).ok());
    bad = g;
    bad.hyper_log2_scale.clear();
    CHECK_FALSE(validate(bad).ok());
}
