#include "viewer/core/comparison_sheet.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/comparison.h"
#include "viewer/core/text_painter.h"

namespace {

nae::CodecOutcome outcome(const std::string& name, const nae::Picture& original,
                          const nae::Picture& decoded) {
    nae::CodecOutcome codec;
    codec.codec = name;
    codec.settings = "quality 75";
    codec.bytes = 12345;
    codec.bpp = 0.5;
    codec.psnr = 33.25;
    codec.ssim = 0.9125;
    codec.read_seconds = 0.0215;
    codec.picture = decoded;
    codec.error = nae::absolute_error_map(original, decoded).value();
    return codec;
}

nae::Comparison comparison_of(const nae::Picture& original, int codecs) {
    nae::Comparison comparison;
    comparison.name = "waves.png";
    comparison.original = original;
    comparison.codecs.push_back(outcome("NAE", original, nae::disturbed(original)));
    if (codecs > 1) comparison.codecs.push_back(outcome("JPEG", original, original));
    return comparison;
}

}  // namespace

TEST_CASE("The table names each codec and its figures", "[comparison]") {
    const nae::Comparison comparison = comparison_of(nae::wave_picture(64, 48, 3), 2);
    const std::string table = nae::comparison_table(comparison);
    for (const char* part : {"NAE", "JPEG", "12,345", "0.500", "33.25", "0.9125", "0.0215", "quality 75"}) {
        INFO(part << " in\n" << table);
        CHECK(table.find(part) != std::string::npos);
    }
    const std::string csv = nae::comparison_csv(comparison);
    CHECK(csv.find("NAE,12345,0.50000,33.2500,0.912500,,,0.021500,\"quality 75\"") != std::string::npos);
}

TEST_CASE("Numbers are grouped and infinity has a word", "[comparison]") {
    CHECK(nae::grouped_digits(7) == "7");
    CHECK(nae::grouped_digits(123) == "123");
    CHECK(nae::grouped_digits(1234567) == "1,234,567");
    CHECK(nae::fixed_digits(1.0 / 0.0, 2) == "lossless");
}

TEST_CASE("A sheet holds the pictures pixel for pixel, and an error map that is not blank", "[sheet]") {
    const nae::Picture original = nae::wave_picture(600, 420, 3);
    const nae::Comparison comparison = comparison_of(original, 2);
    const auto sheet = nae::render_comparison_sheet(comparison);
    REQUIRE(sheet.ok());
    const nae::Picture& picture = sheet.value();
    REQUIRE(picture.width > 3 * 600);
    REQUIRE(picture.height > 2 * 420);
    // The original and, a column further right, NAE's picture: found by their corner pixels in one row.
    const auto find = [&](const nae::Picture& wanted) {
        for (int y = 0; y + wanted.height <= picture.height; ++y)
            for (int x = 0; x + wanted.width <= picture.width; ++x) {
                bool equal = true;
                for (int i = 0; equal && i < 40; ++i)
                    equal = std::equal(wanted.pixel(i, 0), wanted.pixel(i, 0) + 3, picture.pixel(x + i, y));
                if (equal && std::equal(wanted.row(5), wanted.row(5) + 300, picture.pixel(x, y + 5)))
                    return x;
            }
        return -1;
    };
    const int original_x = find(original);
    const int nae_x = find(comparison.codecs[0].picture);
    CHECK(original_x >= 0);
    CHECK(nae_x >= original_x + 600);
    // Lower right: JPEG's error map, all zero here; left of it NAE's, which is not.
    std::set<int> colours;
    for (int x = nae_x; x < nae_x + 600; ++x) {
        const uint8_t* pixel = picture.pixel(x, picture.height - 100);
        colours.insert(pixel[0] << 16 | pixel[1] << 8 | pixel[2]);
    }
    CHECK(colours.size() > 8);
}

TEST_CASE("Sheets of awkward pictures are drawn too", "[sheet]") {
    for (const auto& [width, height, bands] :
         {std::tuple{1, 1, 3}, {1, 300, 1}, {2000, 3, 3}, {1900, 1300, 1}}) {
        INFO(width << "x" << height);
        const auto sheet =
            nae::render_comparison_sheet(comparison_of(nae::wave_picture(width, height, bands), 1));
        REQUIRE(sheet.ok());
        CHECK(sheet.value().width < 4000);
        CHECK(sheet.value().height < 4000);
    }
    CHECK_FALSE(nae::render_comparison_sheet(nae::Comparison()).ok());
}

TEST_CASE("Text leaves ink inside its width, and is cut off at the edges", "[sheet]") {
    const auto painter = nae::TextPainter::load(nae::FontWeight::regular);
    REQUIRE(painter.ok());
    const std::string words = "bpp · 28 × 3";
    const int width = painter.value()->width(words, 20);
    CHECK(width > 60);
    nae::Picture picture(width + 20, 40, 3);
    painter.value()->draw(picture, 10, 28, words, 20, {255, 255, 255});
    int ink = 0;
    for (int y = 0; y < 40; ++y)
        for (int x = 0; x < picture.width; ++x)
            if (picture.pixel(x, y)[0] > 128) {
                ++ink;
                CHECK((x >= 9 && x <= 11 + width));
            }
    CHECK(ink > 100);
    painter.value()->draw(picture, -30, 2, words, 60, {255, 255, 255});  // the sanitizers watch this one
}
