// HEAD and TIDX: golden bytes, ranges, limits.
#include <catch2/catch.hpp>
#include <functional>

#include "format/header.h"
#include "format/tile_index.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

// The payload inside a chunk given as hexadecimal text.
Bytes payload_of(const char* chunk) {
    const Bytes bytes = from_hex(chunk);
    return Bytes(bytes.begin() + 12, bytes.end() - 4);
}

ErrorCode code_after(const std::function<void(Header&)>& change, const Limits& limits = Limits()) {
    Header h = sample_header();
    change(h);
    return check_header(h, limits).code();
}

}  // namespace

TEST_CASE("the header has the documented bytes", "[format][header]") {
    const auto bytes = serialise_header(sample_header());
    REQUIRE(bytes.ok());
    CHECK(bytes.value() == payload_of(kGoldenHead));
    const auto back = parse_header(payload_of(kGoldenHead), Limits());
    REQUIRE(back.ok());
    const Header& h = back.value();
    CHECK(h.version == 1);
    CHECK(h.flags == 0);
    CHECK(h.bands == 1);
    CHECK(h.width == 100);
    CHECK(h.height == 40);
    CHECK(h.data_type == DataType::byte);
    CHECK(h.colour == Colour::gray);
    CHECK(h.levels == 1);
    CHECK(h.effort == 5);
    CHECK(h.tile_size_px == 64);
    CHECK(h.quality_centi == 7550);
    CHECK(model_id_text(h.model_id) == "0123456789abcdef");
    CHECK(h.model_name == "photo");
    CHECK(h.tiles_across() == 2);
    CHECK(h.tiles_down() == 1);
}

TEST_CASE("every header field is checked", "[format][header]") {
    CHECK(code_after([](Header&) {}) == ErrorCode::ok);
    CHECK(code_after([](Header& h) { h.version = 0; }) == ErrorCode::unsupported);
    CHECK(code_after([](Header& h) { h.version = 2; }) == ErrorCode::unsupported);
    CHECK(code_after([](Header& h) { h.flags = 4; }) == ErrorCode::unsupported);
    CHECK(code_after([](Header& h) { h.data_type = DataType{7}; }) == ErrorCode::unsupported);
    CHECK(code_after([](Header& h) { h.colour = Colour{3}; }) == ErrorCode::unsupported);
    CHECK(code_after([](Header& h) { h.levels = 0; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.levels = 33; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.bands = 3; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.colour = Colour::rgb; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) {
              h.colour = Colour::rgb;
              h.bands = 3;
          }) == ErrorCode::ok);
    CHECK(code_after([](Header& h) { h.width = 0; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.height = 0; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.width = 0x80000000; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.height = 0x80000000; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.effort = 0; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.effort = 10; }) == ErrorCode::corrupt);
    for (const int size : {0, 1, 32, 63, 65, 96, 4095, 8192}) {
        CAPTURE(size);
        CHECK(code_after([size](Header& h) { h.tile_size_px = static_cast<uint16_t>(size); }) ==
              ErrorCode::corrupt);
    }
    CHECK(code_after([](Header& h) { h.quality_centi = 99; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.quality_centi = 10001; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.quality_centi = 10000; }) == ErrorCode::ok);
    CHECK(code_after([](Header& h) { h.model_name = std::string(64, 'a'); }) == ErrorCode::ok);
    CHECK(code_after([](Header& h) { h.model_name = std::string(65, 'a'); }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.model_name = "a\x1B[31m"; }) == ErrorCode::corrupt);
    CHECK(code_after([](Header& h) { h.model_name = "\xFF"; }) == ErrorCode::corrupt);
}

TEST_CASE("header limits are enforced and can be moved", "[format][header]") {
    const auto huge = [](Header& h) { h.width = h.height = 0x7FFFFFFF; };
    CHECK(code_after(huge) == ErrorCode::limit_exceeded);
    const auto giga = [](Header& h) { h.width = h.height = 1u << 17; };  // 2^34 pixels, 2^22 tiles of 64
    CHECK(code_after(giga) == ErrorCode::ok);
    Limits tight;
    tight.max_tiles = (1u << 22) - 1;
    CHECK(code_after(giga, tight) == ErrorCode::limit_exceeded);
    tight = Limits();
    tight.max_pixels = (uint64_t{1} << 34) - 1;
    CHECK(code_after(giga, tight) == ErrorCode::limit_exceeded);
    tight = Limits();
    tight.max_dimension = 99;
    CHECK(code_after([](Header&) {}, tight) == ErrorCode::limit_exceeded);
    tight.max_dimension = 100;
    CHECK(code_after([](Header&) {}, tight) == ErrorCode::ok);
    Limits loose;
    loose.max_pixels = loose.max_tiles = ~uint64_t{0};
    CHECK(code_after(huge, loose) == ErrorCode::ok);
}

TEST_CASE("messages name field and value", "[format][header]") {
    Header h = sample_header();
    h.tile_size_px = 96;
    CHECK(check_header(h, Limits()).message() == "tile size is 96, allowed: powers of two from 64 to 4096");
    CHECK_FALSE(serialise_header(h).ok());
}

TEST_CASE("a header cut short or with bytes to spare is refused", "[format][header]") {
    const Bytes whole = payload_of(kGoldenHead);
    for (size_t n = 0; n < whole.size(); ++n) {
        CAPTURE(n);
        CHECK_FALSE(
            parse_header(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n)), Limits()).ok());
    }
    Bytes longer = whole;
    longer.push_back(0);
    CHECK(parse_header(longer, Limits()).status().code() == ErrorCode::corrupt);
    // A later version may be laid out quite differently; it must be called unsupported, not damaged.
    CHECK(parse_header(Bytes{2, 0}, Limits()).status().code() == ErrorCode::unsupported);
}

TEST_CASE("the tile index has the documented bytes", "[format][tiles]") {
    TileIndex index;
    for (const Bytes& tile : sample_tiles()) REQUIRE(index.add_payload(tile).ok());
    CHECK(serialise_tile_index(index) == payload_of(kGoldenTileIndex));
    CHECK(index.data_bytes() == 3);
    CHECK(index.data_chunk_crc() == 0xBECF92F2);

    const auto back = parse_tile_index(payload_of(kGoldenTileIndex), 2, Limits());
    REQUIRE(back.ok());
    REQUIRE(back.value().size() == 2);
    CHECK(back.value()[0].offset == 0);
    CHECK(back.value()[0].length == 3);
    CHECK(back.value()[0].crc == 0xBE4DF84C);
    CHECK(back.value()[1].offset == 3);
    CHECK(back.value()[1].length == 0);
    CHECK(back.value().data_chunk_crc() == 0xBECF92F2);
}

TEST_CASE("offsets of tiles may pass 4 GiB", "[format][tiles]") {
    TileIndex index;
    index.add(0xFFFFFFFF, 0);
    index.add(0xFFFFFFFF, 0);
    index.add(1, 0);
    CHECK(index[2].offset == 0x1FFFFFFFEull);
    CHECK(index.data_bytes() == 0x1FFFFFFFFull);
}

TEST_CASE("a tile index of the wrong size or with impossible tiles is refused", "[format][tiles]") {
    const Bytes whole = payload_of(kGoldenTileIndex);
    for (size_t n = 0; n <= 40; ++n) {
        CAPTURE(n);
        Bytes payload = whole;
        payload.resize(n);
        CHECK(parse_tile_index(payload, 2, Limits()).ok() == (n == 16));
    }
    Limits tight;
    tight.max_tile_bytes = 2;
    CHECK(parse_tile_index(whole, 2, tight).status().code() == ErrorCode::limit_exceeded);
}

TEST_CASE("reading tiles checks place and CRC", "[format][tiles]") {
    TileIndex index;
    for (const Bytes& tile : sample_tiles()) REQUIRE(index.add_payload(tile).ok());
    Bytes data = {0, 0, 0xAA, 0xBB, 0xCC};
    CHECK(read_tile(MemorySource(ByteSpan(data), "x"), 2, index, 0).value() == Bytes{0xAA, 0xBB, 0xCC});
    CHECK(read_tile(MemorySource(ByteSpan(data), "x"), 2, index, 1).value().empty());
    CHECK(read_tile(MemorySource(ByteSpan(data), "x"), 2, index, 2).status().code() ==
          ErrorCode::invalid_argument);
    CHECK(read_tile(MemorySource(ByteSpan(data), "x"), 3, index, 0).status().code() == ErrorCode::truncated);
    data[3] ^= 0x10;
    const Status damaged = read_tile(MemorySource(ByteSpan(data), "x"), 2, index, 0).status();
    CHECK(damaged.code() == ErrorCode::corrupt);
    CHECK(damaged.message() == "tile 0 at offset 2: CRC mismatch");
}
