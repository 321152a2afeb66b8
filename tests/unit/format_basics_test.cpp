// Status and Result, checked arithmetic, little-endian access, text, CRC, deflate.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <vector>

#include "format/checked_math.h"
#include "format/crc32.h"
#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/prefault.h"
#include "format/status.h"
#include "format/text.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

Result<int> half(int v) {
    if (v % 2 != 0) return Status(ErrorCode::invalid_argument, cat(v, " is odd"));
    return v / 2;
}

Result<int> quarter(int v) {
    NAE_ASSIGN_OR_RETURN(const int h, half(v).in("first"));
    NAE_ASSIGN_OR_RETURN(const int q, half(h).in("second"));
    return q;
}

Status check(int v) {
    NAE_RETURN_IF_ERROR(quarter(v).status());
    return {};
}

}  // namespace

TEST_CASE("errors travel as values with their context in front", "[format]") {
    CHECK(Status().ok());
    CHECK(quarter(12).value() == 3);
    CHECK(quarter(6).status().message() == "second: 3 is odd");
    CHECK(check(5).code() == ErrorCode::invalid_argument);
    CHECK(check(5).in("a.nae").message() == "a.nae: first: 5 is odd");
    CHECK(Status().in("a.nae").ok());
    CHECK(Status(ErrorCode::truncated, "").message() == error_code_name(ErrorCode::truncated));
}

TEST_CASE("success without a value is our bug and says so", "[format]") {
    const Result<int> result{Status()};
    CHECK_FALSE(result.ok());
    CHECK(result.status().code() == ErrorCode::internal);
    CHECK(Status(ErrorCode::ok, "odd").code() == ErrorCode::internal);
}

TEST_CASE("every error code has wording of its own", "[format]") {
    std::vector<std::string> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
        names.emplace_back(error_code_name(static_cast<ErrorCode>(code)));
        CHECK(names.back() != "unknown error");
        CHECK(std::count(names.begin(), names.end(), names.back()) == 1);
    }
}

TEST_CASE("checked arithmetic notices overflow", "[format]") {
    uint64_t out = 0;
    CHECK(checked_mul<uint64_t>(1u << 20, 1u << 20, &out));
    CHECK(out == uint64_t{1} << 40);
    CHECK_FALSE(checked_mul<uint64_t>(uint64_t{1} << 32, uint64_t{1} << 32, &out));
    CHECK_FALSE(checked_mul<uint64_t>(uint64_t{1} << 32, 2, uint64_t{1} << 31, &out));
    CHECK_FALSE(checked_add<uint64_t>(~uint64_t{0}, 1, &out));
    int32_t narrow = 0;
    CHECK_FALSE(checked_add<int32_t>(std::numeric_limits<int32_t>::min(), -1, &narrow));
    CHECK(fits<uint8_t>(255));
    CHECK_FALSE(fits<uint8_t>(256));
    CHECK_FALSE(fits<uint32_t>(-1));
    CHECK_FALSE(fits<int64_t>(~uint64_t{0}));
    CHECK(ceil_div<uint32_t>(0xFFFFFFFF, 2) == 0x80000000);
    CHECK(ceil_div<uint32_t>(64, 64) == 1);
}

TEST_CASE("integers are stored least significant byte first", "[format]") {
    Bytes out;
    append_le<uint32_t>(out, 0x01020304);
    append_le<int16_t>(out, -2);
    CHECK(out == Bytes{4, 3, 2, 1, 0xFE, 0xFF});
    CHECK(load_le<uint32_t>(out.data()) == 0x01020304);
    CHECK(load_le<int16_t>(out.data() + 4) == -2);
    CHECK(load_le<uint64_t>(from_hex("00 00 00 00 00 00 00 80").data()) == uint64_t{1} << 63);
}

TEST_CASE("reading a payload past its end names the field", "[format]") {
    const Bytes bytes = {1, 2, 3};
    ByteReader in(bytes);
    uint16_t v = 0;
    REQUIRE(in.read("first", &v).ok());
    CHECK(v == 0x0201);
    CHECK_FALSE(in.expect_end().ok());
    const Status status = in.read("second", &v);
    CHECK(status.code() == ErrorCode::corrupt);
    CHECK(contains(status.message(), "second"));
    ByteSpan span;
    CHECK_FALSE(in.read_span("third", ~size_t{0}, &span).ok());
    CHECK(in.read_span("third", 1, &span).ok());
    CHECK(in.expect_end().ok());
}

TEST_CASE("text from files is made safe to print", "[format]") {
    CHECK(to_hex("\x8E\x01", 2) == "8e01");
    CHECK(printable("a\x1B[m", 4) == "a\\x1b[m");
    CHECK(is_plain_utf8(""));
    CHECK(is_plain_utf8("photo \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"));
    for (const char* bad : {"\n", "\x7F", "\xC2\x80", "\xC3", "\x80", "\xC0\xAF", "\xE0\x80\x80",
                            "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xE2\x82"}) {
        CAPTURE(printable(bad, std::strlen(bad)));
        CHECK_FALSE(is_plain_utf8(bad));
    }
}

TEST_CASE("CRC-32 is the usual one and can be joined", "[format]") {
    CHECK(crc32_of("123456789", 9) == 0xCBF43926);
    CHECK(crc32_of(nullptr, 0) == 0);
    CHECK(crc32_of("6789", 4, crc32_of("12345", 5)) == 0xCBF43926);
    CHECK(crc32_joined(crc32_of("12345", 5), crc32_of("6789", 4), 4) == 0xCBF43926);
    CHECK(crc32_joined(crc32_of("12345", 5), crc32_of("", 0), 0) == crc32_of("12345", 5));
}

TEST_CASE("deflate gives back what went in, and only streams of exactly the promised size", "[format]") {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{1000}, size_t{200000}}) {
        CAPTURE(size);
        Bytes bytes(size);
        for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * i >> 5);
        const auto packed = deflate_raw(bytes);
        REQUIRE(packed.ok());
        const auto back = inflate_raw(packed.value(), size);
        REQUIRE(back.ok());
        CHECK(back.value() == bytes);
        CHECK(inflate_raw(packed.value(), size + 1).status().code() == ErrorCode::corrupt);
        if (size > 0) CHECK_FALSE(inflate_raw(packed.value(), size - 1).ok());
        Bytes longer = packed.value();
        longer.push_back(0);
        CHECK_FALSE(inflate_raw(longer, size).ok());
        Bytes shorter = packed.value();
        shorter.pop_back();
        CHECK_FALSE(inflate_raw(shorter, size).ok());
    }
    // Must be refused without trying to allocate.
    CHECK(inflate_raw(Bytes{3, 0}, ~size_t{0} / 2).status().code() == ErrorCode::corrupt);
}

TEST_CASE("prefault: memory asked for at once is there, and nothing else changes", "[format]") {
    for (const size_t count : {size_t{0}, size_t{1}, size_t{1000}, size_t{65536}, size_t{1} << 20}) {
        std::vector<uint16_t> v(count);
        prefault(v.data(), count * sizeof(uint16_t));
        CHECK(std::all_of(v.begin(), v.end(), [](uint16_t value) { return value == 0; }));
    }
    // Values that stand there already stay.
    std::vector<uint8_t> v(300000, 9);
    prefault(v.data(), v.size());
    CHECK(std::all_of(v.begin(), v.end(), [](uint8_t value) { return value == 9; }));
}
