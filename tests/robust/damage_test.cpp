// Damage, exhaustively: every bit, every length, every tile.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "format/text.h"
#include "tests/robust/tiny_file.h"
#include "tests/support/planned_image.h"
#include "tests/support/whole_file.h"

using namespace nae;
using namespace nae::test;

namespace {

DecoderOptions one_thread() {
    DecoderOptions options;
    options.threads = 1;
    return options;
}

// Every kind of plane there is, in two levels: gray, RGB, exact, special codes, mask.
Bytes file_of_every_plane() {
    std::vector<float> samples(9 * 7 * 5);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(i * 37 % 101) - 20;
    BandPlan plan = make_band_plan(5, DataType::float32, {3, 1, 0}, 4, true);
    add_special(plan, DataType::float32, 2, -20);
    Bytes mask(9 * 7, 255);
    mask[30] = 0;
    PlannedImage image(samples.data(), 9, 7, 5, DataType::float32, plan, mask);
    TinyAnalysis analysis;
    EncoderOptions options = tiny_options(analysis);
    options.levels = 2;
    MemorySink sink;
    REQUIRE(encode(options, image, Metadata(), sink).ok());
    return sink.take();
}

// All levels, or the first error.
Result<Bytes> read_everything(const Bytes& file) {
    NAE_ASSIGN_OR_RETURN(
        const auto decoder,
        Decoder::open(std::make_shared<MemorySource>(ByteSpan(file), "tiny.nae"), one_thread()));
    Bytes all;
    for (int level = 0; level < decoder->header().levels; ++level) {
        NAE_ASSIGN_OR_RETURN(const Bytes pixels, read_level(*decoder, level));
        all.insert(all.end(), pixels.begin(), pixels.end());
    }
    return all;
}

}  // namespace

TEST_CASE("damage: every flipped bit and every length of a file with every kind of plane is detected",
          "[damage]") {
    const Bytes whole = file_of_every_plane();
    REQUIRE(read_everything(whole).ok());
    size_t undetected = 0, internal = 0;
    const auto attack = [&](const Bytes& file) {
        const auto pixels = read_everything(file);
        undetected += pixels.ok();
        internal += pixels.status().code() == ErrorCode::internal;
    };
    Bytes file = whole;
    for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
        file[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        attack(file);
        file[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    for (size_t length = 0; length < whole.size(); ++length)
        attack(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)));
    CHECK(undetected == 0);
    CHECK(internal == 0);
    WARN(8 * whole.size() << " bits flipped, " << whole.size() << " lengths: all detected");
}

TEST_CASE("damage: every flipped bit of a file is detected", "[damage]") {
    Bytes file = tiny_file(70, 40);
    REQUIRE(read_pixels(file, one_thread()).ok());
    size_t undetected = 0, internal = 0;
    for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
        file[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const auto pixels = read_pixels(file, one_thread());
        undetected += pixels.ok();
        internal += pixels.status().code() == ErrorCode::internal;
        file[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    CHECK(undetected == 0);
    CHECK(internal == 0);
    WARN(8 * file.size() << " bits flipped, one at a time: all detected");
}

TEST_CASE("damage: every truncated length is detected on opening", "[damage]") {
    const Bytes file = tiny_file(70, 40);
    for (size_t length = 0; length < file.size(); ++length) {
        const auto source = std::make_shared<MemorySource>(ByteSpan(file.data(), length), "cut.nae");
        const Status status = Decoder::open(source, one_thread()).status();
        const bool named = status.code() == ErrorCode::truncated || (length == 0 && !status.ok());
        if (!named) FAIL("cut after " << length << " bytes: " << status.message());
    }
}

TEST_CASE("damage: a block of any bytes in a file is detected", "[damage]") {
    const Bytes file = tiny_file(70, 40);
    std::mt19937 random(7);
    for (int i = 0; i < 3000; ++i) {
        Bytes damaged = file;
        const size_t at = random() % file.size(), n = std::min<size_t>(1 + random() % 64, file.size() - at);
        const int kind = static_cast<int>(random() % 3);
        for (size_t k = at; k < at + n; ++k)
            damaged[k] = kind == 0 ? uint8_t{0} : kind == 1 ? uint8_t{0xFF} : static_cast<uint8_t>(random());
        if (damaged == file) continue;
        const auto pixels = read_pixels(damaged, one_thread());
        if (pixels.ok() || pixels.status().code() == ErrorCode::internal)
            FAIL(n << " bytes at " << at << ": " << pixels.status().message());
    }
}

TEST_CASE("damage: a lost tile is named, and costs no other tile", "[damage]") {
    constexpr uint32_t kWidth = 200, kHeight = 130, kTile = 64;
    constexpr uint32_t kHalo = 32;  // no model's output reaches further beyond a tile than this one's
    const Bytes file = tiny_file(kWidth, kHeight);
    const Bytes whole = read_pixels(file).value();
    const FileLayout layout = layout_of(file);
    const uint32_t across = layout.header.tiles_across();
    REQUIRE(layout.tiles.size() == 12);
    for (uint32_t tile = 0; tile < layout.tiles.size(); ++tile) {
        CAPTURE(tile);
        Bytes damaged = file;
        REQUIRE(layout.tiles[tile].length > 0);
        damaged[layout.tile_data_offset + layout.tiles[tile].offset] ^= 0x10;

        // Strict: the read of the whole fails and says which tile; a window away from it does not.
        const auto strict = read_pixels(damaged);
        CHECK(strict.status().code() == ErrorCode::corrupt);
        CHECK(contains(strict.status().message(), cat("tile ", tile, " ")));
        const uint32_t x = tile % across < 2 ? kWidth - 16 : 0, y = tile / across < 1 ? kHeight - 2 : 0;
        Bytes corner(2 * 16 * 3);
        CHECK(open_bytes(damaged)->read_window(x, y, 16, 2, corner.data(), 16 * 3).ok());
        CHECK(std::equal(corner.begin(), corner.begin() + 16 * 3, whole.begin() + (y * kWidth + x) * 3));

        // Lenient: reported, and the pixels beyond the tile and its halo are those of the undamaged file.
        std::string report;
        DecoderOptions lenient;
        lenient.strict = false;
        lenient.on_damage = [&](const Status& status) { report += status.message(); };
        const auto pixels = read_pixels(damaged, lenient);
        REQUIRE(pixels.ok());
        CHECK(contains(report, cat("tile ", tile, " ")));
        const uint32_t x0 = tile % across * kTile, y0 = tile / across * kTile;
        size_t wrong = 0, other = 0;
        for (uint32_t i = 0; i < kWidth * kHeight; ++i) {
            const uint32_t px = i % kWidth, py = i / kWidth;
            const bool near =
                px + kHalo >= x0 && px < x0 + kTile + kHalo && py + kHalo >= y0 && py < y0 + kTile + kHalo;
            const bool same = std::equal(&whole[3 * i], &whole[3 * i] + 3, &pixels.value()[3 * i]);
            wrong += !near && !same;
            other += near && !same;
        }
        CHECK(wrong == 0);
        CHECK(other > 0);
    }
}
