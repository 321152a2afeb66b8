// The worked examples of format/FORMAT.md are read from the page itself and checked, so that neither can
// drift.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "codec/engine.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/gains.h"
#include "codec/graph_io.h"
#include "codec/lossless_tile.h"
#include "codec/pixel_output.h"
#include "codec/post_filter.h"
#include "format/crc32.h"
#include "format/little_endian.h"
#include "tests/unit/format_samples.h"

using namespace nae;
using namespace nae::test;

namespace {

bool is_hex_byte(const std::string& token) {
    return token.size() == 2 && token.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Blocks fenced by "```hex <name>". In each line the bytes come first; from the first other word on it is a
// comment.
std::map<std::string, Bytes> examples() {
    std::ifstream page(NAE_SOURCE_DIR "/format/FORMAT.md");
    std::map<std::string, Bytes> blocks;
    std::string line;
    std::string name;
    while (std::getline(page, line)) {
        if (line.rfind("```", 0) == 0) {
            name = line.rfind("```hex ", 0) == 0 ? line.substr(7) : "";
            continue;
        }
        if (name.empty()) continue;
        std::istringstream words(line);
        for (std::string word; words >> word && is_hex_byte(word);) {
            const Bytes byte = from_hex(word);
            blocks[name].insert(blocks[name].end(), byte.begin(), byte.end());
        }
    }
    return blocks;
}

}  // namespace

TEST_CASE("FORMAT.md: container and picture", "[format][document]") {
    const auto blocks = examples();
    REQUIRE(blocks.size() == 11);
    CHECK(blocks.at("picture") == golden_file());
    CHECK(blocks.at("chunk") == from_hex(std::string(kGoldenTileData) + kGoldenEnd));
    CHECK(crc32_of("123456789", 9) == 0xCBF43926);
}

TEST_CASE("FORMAT.md: bands and exact tiles", "[format][document]") {
    const auto table = parse_band_table(examples().at("bands"), DataType::uint16);
    REQUIRE(table.ok());
    REQUIRE(table.value().planes.size() == 3);
    CHECK(table.value().planes[0] == Plane{PlaneKind::rgb, {0, 1, 2}});
    CHECK(table.value().planes[2] == Plane{PlaneKind::codes, {0}});
    CHECK(serialise_band_table(table.value(), DataType::uint16).value() == examples().at("bands"));
    const auto tile = decode_lossless_tile(examples().at("exact"), {3, 10, 1}, PlaneKind::codes);
    REQUIRE(tile.ok());
    CHECK(tile.value() ==
          Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0});
}

TEST_CASE("FORMAT.md: metadata and preview", "[format][document]") {
    const auto metadata = parse_metadata(examples().at("metadata"), Limits());
    REQUIRE(metadata.ok());
    REQUIRE(metadata.value().items().size() == 2);
    CHECK(metadata.value().items()[0] == MetadataItem{"", "AREA", "x"});
    CHECK(metadata.value().items()[1] == MetadataItem{"NAE", "ICC", std::string("\0\x01", 2)});
    const auto preview = parse_preview(examples().at("preview"));
    REQUIRE(preview.ok());
    CHECK(preview.value().pixels == Bytes{10, 20, 30, 40, 50, 60, 1,  2,  3,  5,  7,  9,  2,  3,  4,
                                          6,  8,  10, 10, 10, 11, 17, 18, 19, 11, 12, 14, 21, 23, 25});
}

TEST_CASE("FORMAT.md: graph", "[format][document]") {
    const Bytes bytes = examples().at("graph");
    auto graph = parse_graph(bytes.data(), bytes.size(), "example");
    REQUIRE(graph.ok());
    CHECK(serialise_graph(graph.value()).value() == bytes);
    const auto packed = PackedGraph::create(std::move(graph).value());
    REQUIRE(packed.ok());
    const std::pair<int16_t, std::vector<int16_t>> cases[] = {
        {10, {5, 3, 3, -3}}, {-10, {-5, -2, -2, 2}}, {100, {50, 25, 25, -25}}};
    for (const auto& [value, expected] : cases) {
        CAPTURE(value);
        Tensor16 in(1, 1, 1);
        in.at(0, 0, 0) = value;
        Tensor16 out;
        REQUIRE(Engine::run(packed.value(), {1, 1}, in, {0, 0, 1, 1}, {0, 0, 2, 2}, out, EngineLevel::scalar)
                    .ok());
        REQUIRE(out.data.size() == 4);
        CHECK(std::vector<int16_t>(out.data.begin(), out.data.end()) == expected);
    }
}

TEST_CASE("FORMAT.md: gains", "[format][document]") {
    CHECK(dequant_step(1024, 256) == 524288);
    CHECK(dequant_step(1024, 324) == 436123);
    CHECK(kExp2Table[0] == 1073741824);
    CHECK(kExp2Table[1] == 1076653033);
    CHECK(kExp2Table[128] == 1518500250);
    CHECK(kExp2Table[188] == 1786359126);
    CHECK(kExp2Table[255] == 2141676973);
    Bytes table;
    for (const uint32_t v : kExp2Table) append_le(table, v);
    CHECK(crc32_of(table.data(), table.size()) == 0xB7F11F0B);
}

TEST_CASE("FORMAT.md: entropy-coded stream", "[format][document]") {
    TableSet set;
    set.tables = {FrequencyTable(), FrequencyTable{1, 384, {8000, 4000}}};
    const auto codec = SymbolCodec::create(set);
    REQUIRE(codec.ok());
    const Bytes index = {1, 1, 0, 1, 1, 1};  // a certain zero in between costs nothing
    const std::vector<int16_t> symbols = {0, 1, 0, -4, 0, 20};
    const Bytes stream = examples().at("stream");
    CHECK(codec.value().encode(index.data(), symbols.data(), symbols.size()).value() == stream);
    std::vector<int16_t> decoded(symbols.size(), -1);
    REQUIRE(
        codec.value().decode(stream.data(), stream.size(), index.data(), index.size(), decoded.data()).ok());
    CHECK(decoded == symbols);
}

TEST_CASE("FORMAT.md: symbols that depend on each other", "[format][document]") {
    TableSet q0, q1;
    q0.tables = {FrequencyTable(), FrequencyTable{1, 384, {8000, 4000}}};
    q1.tables = {FrequencyTable(), FrequencyTable{1, 384, {6000, 5000}}};
    const auto codec = SymbolCodec::create(q0, q1);
    REQUIRE(codec.ok());
    const Bytes index(6, 1);
    const std::vector<int16_t> symbols = {2, 0, -1, 5, 0, -4}, levels = {1, 0, -1, 3, 0, -2};
    const std::vector<int> quantisers = {0, 0, 1, 1, 1, 0};
    const Bytes stream = examples().at("trellis");
    CHECK(codec.value().encode(index.data(), symbols.data(), symbols.size()).value() == stream);
    std::vector<int16_t> decoded(symbols.size(), -1);
    REQUIRE(
        codec.value().decode(stream.data(), stream.size(), index.data(), index.size(), decoded.data()).ok());
    CHECK(decoded == symbols);
    for_coded(index.data(), symbols.data(), index.size(), true, [&](size_t i, int quantiser) {
        CHECK(quantiser == quantisers[i]);
        CHECK(trellis_level(symbols[i], quantiser) == levels[i]);
    });

    const std::vector<int16_t> turns = {2, 0, -2, 6, -3, -4};
    const Bytes many = examples().at("many-states");
    CHECK(codec.value().encode(index.data(), turns.data(), turns.size(), StreamKind::substream).value() ==
          many);
    const Substream stream_of_turns{many.data(),  many.size(), index.data(),
                                    index.size(), true,        decoded.data()};
    REQUIRE(codec.value().decode_side_by_side(&stream_of_turns, 1).ok());
    CHECK(decoded == turns);
    CHECK(kTrellis256[0][1] == 121);
    for (size_t t = 0; t < 256; ++t)
        for (size_t odd = 0; odd < 2; ++odd)
            CHECK(kTrellis256[t][odd] == ((t / 2) ^ (t % 2 == 1 ? 166 : 0) ^ (odd == 1 ? 121 : 0)));
}

TEST_CASE("FORMAT.md: pixels", "[format][document]") {
    CHECK(sample_from(8, 4) == 129);
    CHECK(sample_from(-8, 4) == 128);
    CHECK(sample_from(-9, 4) == 127);
    CHECK(gray_from(-25, 4) == 127);
    CHECK(gray_from(-24, 4) == 128);
}

TEST_CASE("FORMAT.md: post-filter", "[format][document]") {
    const Bytes bytes = examples().at("post-filter");
    const auto filter = parse_post_filter(ByteSpan(bytes));
    REQUIRE(filter.status().message() == "");
    CHECK(validate(filter.value(), 4).status().message() == "");
    CHECK(serialise_post_filter(filter.value()).value() == bytes);
    const std::pair<int, std::vector<int16_t>> cases[] = {
        {100, {110, 60, 0}}, {5049, {110, 60, 0}}, {5050, {125, 63, 4}}, {10000, {125, 63, 4}}};
    for (const auto& [quality_centi, expected] : cases) {
        CAPTURE(quality_centi);
        const auto packed = PackedGraph::create(filter.value().at(filter.value().set_of(quality_centi)));
        REQUIRE(packed.ok());
        const int16_t position[] = {100, 50, 10};
        Tensor16 out;
        REQUIRE(Engine::run(packed.value(), {1, 1}, TensorView16(position, 1, 1, 3), {0, 0, 1, 1},
                            {0, 0, 1, 1}, out, EngineLevel::scalar)
                    .ok());
        CHECK(std::vector<int16_t>(out.data.begin(), out.data.end()) == expected);
    }
}
