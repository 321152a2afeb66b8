// Pictures of every kind: data types, bands, alpha, masks, special values, levels.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "codec/hole_fill.h"
#include "codec/lossless_tile.h"
#include "codec/sample_table.h"
#include "format/file_layout.h"
#include "tests/unit/kinds_images.h"

using namespace nae;
using namespace nae::test;

namespace {

// PSNR with the band's range as the peak, over the samples for which `counts` holds.
template <class T, class F>
double range_psnr(const std::vector<T>& a, const std::vector<T>& b, double range, F counts) {
    double sum = 0, n = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!counts(i)) continue;
        sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
        ++n;
    }
    REQUIRE(n > 0);
    return 10 * std::log10(range * range * n / std::max(sum, 1e-30));
}

template <class T>
void check_type(DataType type, double lo, double hi) {
    CAPTURE(data_type_name(type));
    TestImage<T> image = waves<T>(150, 90, 2, type, lo, hi);
    image.given = make_band_plan(2, type, {}, -1, false);
    const auto decoder = open_bytes(encoded(image, 100));
    CHECK(decoder->header().data_type == type);
    REQUIRE(decoder->bands().count() == 2);
    const auto [low, high] = std::minmax_element(image.pixels.begin(), image.pixels.end());
    CHECK(std::min(decoder->bands().bands[0].lo, decoder->bands().bands[1].lo) == static_cast<double>(*low));
    CHECK(std::max(decoder->bands().bands[0].hi, decoder->bands().bands[1].hi) == static_cast<double>(*high));
    const auto back = decoded<T>(*decoder);
    CHECK(range_psnr(image.pixels, back, hi - lo, [](size_t) { return true; }) > 25);
    // More than 8 bits come out: many more values than 256 occur.
    std::vector<T> values = back;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    CHECK(values.size() > 600);
    // A window, of one band, is the crop of the whole.
    std::vector<T> part(50 * 40);
    PixelTarget target;
    target.data = reinterpret_cast<uint8_t*>(part.data());
    target.pixel_stride = sizeof(T);
    target.row_stride = 50 * sizeof(T);
    REQUIRE(decoder->read(Window{33, 41, 50, 40}, {1}, target).ok());
    bool same = true;
    for (uint32_t y = 0; y < 40; ++y)
        for (uint32_t x = 0; x < 50; ++x)
            same = same && part[y * 50 + x] == back[((y + 41) * 150 + x + 33) * 2 + 1];
    CHECK(same);
}

}  // namespace

TEST_CASE("kinds: every data type, scaled by band, with more than 8 bits", "[kinds]") {
    check_type<uint16_t>(DataType::uint16, 100, 12000);
    check_type<int16_t>(DataType::int16, -3000, 4000);
    check_type<uint32_t>(DataType::uint32, 0, 4294967295.0);
    check_type<int32_t>(DataType::int32, -2147483648.0, 2147483647.0);
    check_type<float>(DataType::float32, -1.5e-3, 2.5e-3);
}

TEST_CASE("kinds: bytes of more bands than three, each at the same quality", "[kinds]") {
    TestImage<uint8_t> image = waves<uint8_t>(200, 130, 7, DataType::byte, 0, 255);
    const auto bytes = encoded(image, 80);
    const auto decoder = open_bytes(bytes);
    REQUIRE(decoder->bands().count() == 7);
    const auto back = decoded<uint8_t>(*decoder);
    double best = 0, worst = 100;
    for (size_t band = 0; band < 7; ++band) {
        const double db = range_psnr(image.pixels, back, 255, [band](size_t i) { return i % 7 == band; });
        best = std::max(best, db);
        worst = std::min(worst, db);
    }
    CHECK(worst > 25);
    CHECK(best - worst < 4);
}

TEST_CASE("kinds: pictures of one gray or three RGB bands have no BAND chunk", "[kinds]") {
    for (const int bands : {1, 3}) {
        TestImage<uint8_t> image = waves<uint8_t>(70, 50, bands, DataType::byte, 0, 255);
        const auto decoder = open_bytes(encoded(image));
        CHECK(decoder->header().colour == (bands == 1 ? Colour::gray : Colour::rgb));
        CHECK(decoder->header().bands == bands);
    }
}

TEST_CASE("kinds: alpha is exact, and opaque tiles cost nothing", "[kinds]") {
    for (const int bands : {2, 4}) {
        CAPTURE(bands);
        TestImage<uint8_t> image = waves<uint8_t>(200, 130, bands, DataType::byte, 0, 255);
        const int alpha = bands - 1;
        for (uint32_t y = 0; y < 130; ++y)
            for (uint32_t x = 0; x < 200; ++x)
                image.at(x, y, alpha) = x < 128 ? 255 : y < 64 ? static_cast<uint8_t>(x + y) : 0;
        const auto bytes = encoded(image);
        const auto decoder = open_bytes(bytes);
        const auto back = decoded<uint8_t>(*decoder);
        bool same = true;
        for (size_t i = static_cast<size_t>(alpha); i < back.size(); i += static_cast<size_t>(bands))
            same = same && back[i] == image.pixels[i];
        CHECK(same);
        const MemorySource source(ByteSpan(bytes), "x");
        const auto layout = read_layout(source);
        REQUIRE(layout.ok());
        CHECK(layout.value().tiles[1].length == 0);  // tile 0, plane 1
    }
}

TEST_CASE("kinds: nodata is exact, and no valid pixel becomes nodata or suffers from it", "[kinds]") {
    for (const double nodata : {-9999.0, 1000.0, std::numeric_limits<double>::quiet_NaN()}) {
        CAPTURE(nodata);
        TestImage<float> clean = waves<float>(300, 200, 1, DataType::float32, 500, 1500);
        TestImage<float> image = clean;
        const auto outside = [](uint32_t x, uint32_t y) {  // ragged, and not aligned to anything
            const double edge = 90 + 30 * std::sin(y * 0.3) + 11 * std::sin(y * 1.7);
            return x < edge || (x * 7 + y * 13) % 97 == 0;
        };
        for (uint32_t y = 0; y < 200; ++y)
            for (uint32_t x = 0; x < 300; ++x)
                if (outside(x, y)) image.at(x, y) = static_cast<float>(nodata);
        add_special(image.given, DataType::float32, 0, nodata);
        const auto back = decoded<float>(*open_bytes(encoded(image, 20)));
        const auto reference = decoded<float>(*open_bytes(encoded(clean, 20)));
        size_t wrong = 0;
        const auto is_nodata = [nodata](float v) {
            return std::isnan(nodata) ? std::isnan(v) : v == static_cast<float>(nodata);
        };
        for (size_t i = 0; i < back.size(); ++i) wrong += is_nodata(back[i]) != is_nodata(image.pixels[i]);
        CHECK(wrong == 0);
        const auto valid = [&](size_t i) { return !is_nodata(image.pixels[i]); };
        const double with = range_psnr(image.pixels, back, 1000, valid);
        const double without = range_psnr(clean.pixels, reference, 1000, valid);
        INFO(with << " dB with nodata around, " << without << " without");
        CHECK(with > without - 0.5);
    }
}

TEST_CASE("kinds: what is not finite is kept exactly", "[kinds]") {
    TestImage<float> image = waves<float>(100, 100, 3, DataType::float32, -10, 10);
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    for (uint32_t i = 0; i < 100; i += 3) {
        image.at(i, 50, 0) = inf;
        image.at(i, 51, 1) = -inf;
        image.at(i, 52, 1) = nan;
    }
    const auto decoder = open_bytes(encoded(image));
    const auto back = decoded<float>(*decoder);
    size_t wrong = 0;
    for (size_t i = 0; i < back.size(); ++i) {
        const float v = image.pixels[i];
        if (!std::isfinite(v)) {
            wrong += std::isnan(v) ? !std::isnan(back[i]) : back[i] != v;
        } else {
            wrong += !std::isfinite(back[i]);
        }
    }
    CHECK(wrong == 0);
    CHECK(decoder->bands().bands[2].specials.empty());
    CHECK(decoder->bands().bands[1].specials.size() == 2);
}

TEST_CASE("kinds: constant bands, bands without any value, one pixel", "[kinds]") {
    TestImage<float> image(70, 65, 3, DataType::float32);
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
        image.pixels[i] = -0.1f;
        image.pixels[i + 1] = std::numeric_limits<float>::quiet_NaN();
        image.pixels[i + 2] = std::numeric_limits<float>::max() * (i % 2 == 0 ? 1.0f : -1.0f);
    }
    const auto back = decoded<float>(*open_bytes(encoded(image, 5)));
    size_t wrong = 0;
    for (size_t i = 0; i < back.size(); i += 3)
        wrong += back[i] != -0.1f || !std::isnan(back[i + 1]) || !std::isfinite(back[i + 2]);
    CHECK(wrong == 0);

    TestImage<int16_t> one(1, 1, 1, DataType::int16);
    one.pixels[0] = -32768;
    CHECK(decoded<int16_t>(*open_bytes(encoded(one)))[0] == -32768);
}

TEST_CASE("kinds: a mask is exact at every level, and hides what is under it from the range", "[kinds]") {
    TestImage<uint16_t> image = waves<uint16_t>(201, 131, 3, DataType::uint16, 100, 1000);
    image.given = make_band_plan(3, DataType::uint16, {2, 1, 0}, -1, true);
    for (uint32_t y = 40; y < 131; ++y)
        for (uint32_t x = 0; x < 100; ++x) {
            image.mask[y * 201 + x] = 0;
            image.at(x, y, 1) = 65535;
        }
    const auto decoder = open_bytes(encoded(image, 50, 3));
    CHECK(decoder->bands().bands[1].hi < 2000);
    std::vector<uint8_t> mask(image.mask.size());
    REQUIRE(decoder->read_mask(Window{0, 0, 201, 131}, mask.data(), 201).ok());
    CHECK((mask == image.mask));
    Window half{0, 0, 101, 66};
    half.level = 1;
    mask.resize(101 * 66);
    REQUIRE(decoder->read_mask(half, mask.data(), 101).ok());
    CHECK(std::count(mask.begin(), mask.end(), 0) == 50 * 46);
}

TEST_CASE("kinds: levels are halves of one another", "[kinds]") {
    TestImage<uint8_t> image = waves<uint8_t>(333, 250, 3, DataType::byte, 0, 255);
    const int levels = automatic_levels(333, 250, 64);
    CHECK(levels == 4);
    const auto decoder = open_bytes(encoded(image, 95, levels));
    CHECK(decoder->header().levels == 4);
    CHECK(decoder->header().level_width(1) == 167);
    std::vector<uint8_t> above = image.pixels;
    for (int level = 0; level < levels; ++level) {
        CAPTURE(level);
        const auto back = decoded<uint8_t>(*decoder, level);
        CHECK(range_psnr(above, back, 255, [](size_t) { return true; }) > 18);
        // Means of four, the last column and row repeated.
        const uint32_t w = decoder->header().level_width(level), h = decoder->header().level_height(level);
        std::vector<uint8_t> next;
        for (uint32_t y = 0; y < h; y += 2)
            for (uint32_t x = 0; x < w; x += 2)
                for (uint32_t b = 0; b < 3; ++b) {
                    const auto at = [&](uint32_t xx, uint32_t yy) {
                        return above[(std::min(yy, h - 1) * w + std::min(xx, w - 1)) * 3 + b];
                    };
                    next.push_back(static_cast<uint8_t>(
                        (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1) + 2) / 4));
                }
        above = next;
    }
    // The first level is what it would be alone.
    CHECK((decoded<uint8_t>(*decoder) == decoded<uint8_t>(*open_bytes(encoded(image, 95)))));
    // A level that the source has is used, and those below are made from it.
    TestImage<uint8_t> dark(167, 125, 3, DataType::byte);
    image.smaller = &dark;
    const auto other = open_bytes(encoded(image, 95, 3));
    CHECK(decoded<uint8_t>(*other, 1)[1000] < 40);
    CHECK(decoded<uint8_t>(*other, 2)[1000] < 40);
    CHECK((decoded<uint8_t>(*other) == decoded<uint8_t>(*decoder)));
    Window outside{0, 0, 1, 1};
    outside.level = 3;
    uint8_t pixel[3];
    PixelTarget target;
    target.data = pixel;
    CHECK(other->read(outside, {0}, target).code() == ErrorCode::invalid_argument);
    CHECK(other->read(Window{0, 0, 1, 1}, {3}, target).code() == ErrorCode::invalid_argument);
}

TEST_CASE("kinds: many bands are coded in several passes", "[kinds]") {
    // 40 bands of 4 bytes, 30,000 wide: more rows than are held at once.
    TestImage<float> image = waves<float>(30000, 3, 5, DataType::float32, 0, 1);
    image.given = make_band_plan(5, DataType::float32, {}, -1, false);
    const auto back = decoded<float>(*open_bytes(encoded(image)));
    CHECK(range_psnr(image.pixels, back, 1, [](size_t) { return true; }) > 20);
}

TEST_CASE("kinds: damage in an exact plane", "[kinds]") {
    TestImage<float> image = waves<float>(100, 60, 1, DataType::float32, 0, 1);
    image.at(3, 3) = -1;
    add_special(image.given, DataType::float32, 0, -1);
    std::vector<uint8_t> bytes = encoded(image);
    const MemorySource source(ByteSpan(bytes), "x");
    const auto layout = read_layout(source);
    REQUIRE(layout.ok());
    REQUIRE(layout.value().bands.planes.size() == 2);
    const TileEntry& codes = layout.value().tiles[1];
    bytes[layout.value().tile_data_offset + codes.offset] ^= 1;
    std::vector<float> row(100);
    CHECK(open_bytes(bytes)->read_window(0, 0, 100, 1, reinterpret_cast<uint8_t*>(row.data()), 400).code() ==
          ErrorCode::corrupt);
    DecoderOptions lenient;
    lenient.strict = false;
    int reports = 0;
    lenient.on_damage = [&](const Status&) { ++reports; };
    REQUIRE(open_bytes(bytes, lenient)
                ->read_window(0, 0, 100, 1, reinterpret_cast<uint8_t*>(row.data()), 400)
                .ok());
    CHECK(reports == 1);
    CHECK(row[10] == -1);  // of the damaged tile: missing
    CHECK(row[80] != -1);
}

TEST_CASE("hole filling continues what is around", "[kinds]") {
    std::vector<float> values;
    std::vector<uint8_t> valid;
    for (int y = 0; y < 33; ++y) {
        for (int x = 0; x < 47; ++x) {
            const bool hole = x > 11 && x < 30 && y > 5;
            values.push_back(hole ? NAN : static_cast<float>(x));
            valid.push_back(hole ? 0 : 1);
        }
    }
    fill_holes(values.data(), 1, 33, 47, valid);
    for (int y = 0; y < 33; ++y) {
        for (int x = 0; x < 47; ++x) {
            const float v = values[static_cast<size_t>(y * 47 + x)];
            if (valid[static_cast<size_t>(y * 47 + x)] != 0) {
                CHECK(v == static_cast<float>(x));
            } else {
                CHECK((v >= 0 && v <= 46));
            }
        }
    }
    std::vector<float> none(4, NAN);
    fill_holes(none.data(), 1, 2, 2, {0, 0, 0, 0});
    CHECK((none == std::vector<float>{0, 0, 0, 0}));
}
