// The restoration filter: its file form, its kernels, and that windows of a filtered picture are crops of the whole.
#include <catch2/catch.hpp>
#include <limits>

#include "codec/engine_kernels.h"
#include "codec/restoration_filter.h"
#include "codec/restorer.h"
#include "format/crc32.h"
#include "format/little_endian.h"
#include "tests/unit/random_restoration.h"
#include "tests/unit/small_codec.h"
#include "tests/unit/windows.h"

using namespace nae;
using namespace nae::test;

namespace {

using Random = std::mt19937;

constexpr int kReach = kRestorationReach;

int pick(Random& rng, int lo, int hi) { return std::uniform_int_distribution<int>(lo, hi)(rng); }

// A window of random pixels with what surrounds it, filtered at a level.
std::vector<int16_t> restored(const Kernels& kernels, const RestorationSet& set, int frac_bits, int h, int w,
                              std::vector<int16_t> pixels) {
    RestoreScratch scratch;
    RestoreTask t;
    t.set = &set;
    t.frac_bits = frac_bits;
    t.h = h;
    t.w = w;
    t.in_row = ptrdiff_t{3} * (w + 2 * kReach);
    t.in = pixels.data() + kReach * t.in_row + 3 * kReach;
    t.out_row = ptrdiff_t{3} * w + kRestoreSlack;
    std::vector<int16_t> out(static_cast<size_t>(t.out_row * h)), dense;
    t.out = out.data();
    t.scratch = &scratch;
    kernels.restore(t);
    for (int y = 0; y < h; ++y)
        dense.insert(dense.end(), out.begin() + y * t.out_row,
                     out.begin() + y * t.out_row + ptrdiff_t{3} * w);
    return dense;
}

// Flat parts, edges in all directions, noise, and values beyond black and white.
std::vector<int16_t> random_pixels(Random& rng, int h, int w, int frac_bits) {
    const int height = h + 2 * kReach, width = w + 2 * kReach;
    std::vector<int16_t> out;
    const int dx = pick(rng, -2, 2), dy = pick(rng, -2, 2), noise = 1 << pick(rng, 0, frac_bits + 8);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) {
                const int edge = (x * dx + y * dy) / 5 % 2 != 0 ? 60 << frac_bits : 0;
                out.push_back(
                    static_cast<int16_t>(std::clamp(edge + pick(rng, -noise, noise), -32767, 32767)));
            }
    out.resize(out.size() + kTensorSlack);
    return out;
}

Model filtered_model() {
    Model m = small_model();
    Random rng(17);
    m.restoration = random_restoration(rng, 3, 4);
    return m;
}

}  // namespace

TEST_CASE("restoration: all levels compute the same", "[restoration][engine]") {
    Random rng(1);
    for (int i = 0; i < 60; ++i) {
        const int frac_bits = pick(rng, kMinRestorationFracBits, kMaxRestorationFracBits);
        const int h = 4 * pick(rng, 1, 6), w = 4 * pick(rng, 1, 40);
        RestorationFilter filter = random_restoration(rng, 1, pick(rng, 1, 16));
        if (i % 7 == 0) filter.sets[0].clip = INT16_MAX;
        REQUIRE(validate(filter, frac_bits).message() == "");
        const std::vector<int16_t> pixels = random_pixels(rng, h, w, frac_bits);
        const auto expected = restored(scalar_kernels(), filter.sets[0], frac_bits, h, w, pixels);
        for (const EngineLevel level : available_engine_levels()) {
            CAPTURE(i, engine_level_name(level), h, w, frac_bits);
            CHECK(restored(*kernels_for(level).value(), filter.sets[0], frac_bits, h, w, pixels) == expected);
        }
    }
}

TEST_CASE("restoration: the worked example of FORMAT.md", "[restoration][format]") {
    RestorationSet set;
    set.clip = 10;
    set.taps.assign(kRestorationDirections, RestorationTaps());
    for (RestorationTaps& taps : set.taps) taps[11] = {256, 128};
    const int side = 16, width = side + 2 * kReach;
    std::vector<int16_t> pixels(static_cast<size_t>(3 * width * width) + kTensorSlack, 0);
    for (int y = 0; y < width; ++y)
        for (int c = 0; c < 3; ++c) pixels[static_cast<size_t>((y * width + kReach + 2) * 3 + c)] = 100;
    const auto out = restored(scalar_kernels(), set, 4, side, side, pixels);
    const std::vector<int> row = {0, 26, 48, 26, 0};
    for (size_t x = 0; x < row.size(); ++x) CHECK(out[3 * x] == row[x]);
}

TEST_CASE("restoration: blocks fall into classes by activity and direction", "[restoration]") {
    RestorationSet set;
    set.thresholds = {10, 10, 100};
    CHECK(restoration_class(set, {0, 0, 0, 0}) == 0);
    CHECK(restoration_class(set, {5, 4, 9, 9}) == 0);
    CHECK(restoration_class(set, {5, 5, 9, 9}) == 2 * kRestorationDirections);
    CHECK(restoration_class(set, {60, 40, 50, 50}) ==
          3 * kRestorationDirections);  // 3 : 2 does not stand out
    CHECK(restoration_class(set, {61, 40, 50, 50}) == 3 * kRestorationDirections + 1);
    CHECK(restoration_class(set, {40, 61, 50, 50}) == 3 * kRestorationDirections + 2);
    CHECK(restoration_class(set, {50, 50, 90, 20}) == 3 * kRestorationDirections + 3);
    CHECK(restoration_class(set, {50, 50, 20, 90}) == 3 * kRestorationDirections + 4);
    CHECK(restoration_class(set, {522240, 522240, 522240, 522240}) == 3 * kRestorationDirections);
}

TEST_CASE("restoration: the nearest set serves", "[restoration]") {
    RestorationFilter filter;
    filter.sets.resize(4);  // at 1, 34, 67, 100
    const auto number = [&](int centi) { return &filter.at(centi) - filter.sets.data(); };
    CHECK(number(100) == 0);
    CHECK(number(1749) == 0);
    CHECK(number(1750) == 1);
    CHECK(number(6700) == 2);
    CHECK(number(10000) == 3);
    filter.sets.resize(1);
    CHECK(number(10000) == 0);
}

TEST_CASE("restoration: a filter survives its file, a broken one is refused", "[restoration][model]") {
    Random rng(3);
    const RestorationFilter filter = random_restoration(rng, 5, 7);
    const std::vector<uint8_t> bytes = serialise_restoration(filter);
    const auto back = parse_restoration(ByteSpan(bytes));
    REQUIRE(back.ok());
    CHECK(validate(back.value(), 4).message() == "");
    CHECK(serialise_restoration(back.value()) == bytes);
    for (size_t n = 0; n < bytes.size(); n += 1 + n / 8)
        CHECK_FALSE(parse_restoration(ByteSpan(bytes.data(), n)).ok());
    std::vector<uint8_t> longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(parse_restoration(ByteSpan(longer)).ok());

    const auto broken = [&](auto change, int frac_bits = 4) {
        RestorationFilter f = filter;
        change(f);
        return !validate(f, frac_bits).ok();
    };
    CHECK_FALSE(broken([](RestorationFilter&) {}));
    CHECK(broken([](RestorationFilter&) {}, 1));
    CHECK(broken([](RestorationFilter&) {}, 7));
    CHECK(broken([](RestorationFilter& f) { f.sets[1].clip = 0; }));
    CHECK(broken([](RestorationFilter& f) { f.sets[2].thresholds[0] = UINT32_MAX; }));
    CHECK(broken([](RestorationFilter& f) { f.sets[2].taps.pop_back(); }));
    CHECK(broken([](RestorationFilter& f) { f.activities = 17; }));
    CHECK(broken([](RestorationFilter& f) { f.sets.resize(65, f.sets[0]); }));
    CHECK(broken([](RestorationFilter& f) {
        for (RestorationTap& tap : f.sets[4].taps[34]) tap = {2800, -2800};
    }));
}

TEST_CASE("restoration: the filter is part of a model's identity", "[restoration][model]") {
    Model m = filtered_model();
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const auto back = parse_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(back.status().message() == "");
    CHECK(serialise_model(back.value()).value() == bytes);
    const ModelId id = model_id(m).value();
    m.restoration.sets[0].taps[0][0].linear ^= 1;
    CHECK(model_id(m).value() != id);
    m.restoration = RestorationFilter();
    CHECK(model_id(m).value() != id);

    // An empty chunk is no filter, but damage.
    std::vector<uint8_t> empty = serialise_decoding_part(m).value();
    const std::vector<uint8_t> end(empty.end() - 16, empty.end());
    empty.resize(empty.size() - 16);
    const char type[] = "FILT";
    append_bytes(empty, type, 4);
    append_le(empty, uint64_t{0});
    append_le(empty, crc32_of(type, 4));
    append_bytes(empty, end.data(), end.size());
    const auto refused = parse_model(empty.data(), empty.size(), "x.nam");
    CHECK_FALSE(refused.ok());
    CHECK(refused.status().message().find("FILT") != std::string::npos);
}

TEST_CASE("restoration: every window equals the crop of the whole", "[restoration][decoder]") {
    const auto ready = prepare_model(filtered_model(), "filtered.nam");
    REQUIRE(ready.status().message() == "");
    Random rng(5);
    for (const auto& [width, height] : {std::pair(1u, 1u), std::pair(7u, 130u), std::pair(203u, 149u)}) {
        const Picture picture = make_picture(width, height, 3);
        BlockMeans analysis;
        const std::vector<uint8_t> bytes = encode_bytes(small_options(ready.value(), analysis), picture);
        const std::vector<uint8_t> whole = decode_all(*open_bytes(bytes));
        const std::vector<uint8_t> unfiltered = decode_all(*open_bytes(encode_small(picture)));
        CHECK(((width * height == 1) || whole != unfiltered));
        DecoderOptions options;
        options.threads = 2;
        const auto decoder = open_bytes(bytes, options);
        check_random_windows(*decoder, whole, rng, 40);
    }
}
