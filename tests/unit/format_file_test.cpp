// Whole files: golden bytes, order of chunks, and what damage does to them.
#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "format/file_layout.h"
#include "format/little_endian.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

// As a decoder does: the layout, then every tile.
Status read_everything(const Bytes& bytes, const LayoutOptions& options = {}) {
    const MemorySource source(ByteSpan(bytes), "test.nae");
    NAE_ASSIGN_OR_RETURN(const FileLayout layout, read_layout(source, options));
    for (size_t i = 0; i < layout.tiles.size(); ++i) {
        NAE_RETURN_IF_ERROR(read_tile(source, layout.tile_data_offset, layout.tiles, i).status());
    }
    return {};
}

Bytes head_payload() { return serialise_header(sample_header()).value(); }

Bytes index_payload() {
    const Bytes chunk = from_hex(kGoldenTileIndex);
    return Bytes(chunk.begin() + 12, chunk.end() - 4);
}

struct Part {
    ChunkType type;
    Bytes payload;
};

const Part kHead = {kChunkHead, head_payload()};
const Part kIndex = {kChunkTileIndex, index_payload()};
const Part kData = {kChunkTileData, {0xAA, 0xBB, 0xCC}};
const Part kModelPart = {kChunkModel, {1}};
const Part kBandsPart = {kChunkBands, {1}};
const Part kPreviewPart = {kChunkPreview, serialise_preview(sample_preview()).value()};
const Part kStrangeAncillary = {ChunkType("zZZZ"), {9, 9}};
const Part kStrangeCritical = {ChunkType("ZZZZ"), {9, 9}};

Bytes file_of(const std::vector<Part>& parts) {
    MemorySink sink;
    ChunkWriter writer(sink, kPictureSignature);
    for (const Part& part : parts) REQUIRE(writer.write_chunk(part.type, part.payload).ok());
    REQUIRE(writer.finish().ok());
    return sink.take();
}

Status read_parts(const std::vector<Part>& parts) { return read_everything(file_of(parts)); }

}  // namespace

TEST_CASE("a minimal file has the documented bytes", "[format][file]") {
    FileLayout layout;
    layout.header = sample_header();
    CHECK(written(layout, sample_tiles()) == golden_file());
    CHECK(read_everything(golden_file()).ok());
    LayoutOptions verify;
    verify.verify_tiles = true;
    CHECK(read_everything(golden_file(), verify).ok());
}

TEST_CASE("a file with everything comes back", "[format][file]") {
    const auto layout = read_bytes(full_file());
    REQUIRE(layout.ok());
    CHECK(layout.value().header.width == 100);
    REQUIRE(layout.value().metadata.find("", "AREA_OR_POINT") != nullptr);
    CHECK(*layout.value().metadata.find("", "AREA_OR_POINT") == "Area");
    CHECK(layout.value().preview.pixels == Bytes{1, 2, 3, 200, 201, 202});
    CHECK(layout.value().model == Bytes{'m', 'o', 'd', 'e', 'l'});
    CHECK(layout.value().tiles.size() == 2);
    REQUIRE(layout.value().chunks.size() == 7);
    CHECK(layout.value().chunks[3].payload_offset == layout.value().tile_data_offset);
    CHECK(layout.value().chunks[4].type == kChunkPreview);
    CHECK(layout.value().chunks[5].type == kChunkModel);
    CHECK(layout.value().chunks[6].type == kChunkEnd);
}

TEST_CASE("a file cut anywhere is an error that names it", "[format][file]") {
    const Bytes whole = full_file();
    REQUIRE(read_everything(whole).ok());
    for (size_t n = 0; n < whole.size(); ++n) {
        CAPTURE(n);
        const Status status =
            read_everything(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n)));
        CHECK(status.code() == ErrorCode::truncated);
        CHECK(contains(status.message(), "test.nae: "));
    }
}

TEST_CASE("any flipped bit is found, without reading more than a decoder reads", "[format][file]") {
    const Bytes whole = full_file();
    for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
        CAPTURE(bit / 8, bit % 8);
        Bytes damaged = whole;
        damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ (1u << bit % 8));
        const Status status = read_everything(damaged);
        CHECK_FALSE(status.ok());
        CHECK(status.code() != ErrorCode::internal);
        CHECK(status.code() != ErrorCode::invalid_argument);
    }
}

TEST_CASE("any byte set to any value, or removed, or doubled, is found", "[format][file]") {
    const Bytes whole = golden_file();
    for (size_t at = 0; at < whole.size(); ++at) {
        CAPTURE(at);
        for (int value = 0; value < 256; ++value) {
            Bytes damaged = whole;
            damaged[at] = static_cast<uint8_t>(value);
            if (damaged != whole) CHECK_FALSE(read_everything(damaged).ok());
        }
        Bytes removed = whole;
        removed.erase(removed.begin() + static_cast<ptrdiff_t>(at));
        CHECK_FALSE(read_everything(removed).ok());
        if (at + 1 == whole.size()) break;  // the last byte doubled is a byte after the end: tolerated
        Bytes doubled = whole;
        doubled.insert(doubled.begin() + static_cast<ptrdiff_t>(at), whole[at]);
        CHECK_FALSE(read_everything(doubled).ok());
    }
}

TEST_CASE("damage in a tile costs that tile only", "[format][file]") {
    FileLayout layout;
    layout.header = sample_header();
    Bytes bytes = written(layout, {{1, 2, 3}, {4, 5, 6}});
    const uint64_t data = read_bytes(bytes).value().tile_data_offset;
    bytes[static_cast<size_t>(data)] ^= 1;
    const MemorySource source(ByteSpan(bytes), "test.nae");
    const auto read = read_layout(source);
    REQUIRE(read.ok());
    CHECK(read_tile(source, data, read.value().tiles, 0).status().code() == ErrorCode::corrupt);
    CHECK(read_tile(source, data, read.value().tiles, 1).value() == Bytes{4, 5, 6});
    LayoutOptions verify;
    verify.verify_tiles = true;
    CHECK(contains(read_layout(source, verify).status().message(), "test.nae: tile 0 at offset"));
}

TEST_CASE("unknown ancillary chunks may stand anywhere after the header", "[format][file]") {
    const Part& x = kStrangeAncillary;
    CHECK(read_parts({kHead, kIndex, kData}).ok());
    CHECK(read_parts({kHead, x, kIndex, x, kData, x, x}).ok());
    CHECK(read_parts({x, kHead, kIndex, kData}).code() == ErrorCode::corrupt);
    const Status status = read_parts({kHead, kStrangeCritical, kIndex, kData});
    CHECK(status.code() == ErrorCode::unsupported);
    CHECK(contains(status.message(), "ZZZZ"));
    CHECK(read_parts({kHead, kIndex, kData, kStrangeCritical}).code() == ErrorCode::unsupported);
}

TEST_CASE("preview and model may stand anywhere after the header", "[format][file]") {
    const std::vector<std::vector<Part>> orders = {
        {kHead, kPreviewPart, kModelPart, kIndex, kData},
        {kHead, kModelPart, kPreviewPart, kIndex, kData},
        {kHead, kIndex, kModelPart, kData, kPreviewPart},
        {kHead, kPreviewPart, kIndex, kData, kModelPart},
        {kHead, kIndex, kData, kPreviewPart, kModelPart},
        {kHead, kIndex, kData, kStrangeAncillary, kModelPart, kPreviewPart},
    };
    for (size_t i = 0; i < orders.size(); ++i) {
        CAPTURE(i);
        const auto layout = read_bytes(file_of(orders[i]));
        REQUIRE(layout.ok());
        CHECK(layout.value().model == kModelPart.payload);
        CHECK(layout.value().preview.pixels == Bytes{1, 2, 3, 200, 201, 202});
    }
}

TEST_CASE("a preview may be left as it is in the file, but its shape is looked at",
          "[format][file][preview]") {
    LayoutOptions packed;
    packed.pack_preview = true;
    const auto layout_of = [&](const Bytes& payload) {
        const MemorySource source(file_of({kHead, kIndex, kData, {kChunkPreview, payload}}), "p.nae");
        return read_layout(source, packed);
    };
    const auto layout = layout_of(kPreviewPart.payload);
    REQUIRE(layout.ok());
    CHECK(layout.value().preview.empty());
    CHECK(layout.value().preview.width == sample_preview().width);
    CHECK(layout.value().packed_preview == kPreviewPart.payload);
    CHECK(parse_preview(layout.value().packed_preview).value().pixels == sample_preview().pixels);

    Bytes broken = kPreviewPart.payload;
    broken[0] = 129;  // wide
    CHECK(layout_of(broken).status().code() == ErrorCode::corrupt);
    CHECK(layout_of({1, 0, 1}).status().code() == ErrorCode::corrupt);
    broken = kPreviewPart.payload;
    broken.resize(broken.size() - 1);  // rows that end early: for who wants to see them
    REQUIRE(layout_of(broken).ok());
    CHECK(parse_preview(layout_of(broken).value().packed_preview).status().code() == ErrorCode::corrupt);
}

TEST_CASE("a packed preview is kept in little memory, whatever its file makes of it",
          "[format][file][preview]") {
    LayoutOptions packed;
    packed.pack_preview = true;
    // Behind the shape 20,000 blocks of nothing, then the samples.
    constexpr size_t kShape = 5;
    Bytes padded(kPreviewPart.payload.begin(), kPreviewPart.payload.begin() + kShape);
    for (int i = 0; i < 20000; ++i) padded.insert(padded.end(), {0x00, 0x00, 0x00, 0xFF, 0xFF});
    padded.insert(padded.end(), kPreviewPart.payload.begin() + kShape, kPreviewPart.payload.end());
    const auto packed_of = [&](const Bytes& payload) {
        const MemorySource source(file_of({kHead, kIndex, kData, {kChunkPreview, payload}}), "p.nae");
        return read_layout(source, packed).value().packed_preview;
    };
    CHECK(parse_preview(padded).value().pixels == sample_preview().pixels);
    CHECK(packed_of(padded).size() <= kMostPackedPreviewBytes);
    CHECK(parse_preview(packed_of(padded)).value().pixels == sample_preview().pixels);
    padded.push_back(0);  // something behind the samples
    CHECK(packed_of(padded).size() <= kMostPackedPreviewBytes);
    CHECK(parse_preview(packed_of(padded)).status().code() == ErrorCode::corrupt);
}

TEST_CASE("missing, repeated and misplaced chunks are refused", "[format][file]") {
    const std::vector<std::vector<Part>> wrong = {
        {},
        {kHead},
        {kHead, kIndex},
        {kHead, kData},
        {kIndex, kData},
        {kHead, kHead, kIndex, kData},
        {kHead, kIndex, kIndex, kData},
        {kHead, kIndex, kData, kData},
        {kHead, kData, kIndex},
        {kIndex, kHead, kData},
        {kModelPart, kHead, kIndex, kData},
        {kHead, kModelPart, kBandsPart, kIndex, kData},
        {kHead, kModelPart, kModelPart, kIndex, kData},
        {kHead, kModelPart, kIndex, kData, kModelPart},
        {kHead, kPreviewPart, kIndex, kData, kPreviewPart},
        {kHead, kIndex, kModelPart},
    };
    for (size_t i = 0; i < wrong.size(); ++i) {
        CAPTURE(i);
        CHECK(read_parts(wrong[i]).code() == ErrorCode::corrupt);
    }
    CHECK(contains(read_parts({kHead, kData}).message(), "'TIDX' is missing"));
}

TEST_CASE("tile data that do not match the index are refused", "[format][file]") {
    CHECK(read_parts({kHead, kIndex, {kChunkTileData, {0xAA, 0xBB}}}).code() == ErrorCode::corrupt);
    CHECK(read_parts({kHead, kIndex, {kChunkTileData, {0xAA, 0xBB, 0xCC, 0}}}).code() == ErrorCode::corrupt);
    CHECK(read_parts({kHead, kIndex, {kChunkTileData, {0xAA, 0xBB, 0xCD}}}).code() == ErrorCode::corrupt);
    // A byte more, under the CRC that the index asks for.
    Bytes forged = golden_file();
    const size_t data = read_bytes(forged).value().tile_data_offset;
    forged[data - 8] = 4;
    forged.insert(forged.begin() + static_cast<ptrdiff_t>(data), 0x55);
    CHECK(contains(read_everything(forged).message(), "4 bytes, but the tile index adds up to 3"));
}

TEST_CASE("damage behind correct CRCs is survived", "[format][file]") {
    // What somebody hostile writes: payloads changed at random, CRCs made to fit. Whether a file still makes
    // sense varies; what counts is that every parser stays inside its bytes and calls nothing our own bug.
    const Bytes whole = full_file();
    const FileLayout layout = read_bytes(whole).value();
    std::mt19937 random(1);
    const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
    int accepted = 0;
    for (int round = 0; round < 5000; ++round) {
        const size_t victim = below(layout.chunks.size() - 1);
        MemorySink sink;
        ChunkWriter writer(sink, kPictureSignature);
        for (size_t i = 0; i + 1 < layout.chunks.size(); ++i) {
            const Chunk& chunk = layout.chunks[i];
            Bytes payload(whole.begin() + static_cast<ptrdiff_t>(chunk.payload_offset),
                          whole.begin() + static_cast<ptrdiff_t>(chunk.crc_offset()));
            if (i == victim) {
                for (size_t changes = 1 + below(4); changes > 0; --changes) {
                    const size_t kind = below(4);
                    if (kind == 0) payload.resize(below(payload.size() + 20));
                    if (kind != 0 && !payload.empty()) {
                        payload[below(payload.size())] = static_cast<uint8_t>(kind == 1   ? random()
                                                                              : kind == 2 ? 255
                                                                                          : 0);
                    }
                }
            }
            REQUIRE(writer.write_chunk(chunk.type, payload).ok());
        }
        REQUIRE(writer.finish().ok());
        const Status status = read_everything(sink.bytes());
        accepted += status.ok() ? 1 : 0;
        CHECK(status.code() != ErrorCode::internal);
        CHECK(status.code() != ErrorCode::invalid_argument);
    }
    CHECK(accepted > 0);
    CHECK(accepted < 4000);
}

TEST_CASE("bytes after the end are tolerated, except in a strict check", "[format][file]") {
    Bytes bytes = golden_file();
    bytes.push_back(0);
    CHECK(read_everything(bytes).ok());
    LayoutOptions verify;
    verify.verify_tiles = true;
    CHECK(read_bytes(bytes, verify).status().code() == ErrorCode::corrupt);
}

TEST_CASE("limits reach every chunk", "[format][file]") {
    const auto code_with = [](const std::function<void(Limits&)>& change) {
        LayoutOptions options;
        change(options.limits);
        return read_bytes(full_file(), options).status().code();
    };
    CHECK(code_with([](Limits&) {}) == ErrorCode::ok);
    CHECK(code_with([](Limits& l) { l.max_dimension = 99; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_pixels = 3999; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_tiles = 1; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_chunk_bytes = 33; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_metadata_bytes = 10; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_model_bytes = 4; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_tile_bytes = 2; }) == ErrorCode::limit_exceeded);
    CHECK(code_with([](Limits& l) { l.max_chunks = 6; }) == ErrorCode::limit_exceeded);
}

TEST_CASE("a writer given the wrong number of tiles writes nothing", "[format][file]") {
    FileLayout layout;
    layout.header = sample_header();
    MemorySink sink;
    CHECK(write_file(sink, layout, {{1}}).code() == ErrorCode::internal);
    layout.header.width = 0;
    CHECK_FALSE(write_file(sink, layout, {}).ok());
    CHECK(sink.bytes().empty());
}
