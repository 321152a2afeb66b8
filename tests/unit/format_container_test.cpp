// Chunks: golden bytes, unknown types, limits, misuse of the writer.
#include <catch2/catch.hpp>

#include "format/container.h"
#include "format/little_endian.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

Bytes chunk_file(const std::vector<std::pair<ChunkType, Bytes>>& chunks, const Signature& signature) {
    MemorySink sink;
    ChunkWriter writer(sink, signature);
    for (const auto& [type, payload] : chunks) REQUIRE(writer.write_chunk(type, payload).ok());
    REQUIRE(writer.finish().ok());
    CHECK(writer.position() == sink.bytes().size());
    return sink.take();
}

constexpr ChunkType kKnown("ABCD");

}  // namespace

TEST_CASE("chunks have the documented bytes", "[format][container]") {
    const Bytes file = chunk_file({{ChunkType("TDAT"), {0xAA, 0xBB, 0xCC}}}, kPictureSignature);
    CHECK(file == from_hex(std::string(kGoldenSignature) + kGoldenTileData + kGoldenEnd));
    const Bytes model = chunk_file({}, kModelSignature);
    CHECK(model == from_hex("8e 4e 41 4d 0d 0a 1a 0a" + std::string(kGoldenEnd)));
}

TEST_CASE("chunks come back as they were written", "[format][container]") {
    const Bytes payload = {1, 2, 3, 4, 5};
    const Bytes file = chunk_file({{kKnown, payload}, {ChunkType("eMPT"), {}}}, kModelSignature);
    const MemorySource source(ByteSpan(file), "m");
    ChunkReader reader(source, kModelSignature, Limits());
    REQUIRE(reader.open().ok());
    const auto first = reader.next();
    REQUIRE(first.ok());
    CHECK(first.value().type == kKnown);
    CHECK(first.value().offset == 8);
    CHECK(first.value().payload_offset == 20);
    CHECK(first.value().length == 5);
    CHECK(reader.read_payload(first.value()).value() == payload);
    CHECK(reader.check_crc(first.value()).ok());
    CHECK(reader.read_payload(first.value(), 4).status().code() == ErrorCode::limit_exceeded);
    const auto second = reader.next();
    REQUIRE(second.ok());
    CHECK_FALSE(second.value().type.critical());
    CHECK(reader.read_payload(second.value()).value().empty());
    REQUIRE(reader.next().value().type == kChunkEnd);
    CHECK(reader.next().status().code() == ErrorCode::invalid_argument);
}

TEST_CASE("a payload may be written in pieces", "[format][container]") {
    MemorySink sink;
    ChunkWriter writer(sink, kPictureSignature);
    REQUIRE(writer.begin_chunk(ChunkType("TDAT"), 3).ok());
    REQUIRE(writer.append(Bytes{0xAA}).ok());
    REQUIRE(writer.append(Bytes{}).ok());
    REQUIRE(writer.append(Bytes{0xBB, 0xCC}).ok());
    REQUIRE(writer.end_chunk().ok());
    REQUIRE(writer.finish().ok());
    CHECK(sink.bytes() == from_hex(std::string(kGoldenSignature) + kGoldenTileData + kGoldenEnd));
    CHECK(writer.write_chunk(kKnown, {}).code() == ErrorCode::internal);
}

TEST_CASE("the writer refuses a payload that does not match its length", "[format][container]") {
    MemorySink sink;
    ChunkWriter writer(sink, kPictureSignature);
    CHECK_FALSE(writer.append(Bytes{1}).ok());
    REQUIRE(writer.begin_chunk(kKnown, 2).ok());
    CHECK_FALSE(writer.begin_chunk(kKnown, 2).ok());
    REQUIRE(writer.append(Bytes{1}).ok());
    CHECK_FALSE(writer.end_chunk().ok());
    CHECK_FALSE(writer.append(Bytes{1, 2}).ok());
    ChunkWriter other(sink, kPictureSignature);
    CHECK_FALSE(other.write_chunk(ChunkType("1ABC"), {}).ok());
    CHECK_FALSE(other.write_chunk(ChunkType("A\nBC"), {}).ok());
}

TEST_CASE("a failing sink's error comes through", "[format][container]") {
    struct Full : ByteSink {
        Status write(const void*, size_t) override { return Status(ErrorCode::io, "out.nae: no space"); }
    } full;
    ChunkWriter writer(full, kPictureSignature);
    CHECK(writer.write_chunk(kKnown, {}).message() == "out.nae: no space");
}

TEST_CASE("the signature tells pictures, models and other files apart", "[format][container]") {
    const auto open_as_picture = [](const Bytes& bytes) {
        const MemorySource source(ByteSpan(bytes), "x");
        return ChunkReader(source, kPictureSignature, Limits()).open();
    };
    CHECK(open_as_picture(golden_file()).ok());
    CHECK(open_as_picture(chunk_file({}, kModelSignature)).code() == ErrorCode::not_nae);
    const std::string text = "just some text, named .nae";
    CHECK(open_as_picture(Bytes(text.begin(), text.end())).code() == ErrorCode::not_nae);
    CHECK(open_as_picture({}).code() == ErrorCode::truncated);
    CHECK(open_as_picture({0x8E, 'N'}).code() == ErrorCode::truncated);
    CHECK(open_as_picture({0x8E, 'X'}).code() == ErrorCode::not_nae);
    // What a transfer in text mode makes of it.
    Bytes unix_line_ends = golden_file();
    unix_line_ends.erase(unix_line_ends.begin() + 4);
    CHECK(open_as_picture(unix_line_ends).code() == ErrorCode::not_nae);
    CHECK(has_signature(golden_file(), kPictureSignature));
    CHECK_FALSE(has_signature(golden_file(), kModelSignature));
    CHECK_FALSE(has_signature(Bytes{0x8E, 'N', 'A', 'E', 0x0D, 0x0A, 0x1A}, kPictureSignature));
}

TEST_CASE("unknown chunks: ancillary ones are passed over, critical ones refused", "[format][container]") {
    const Bytes file =
        chunk_file({{ChunkType("xTRA"), {1, 2}}, {ChunkType("XTRA"), {1, 2}}}, kPictureSignature);
    const MemorySource source(ByteSpan(file), "x");
    ChunkReader reader(source, kPictureSignature, Limits());
    REQUIRE(reader.open().ok());
    CHECK(reader.skip_unknown(reader.next().value()).ok());
    const Status status = reader.skip_unknown(reader.next().value());
    CHECK(status.code() == ErrorCode::unsupported);
    CHECK(contains(status.message(), "XTRA"));
    CHECK(contains(status.message(), "26"));  // 8 + 12 + 2 + 4: where it starts
}

TEST_CASE("a damaged ancillary chunk is not passed over silently", "[format][container]") {
    Bytes file = chunk_file({{ChunkType("xTRA"), {1, 2}}}, kPictureSignature);
    file[20] ^= 1;
    const MemorySource source(ByteSpan(file), "x");
    ChunkReader reader(source, kPictureSignature, Limits());
    REQUIRE(reader.open().ok());
    const auto chunk = reader.next();
    REQUIRE(chunk.ok());
    CHECK(reader.skip_unknown(chunk.value()).code() == ErrorCode::corrupt);
    CHECK(reader.read_payload(chunk.value()).status().code() == ErrorCode::corrupt);
}

TEST_CASE("chunk lengths are not believed", "[format][container]") {
    const auto first_chunk = [](uint64_t length, const Limits& limits) {
        Bytes file = chunk_file({{kKnown, Bytes(100)}}, kPictureSignature);
        store_le(length, file.data() + 12);
        const MemorySource source(ByteSpan(file), "x");
        ChunkReader reader(source, kPictureSignature, limits);
        REQUIRE(reader.open().ok());
        const auto chunk = reader.next();
        return chunk.ok() ? reader.read_payload(chunk.value()).status() : chunk.status();
    };
    CHECK(first_chunk(100, Limits()).ok());
    CHECK(first_chunk(101, Limits()).code() == ErrorCode::corrupt);
    CHECK(first_chunk(1000, Limits()).code() == ErrorCode::truncated);
    for (uint64_t back = 0; back < 40; ++back) {
        CHECK(first_chunk(~uint64_t{0} - back, Limits()).code() == ErrorCode::truncated);
    }
    Limits tight;
    tight.max_chunk_bytes = 99;
    CHECK(first_chunk(100, tight).code() == ErrorCode::limit_exceeded);
}

TEST_CASE("a chunk that does not lie whole inside the file is not even listed", "[format][container]") {
    const Bytes file = chunk_file({{kKnown, {1, 2, 3}}}, kPictureSignature);
    const size_t end = 8 + 12 + 3 + 4;
    for (size_t n = 8; n < end; ++n) {
        CAPTURE(n);
        const MemorySource source(ByteSpan(file.data(), n), "x");
        ChunkReader reader(source, kPictureSignature, Limits());
        REQUIRE(reader.open().ok());
        CHECK(reader.next().status().code() == ErrorCode::truncated);
    }
}

TEST_CASE("an end chunk with a payload is refused", "[format][container]") {
    const Bytes file = chunk_file({{kChunkEnd, {1}}}, kPictureSignature);
    const MemorySource source(ByteSpan(file), "x");
    ChunkReader reader(source, kPictureSignature, Limits());
    REQUIRE(reader.open().ok());
    CHECK(reader.next().status().code() == ErrorCode::corrupt);
}

TEST_CASE("the number of chunks is limited", "[format][container]") {
    const Bytes file = chunk_file({{kKnown, {}}, {kKnown, {}}, {kKnown, {}}}, kPictureSignature);
    const MemorySource source(ByteSpan(file), "x");
    Limits limits;
    limits.max_chunks = 2;
    ChunkReader reader(source, kPictureSignature, limits);
    REQUIRE(reader.open().ok());
    REQUIRE(reader.next().ok());
    REQUIRE(reader.next().ok());
    CHECK(reader.next().status().code() == ErrorCode::limit_exceeded);
}
