// mETA and pREV.
#include <catch2/catch.hpp>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/metadata.h"
#include "format/preview.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

// Two items in a stored deflate block, so that the bytes do not depend on the compressor.
constexpr char kGoldenMetadata[] =
    "29 00 00 00 01 29 00 d6 ff 02 00 00 00 00 00 00 00 04 00 00 00 41 52 45 41 01 00 00 00 78 03 00 "
    "00 00 4e 41 45 03 00 00 00 49 43 43 02 00 00 00 00 01";

// 2 x 5 RGB, a row for each filter.
constexpr char kGoldenPreview[] =
    "02 00 05 00 03 01 23 00 dc ff 00 0a 14 1e 28 32 3c 01 01 02 03 04 05 06 02 01 01 01 01 01 01 03 "
    "09 09 09 09 09 09 04 01 02 03 04 05 06";

// A payload of mETA around a list.
Bytes wrap(const Bytes& list) {
    Bytes payload;
    append_le(payload, static_cast<uint32_t>(list.size()));
    const auto deflated = deflate_raw(list);
    REQUIRE(deflated.ok());
    append_bytes(payload, deflated.value().data(), deflated.value().size());
    return payload;
}

Preview sample_preview(uint16_t width, uint16_t height, uint8_t bands) {
    Preview p;
    p.width = width;
    p.height = height;
    p.bands = bands;
    for (size_t i = 0; i < size_t{width} * height * bands; ++i) {
        p.pixels.push_back(static_cast<uint8_t>(i * 7 + i * i / 11));
    }
    return p;
}

}  // namespace

TEST_CASE("metadata has the documented bytes", "[format][metadata]") {
    const auto parsed = parse_metadata(from_hex(kGoldenMetadata), Limits());
    REQUIRE(parsed.ok());
    REQUIRE(parsed.value().items().size() == 2);
    CHECK(parsed.value().items()[0] == MetadataItem{"", "AREA", "x"});
    CHECK(parsed.value().items()[1] == MetadataItem{"NAE", "ICC", std::string("\0\x01", 2)});
}

TEST_CASE("metadata comes back in order, binary values included", "[format][metadata]") {
    Metadata m;
    CHECK(m.empty());
    m.set("b", "k", "1");
    m.set("a", "k", std::string(100000, '\0'));
    m.set("", "", "");
    m.set("b", "k", "2");
    const auto payload = serialise_metadata(m);
    REQUIRE(payload.ok());
    CHECK(payload.value().size() < 1000);
    const auto back = parse_metadata(payload.value(), Limits());
    REQUIRE(back.ok());
    CHECK(back.value() == m);
    CHECK(back.value().items().size() == 3);
    REQUIRE(back.value().find("b", "k") != nullptr);
    CHECK(*back.value().find("b", "k") == "2");
    CHECK(back.value().find("b", "K") == nullptr);
}

TEST_CASE("hostile metadata is refused", "[format][metadata]") {
    const Bytes golden = from_hex(kGoldenMetadata);
    for (size_t n = 0; n < golden.size(); ++n) {
        CAPTURE(n);
        const Bytes cut(golden.begin(), golden.begin() + static_cast<ptrdiff_t>(n));
        CHECK_FALSE(parse_metadata(cut, Limits()).ok());
    }
    Limits tight;
    tight.max_metadata_bytes = 0x28;
    CHECK(parse_metadata(golden, tight).status().code() == ErrorCode::limit_exceeded);

    const auto list_code = [](const char* hex) {
        return parse_metadata(wrap(from_hex(hex)), Limits()).status().code();
    };
    CHECK(list_code("00000000") == ErrorCode::ok);
    CHECK(list_code("000000") == ErrorCode::corrupt);
    CHECK(list_code("00000000 00") == ErrorCode::corrupt);                          // a byte too many
    CHECK(list_code("01000000") == ErrorCode::corrupt);                             // count without items
    CHECK(list_code("ffffffff 00000000 00000000 00000000") == ErrorCode::corrupt);  // absurd count
    CHECK(list_code("01000000 00000000 00000000 ffffffff") == ErrorCode::corrupt);  // absurd length
    CHECK(list_code("01000000 00000000 00000000 00000000") == ErrorCode::ok);       // one empty item
    CHECK(list_code("02000000 00000000 00000000 00000000 00000000 00000000 00000000") ==
          ErrorCode::corrupt);  // twice
}

TEST_CASE("the preview has the documented bytes", "[format][preview]") {
    const auto parsed = parse_preview(from_hex(kGoldenPreview));
    REQUIRE(parsed.ok());
    CHECK(parsed.value().width == 2);
    CHECK(parsed.value().height == 5);
    CHECK(parsed.value().bands == 3);
    CHECK(parsed.value().pixels == Bytes{10, 20, 30, 40, 50, 60,    // none
                                         1,  2,  3,  5,  7,  9,     // sub
                                         2,  3,  4,  6,  8,  10,    // up
                                         10, 10, 11, 17, 18, 19,    // average
                                         11, 12, 14, 21, 23, 25});  // Paeth
}

TEST_CASE("previews come back exactly", "[format][preview]") {
    for (const auto& p : {sample_preview(1, 1, 1), sample_preview(128, 85, 3), sample_preview(3, 128, 1)}) {
        const auto payload = serialise_preview(p);
        REQUIRE(payload.ok());
        const auto back = parse_preview(payload.value());
        REQUIRE(back.ok());
        CHECK(back.value().width == p.width);
        CHECK(back.value().height == p.height);
        CHECK(back.value().bands == p.bands);
        CHECK(back.value().pixels == p.pixels);
    }
}

TEST_CASE("hostile previews are refused", "[format][preview]") {
    const Bytes golden = from_hex(kGoldenPreview);
    for (size_t n = 0; n < golden.size(); ++n) {
        CAPTURE(n);
        CHECK_FALSE(parse_preview(Bytes(golden.begin(), golden.begin() + static_cast<ptrdiff_t>(n))).ok());
    }
    const auto with = [&golden](size_t at, uint8_t value) {
        Bytes changed = golden;
        changed[at] = value;
        return parse_preview(changed).status().code();
    };
    CHECK(with(0, 0) == ErrorCode::corrupt);
    CHECK(with(0, 129) == ErrorCode::corrupt);
    CHECK(with(3, 1) == ErrorCode::corrupt);   // height 261
    CHECK(with(4, 2) == ErrorCode::corrupt);   // bands
    CHECK(with(10, 5) == ErrorCode::corrupt);  // filter
    CHECK(with(10, 1) == ErrorCode::ok);
    Preview wrong = sample_preview(4, 4, 1);
    wrong.pixels.pop_back();
    CHECK_FALSE(serialise_preview(wrong).ok());
}

TEST_CASE("a preview is the average of the picture, row by row", "[format][preview]") {
    // 256 x 2: pairs of columns and nothing else are averaged into 128 x 1.
    PreviewBuilder builder(256, 2, 1);
    Bytes row(256);
    for (size_t x = 0; x < 256; ++x) row[x] = static_cast<uint8_t>(x);
    builder.add_row(1, 0, row.data());
    for (auto& v : row) v = static_cast<uint8_t>(v < 254 ? v + 2 : 255);
    builder.add_row(0, 0, row.data());
    builder.add_row(2, 0, row.data());  // outside: ignored
    builder.add_row(0, 1, row.data());  // and so is this
    const Preview p = builder.finish();
    REQUIRE(p.width == 128);
    REQUIRE(p.height == 1);
    REQUIRE(p.pixels.size() == 128);
    CHECK(p.pixels[0] == 2);  // (0 + 1 + 2 + 3) / 4 = 1.5
    CHECK(p.pixels[100] == 202);
    CHECK(serialise_preview(p).ok());

    // Bands are averaged each by itself; one that nothing has arrived of is black.
    PreviewBuilder colours(2, 2, 3);
    colours.add_row(0, 2, row.data() + 10);
    colours.add_row(0, 0, row.data() + 20);
    colours.add_row(1, 0, row.data() + 30);
    CHECK(colours.finish().pixels == Bytes{22, 0, 12, 23, 0, 13, 32, 0, 0, 33, 0, 0});
}

TEST_CASE("a preview keeps the proportions and never enlarges", "[format][preview]") {
    const auto size = [](uint32_t w, uint32_t h) {
        const Preview p = PreviewBuilder(w, h, 3).finish();
        return std::pair<int, int>(p.width, p.height);
    };
    CHECK(size(3000, 2000) == std::pair<int, int>(128, 85));
    CHECK(size(2000, 3000) == std::pair<int, int>(85, 128));
    CHECK(size(100, 1) == std::pair<int, int>(100, 1));
    CHECK(size(100000, 1) == std::pair<int, int>(128, 1));
    CHECK(size(0x7FFFFFFF, 0x7FFFFFFF) == std::pair<int, int>(128, 128));
}
