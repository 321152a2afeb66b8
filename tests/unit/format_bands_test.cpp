// BAND, lossless tiles and sample tables: bytes, checks, arithmetic.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "codec/lossless_tile.h"
#include "codec/pixel_output.h"
#include "codec/sample_table.h"
#include "format/band_table.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

// RGBA of UInt16 with nodata in the first band.
BandTable sample_table() {
    BandTable table;
    table.bands.resize(4);
    for (BandInfo& info : table.bands) info = {100, 4000, {}};
    table.bands[0].specials = {0};
    table.planes = {{PlaneKind::rgb, {0, 1, 2}}, {PlaneKind::lossless, {3}}, {PlaneKind::codes, {0}}};
    return table;
}

ErrorCode code_after(const std::function<void(BandTable&)>& change, DataType type = DataType::uint16) {
    BandTable table = sample_table();
    change(table);
    return check_band_table(table, type).code();
}

}  // namespace

TEST_CASE("BAND has the documented bytes", "[format][bands]") {
    const auto bytes = serialise_band_table(sample_table(), DataType::uint16);
    REQUIRE(bytes.ok());
    CHECK(bytes.value() == from_hex("04 00  03 00 00 00  02 00 00 01 00 02 00  03 03 00  04 00 00"
                                    "64 00 00 00 a0 0f 00 00 01 00 00 00 00"
                                    "64 00 00 00 a0 0f 00 00 00  64 00 00 00 a0 0f 00 00 00"));
    const auto back = parse_band_table(bytes.value(), DataType::uint16);
    REQUIRE(back.ok());
    CHECK(back.value().planes == sample_table().planes);
    CHECK(back.value().bands[0].specials == std::vector<double>{0});
    CHECK(back.value().bands[1].hi == 4000);
    for (size_t n = 0; n < bytes.value().size(); ++n) {
        CAPTURE(n);
        CHECK_FALSE(parse_band_table(ByteSpan(bytes.value().data(), n), DataType::uint16).ok());
    }
    const auto places = band_places(sample_table());
    CHECK(places[2].plane == 0);
    CHECK(places[2].channel == 2);
    CHECK(places[0].codes == 2);
    CHECK(places[3].plane == 1);
}

TEST_CASE("every field of BAND is checked", "[format][bands]") {
    CHECK(code_after([](BandTable&) {}) == ErrorCode::ok);
    CHECK(code_after([](BandTable& t) { t.bands.clear(); }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes.clear(); }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes[0].kind = PlaneKind{6}; }) == ErrorCode::unsupported);
    CHECK(code_after([](BandTable& t) { t.planes[0].bands[2] = 4; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes[0].bands[2] = 1; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes[0].bands[2] = 3; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes.pop_back(); }) == ErrorCode::ok);
    CHECK(code_after([](BandTable& t) { t.planes.erase(t.planes.begin() + 1); }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes[2].bands[0] = 1; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes[2].bands[0] = 3; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.planes.push_back({PlaneKind::mask, {}}); }) == ErrorCode::ok);
    CHECK(code_after([](BandTable& t) {
              t.planes.push_back({PlaneKind::mask, {}});
              t.planes.push_back({PlaneKind::mask, {}});
          }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[1].lo = 4001; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[1].hi = 65536; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[1].lo = 0.5; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[0].specials = {7, 7}; }) == ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[0].specials = {-1}; }) == ErrorCode::corrupt);
    const auto nan = [](BandTable& t) { t.bands[0].specials = {NAN, INFINITY, -INFINITY}; };
    CHECK(code_after(nan) == ErrorCode::corrupt);
    CHECK(code_after(nan, DataType::float32) == ErrorCode::ok);
    CHECK(code_after([](BandTable& t) { t.bands[1].hi = INFINITY; }, DataType::float32) ==
          ErrorCode::corrupt);
    CHECK(code_after([](BandTable& t) { t.bands[1].lo = NAN; }, DataType::float32) == ErrorCode::corrupt);
}

TEST_CASE("samples survive as bits", "[format][bands]") {
    CHECK(sample_bits(-1, DataType::int16) == 0xFFFFFFFF);
    CHECK(sample_value(0xFFFFFFFF, DataType::int32) == -1);
    CHECK(sample_value(0xFFFFFFFF, DataType::uint32) == 4294967295.0);
    CHECK(sample_bits(1.5, DataType::float32) == 0x3FC00000);
    CHECK(std::isnan(sample_value(sample_bits(NAN, DataType::float32), DataType::float32)));
}

TEST_CASE("lossless tiles come back, whatever they hold", "[format][bands]") {
    for (const size_t size : {1u, 2u, 4u}) {
        for (const int values : {1, 2, 3, 200}) {
            const LosslessShape shape{13, 21, size};
            std::vector<uint8_t> samples(shape.bytes());
            for (size_t i = 0; i < samples.size(); ++i)
                samples[i] =
                    static_cast<uint8_t>(i / size * i / size * 7 / 3 % static_cast<size_t>(values) + 9);
            for (const PlaneKind kind : {PlaneKind::codes, PlaneKind::mask}) {
                CAPTURE(size, values);
                const auto payload = encode_lossless_tile(samples, shape, kind);
                REQUIRE(payload.ok());
                const auto back = decode_lossless_tile(payload.value(), shape, kind);
                REQUIRE(back.ok());
                CHECK(back.value() == samples);
                for (size_t n = 1; n < payload.value().size(); ++n)
                    CHECK_FALSE(decode_lossless_tile(ByteSpan(payload.value().data(), n), shape, kind).ok());
            }
        }
    }
    const LosslessShape shape{2, 3, 1};
    CHECK(encode_lossless_tile(std::vector<uint8_t>(6, 255), shape, PlaneKind::lossless).value().empty());
    CHECK(encode_lossless_tile(std::vector<uint8_t>(6, 0), shape, PlaneKind::codes).value().empty());
    CHECK(encode_lossless_tile(std::vector<uint8_t>(6, 7), shape, PlaneKind::mask).value() ==
          std::vector<uint8_t>{0, 7});
    CHECK(decode_lossless_tile({}, shape, PlaneKind::mask).value() == std::vector<uint8_t>(6, 255));
    CHECK(*referenced_plane(lossless_reference(70000)).value() == 70000);
    CHECK_FALSE(referenced_plane(std::vector<uint8_t>{1, 0, 0}).ok());
    CHECK_FALSE(decode_lossless_tile(lossless_reference(0), shape, PlaneKind::codes).ok());
    CHECK_FALSE(decode_lossless_tile(std::vector<uint8_t>{9}, shape, PlaneKind::codes).ok());
}

TEST_CASE("sample tables: bytes are what pixel_output makes of them", "[format][bands]") {
    for (const int f : {1, 4, 7}) {
        const SampleTable rgb(BandInfo(), DataType::byte, f, PlaneKind::rgb);
        const SampleTable gray(BandInfo(), DataType::byte, f, PlaneKind::gray);
        size_t wrong = 0;
        for (int32_t v = -32767; v <= 32767; ++v) wrong += rgb(v) != sample_from(v, f);
        for (int32_t v = -3 * 32767; v <= 3 * 32767; ++v) wrong += gray(v) != gray_from(v, f);
        CHECK(wrong == 0);
    }
}

TEST_CASE("sample tables: ranges, ends, special values", "[format][bands]") {
    const SampleTable wide({-2147483648.0, 2147483647.0, {}}, DataType::int32, 4, PlaneKind::rgb);
    CHECK(wide(-32767) == 0x80000000);
    CHECK(wide(32767) == 0x7FFFFFFF);
    // FORMAT.md's worked examples.
    const SampleTable scaled({100, 4000, {}}, DataType::uint16, 4, PlaneKind::rgb);
    CHECK(scaled(0) == 2058);
    CHECK(scaled(1) == 2059);
    const SampleTable real({-0.5, 2.0, {}}, DataType::float32, 4, PlaneKind::rgb);
    CHECK(real(0) == 0x3F414141);
    // 7 and 8 are taken: 9 is next above; at the upper end the next below.
    const SampleTable special({0, 8, {7, 8}}, DataType::byte, 4, PlaneKind::rgb);
    CHECK(special(32767) == 6);
    const SampleTable inside({0, 20, {7, 8}}, DataType::byte, 4, PlaneKind::rgb);
    for (int32_t v = -2048; v < 2048; ++v) CHECK((inside(v) != 7 && inside(v) != 8));
    const SampleTable zero({0, 1, {0}}, DataType::float32, 4, PlaneKind::gray);
    CHECK(zero(-32767) == 1);  // the smallest positive number
    const SampleTable all({5, 5, {5}}, DataType::byte, 4, PlaneKind::rgb);
    CHECK(all(0) == 5);
}
