// Work on several tiles, cut so that threads are done at the same time, and tiles decoded together.
#include "codec/tile_batch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "codec/row_shares.h"
#include "codec/stream_groups.h"
#include "codec/tile_layout.h"
#include "codec/tile_payload.h"
#include "tests/unit/random_context.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

int64_t positions_of(const RowShare& share, const std::vector<TileRows>& tiles) {
    int64_t sum = 0;
    for (const RowStrip& strip : share) sum += int64_t{strip.bottom - strip.top} * tiles[strip.tile].width;
    return sum;
}

}  // namespace

TEST_CASE("row shares: every row once, in order, cut in few places", "[tiles]") {
    Random rng(1);
    for (int round = 0; round < 500; ++round) {
        std::vector<TileRows> tiles(rng() % 6);
        for (TileRows& tile : tiles)
            tile = {static_cast<int>(rng() % 40), static_cast<int>(rng() % 33)};  // some of them empty
        const auto wanted = static_cast<int64_t>(1 + rng() % 9);
        const int unit = 1 + static_cast<int>(rng() % 8);
        const std::vector<RowShare> shares = cut_rows(tiles, wanted, unit);
        CAPTURE(round, wanted, unit);
        CHECK(static_cast<int64_t>(shares.size()) <= wanted);
        std::vector<int> next(tiles.size(), 0);
        size_t last = 0, cuts = 0;
        for (const RowShare& share : shares) {
            CHECK_FALSE(share.empty());
            for (const RowStrip& strip : share) {
                CHECK(strip.tile >= last);
                last = strip.tile;
                CHECK(strip.top == next[strip.tile]);
                CHECK(strip.bottom > strip.top);
                CHECK(strip.top % unit == 0);
                cuts += strip.top > 0;
                next[strip.tile] = strip.bottom;
            }
        }
        CHECK(cuts < static_cast<size_t>(wanted));
        for (size_t i = 0; i < tiles.size(); ++i) CHECK((next[i] == tiles[i].rows || tiles[i].width == 0));
    }
}

TEST_CASE("row shares: of about equal size", "[tiles]") {
    const auto sizes = [](const std::vector<TileRows>& tiles, int64_t shares, int unit) {
        std::vector<int64_t> found;
        for (const RowShare& share : cut_rows(tiles, shares, unit))
            found.push_back(positions_of(share, tiles));
        return found;
    };
    CHECK(sizes({{32, 32}, {32, 16}}, 2, 4) == std::vector<int64_t>{768, 768});  // 768 x 512 pixels
    CHECK(sizes({{32, 32}}, 4, 4) == std::vector<int64_t>(4, 256));
    CHECK(sizes({{32, 32}, {32, 32}}, 2, 4) == std::vector<int64_t>(2, 1024));  // a tile each
    CHECK(sizes({{6, 10}}, 2, 4) == std::vector<int64_t>{40, 20});
    CHECK(sizes({{2, 10}}, 3, 4) == std::vector<int64_t>{20});
    CHECK(sizes({}, 3, 4).empty());

    CHECK(shares_for({{32, 32}, {32, 16}}, 2, {512, 1}) == 4);
    CHECK(shares_for({{32, 32}, {32, 16}}, 1, {512, 16}) == 3);
    CHECK(shares_for({{18, 14}}, 2, {1024, 1}) == 2);
    CHECK(shares_for({}, 3, {512, 1}) == 3);
    // Wide tiles are not cut into slivers.
    CHECK(shares_for({{256, 256}}, 1, {512, 1}) == 128);
    CHECK(shares_for({{256, 256}}, 1, {512, 16}) == 16);
    CHECK(shares_for({{256, 256}}, 2, {1024, 32}) == 8);
}

TEST_CASE("stream groups: each substream once, no group too large, threads alike", "[tiles]") {
    Random rng(2);
    for (int round = 0; round < 300; ++round) {
        std::vector<uint64_t> costs(rng() % 40);
        for (uint64_t& cost : costs) cost = rng() % 1000;
        const int threads = 1 + static_cast<int>(rng() % 5);
        const auto groups = group_streams(costs, 4, threads);
        CAPTURE(round, costs.size(), threads);
        std::vector<int> seen(costs.size(), 0);
        for (const auto& group : groups) {
            CHECK((!group.empty() && group.size() <= 4));
            for (const size_t i : group) ++seen[i];
        }
        CHECK(std::count(seen.begin(), seen.end(), 1) == static_cast<ptrdiff_t>(seen.size()));
        CHECK(groups.size() <= (costs.size() + 3) / 4 + 2 * static_cast<size_t>(threads));
    }
    // Five substreams on two threads: not four and one. Eight and four shorter ones: like with like, and as much for each half.
    const auto five = group_streams(std::vector<uint64_t>(5, 10), 4, 2);
    REQUIRE(five.size() == 2);
    CHECK(std::max(five[0].size(), five[1].size()) == 3);
    std::vector<uint64_t> costs(8, 10);
    costs.resize(12, 5);
    const auto twelve = group_streams(costs, 4, 2);
    REQUIRE(twelve.size() == 4);
    uint64_t load[2] = {};
    for (size_t i = 0; i < 4; ++i)
        for (const size_t k : twelve[i]) load[i / 2] += costs[k];
    CHECK(load[0] == load[1]);
    // Of a large tile and a small one: not the large substreams for one thread and the small ones for the other.
    const std::vector<uint64_t> uneven{1876, 1436, 996, 970, 838, 628};
    const auto six = group_streams(uneven, 4, 2);
    REQUIRE(six.size() == 2);
    for (const auto& group : six) {
        uint64_t sum = 0;
        for (const size_t k : group) sum += uneven[k];
        CHECK(sum < 3500);  // half of all is 3372
    }
    CHECK(group_streams({}, 4, 2).empty());
    CHECK(group_streams({1, 2, 3, 4, 5}, 4, 1).size() == 2);
}

TEST_CASE("tile batch: parts of tiles decoded together are those of tiles decoded alone",
          "[tiles][threads]") {
    const bool with_context = GENERATE(true, false);
    Model m = small_model(3);
    Random rng(4);
    if (with_context) add_random_context(m, rng, kSmallLatents - 2, 6);
    const auto model = prepare_model(std::move(m), "batch.nam");
    REQUIRE(model.ok());
    const auto codec = TileCodec::create(model.value(), 6000, Limits(), EngineLevel::automatic).value();
    constexpr int kTiles = 4, kDamaged = 2;
    std::vector<uint8_t> payloads[kTiles];
    TilePart parts[kTiles];
    int h[kTiles], w[kTiles];
    for (int i = 0; i < kTiles; ++i) {
        h[i] = 9 + 4 * i;
        w[i] = 24 - 3 * i;
        const auto hyper = TileLayout::hyper_extents(h[i], w[i]);
        std::vector<float> y(static_cast<size_t>(h[i] * w[i] * kSmallLatents)),
            z(static_cast<size_t>(hyper.h * hyper.w * kSmallHypers));
        for (float& v : y) v = static_cast<float>(rng() % 4000) - 2000;
        for (float& v : z) v = static_cast<float>(rng() % 40) - 20;
        TileSymbols tile;
        REQUIRE(
            codec->quantise(y.data(), w[i] * kSmallLatents, h[i], w[i], z.data(), QuantiserOptions(), tile)
                .ok());
        tile.substreams = 3 + i;
        payloads[i] = codec->pack(tile, nullptr).value();
        parts[i] = TilePart{h[i] - 2 * i, i, w[i] - i, 3 * i};
    }
    // Of this one the last substream ends early, which shows where it is decoded to its end.
    parts[kDamaged] = TilePart{h[kDamaged], 0, w[kDamaged]};
    payloads[kDamaged].resize(payloads[kDamaged].size() - 2);
    for (const int threads : {0, 1, 2, 3}) {
        CAPTURE(with_context, threads);
        std::vector<BatchTile> tiles(kTiles);
        std::vector<BatchTile*> batch;
        for (int i = 0; i < kTiles; ++i) {
            BatchTile& t = tiles[static_cast<size_t>(i)];
            t.status = codec->begin_tile(ByteSpan(payloads[i]), h[i], w[i], parts[i], t.tile);
            REQUIRE(t.status.ok());
            batch.push_back(&t);
        }
        ThreadPool pool(std::max(threads, 1));
        const Status status =
            threads == 0
                ? decode_batch(*codec, batch, nullptr)
                : ThreadTeam::run(pool, [&](ThreadTeam& team) { return decode_batch(*codec, batch, &team); });
        CHECK(status.ok());
        for (int i = 0; i < kTiles; ++i) {
            CAPTURE(i);
            const BatchTile& t = tiles[static_cast<size_t>(i)];
            if (i == kDamaged) {
                CHECK(t.status.code() == ErrorCode::corrupt);
                continue;
            }
            CHECK(t.status.message() == "");
            PredictedTile alone;
            AlignedVector16 symbols;
            Tensor16 latent;
            REQUIRE(codec->predict_tile(ByteSpan(payloads[i]), h[i], w[i], parts[i], alone).ok());
            REQUIRE(codec->decode_symbols(alone, symbols).ok());
            REQUIRE(codec->dequantise(alone, symbols, latent).ok());
            CHECK(t.latent.data == latent.data);
        }
    }
}

TEST_CASE("tile batch: substreams without columns are empty, or the tile is damaged", "[tiles]") {
    const auto codec = TileCodec::create(small_ready_model(), 6000, Limits(), EngineLevel::automatic).value();
    constexpr int kHeight = 9, kWidth = 2;  // all columns are the second substream's
    const auto hyper = TileLayout::hyper_extents(kHeight, kWidth);
    std::vector<float> y(size_t{kHeight} * kWidth * kSmallLatents, 700.0F),
        z(static_cast<size_t>(hyper.h * hyper.w * kSmallHypers), 3.0F);
    TileSymbols tile;
    REQUIRE(
        codec->quantise(y.data(), kWidth * kSmallLatents, kHeight, kWidth, z.data(), QuantiserOptions(), tile)
            .ok());
    tile.substreams = 2;
    const std::vector<uint8_t> payload = codec->pack(tile, nullptr).value();
    ByteSpan rest(payload), hyper_stream;
    REQUIRE(cut_stream(rest, "hyper-latent", &hyper_stream).ok());
    std::vector<ByteSpan> streams[1];
    REQUIRE(cut_substreams(rest, 1, streams).ok());
    REQUIRE(streams[0].size() == 2);
    REQUIRE(streams[0][0].size() == 0);

    const auto decoded = [&](const std::vector<uint8_t>& first) {
        std::vector<uint8_t> bytes;
        append_stream(bytes, {hyper_stream.begin(), hyper_stream.end()});
        bytes.push_back(2);
        append_lengths(bytes, {first, {}});
        bytes.insert(bytes.end(), first.begin(), first.end());
        bytes.insert(bytes.end(), streams[0][1].begin(), streams[0][1].end());
        PredictedTile predicted;
        AlignedVector16 symbols;
        const TilePart whole{kHeight, 0, kWidth};
        REQUIRE(codec->predict_tile(ByteSpan(bytes), kHeight, kWidth, whole, predicted).ok());
        return codec->decode_symbols(predicted, symbols);
    };
    CHECK(decoded({}).message() == "");
    CHECK(decoded({0, 0}).code() == ErrorCode::corrupt);
    CHECK(decoded({1, 0, 0, 0}).code() == ErrorCode::corrupt);
}
