// Tiles: geometry of the latent raster, and the arithmetic between networks and symbols.
#include "codec/tile_layout.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "codec/entropy/table_builder.h"
#include "codec/latent_quantiser.h"
#include "codec/pixel_output.h"
#include "codec/substreams.h"
#include "codec/symbol_choice.h"
#include "codec/tile_cache.h"
#include "codec/tile_fetcher.h"

using namespace nae;

TEST_CASE("tile layout: tiles cover the latent raster once", "[tile_layout]") {
    for (const int64_t width : {1, 15, 16, 17, 511, 512, 513, 1300}) {
        for (const int64_t height : {1, 16, 500, 1024}) {
            const TileLayout layout(width, height, 512);
            CHECK(layout.latent() == Extents{(height + 15) / 16, (width + 15) / 16});
            int64_t area = 0;
            for (int64_t i = 0; i < layout.count(); ++i) {
                const Rect r = layout.latent_rect(i);
                CHECK_FALSE(r.empty());
                CHECK(whole(layout.latent()).contains(r));
                const TileRange range = layout.tiles_touching(r);
                CHECK(range.x1 - range.x0 == 1);
                CHECK(range.y1 - range.y0 == 1);
                CHECK(layout.number(range.x0, range.y0) == i);
                area += r.w * r.h;
            }
            CHECK(area == layout.latent().w * layout.latent().h);
        }
    }
    const TileLayout layout(1300, 600, 512);
    CHECK(layout.count() == 6);
    CHECK(layout.latent_rect(5) == Rect{64, 32, 18, 6});
    const TileRange touched = layout.tiles_touching(Rect{31, 0, 2, 33});
    CHECK((touched.x0 == 0 && touched.x1 == 2 && touched.y0 == 0 && touched.y1 == 2));
    CHECK(TileLayout::hyper_extents(6, 18) == Extents{2, 5});
    // The largest picture does not overflow.
    CHECK(TileLayout(2147483647, 2147483647, 64).count() == int64_t{33554432} * 33554432);
}

TEST_CASE("latents: table indices and dequantisation by hand", "[tile_layout]") {
    GainTable gains;
    gains.channels = 2;
    gains.anchors = 2;
    gains.log2_gain = {0, 0, -256, -256};
    gains.log2_inverse_unit = {256, 0};  // steps of 2 and 2 integer units
    TableSet tables = make_gaussian_tables(100, 10);
    const LatentScale scale = make_latent_scale(gains, tables, 5000, -100, 100);
    CHECK(scale.steps.step == std::vector<int32_t>({2 << 16, 2 << 16}));

    // (ls + L + B) >> 6: (28 + 0 + 100) / 64 = 2; (300 - 256 + 100) / 64 = 2.25
    const int16_t ls[] = {28, 300};
    uint8_t index[2];
    scale_indices(scale, ls, index);
    CHECK(index[0] == 2);
    CHECK(index[1] == 2);
    const int16_t extreme[] = {-32768, 32767};
    scale_indices(scale, extreme, index);
    CHECK(index[0] == 0);
    CHECK(index[1] == 9);
    // A bias beyond all reason saturates like exact arithmetic.
    tables.bias = -2147483647;
    scale_indices(make_latent_scale(gains, tables, 5000, -100, 100), extreme, index);
    CHECK(index[1] == 0);

    const int16_t symbols[] = {-3, 200}, mean[] = {50, -7};
    int16_t out[2];
    dequantise_position(scale, symbols, mean, out);
    CHECK(out[0] == 44);
    CHECK(out[1] == 100);  // clamped
    dequantise_position(scale, symbols, nullptr, out);
    CHECK(out[0] == -6);
    const int16_t none[] = {0, 0}, beyond[] = {3000, -3000};
    dequantise_position(scale, none, beyond, out);
    CHECK(out[0] == 100);
    CHECK(out[1] == -100);
}

TEST_CASE("quantiser: plain rounding, dead zone, and values that are no numbers", "[tile_layout]") {
    GainTable gains;
    gains.channels = 1;
    gains.anchors = 2;
    gains.log2_gain = {0, 0};
    gains.log2_inverse_unit = {512};  // step 4
    const TableSet tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 46);
    auto codec = SymbolCodec::create(tables);
    REQUIRE(codec.ok());
    const LatentScale scale = make_latent_scale(gains, tables, 100, -32767, 32767);
    const int16_t mean[] = {10};
    const auto choose = [&](double value, uint8_t index, bool rate_aware, double weight = 1.0) {
        const auto bits = static_cast<float>(kHighRateWeight * weight), v = static_cast<float>(value);
        float target = 77;
        int16_t symbol = 99;
        symbol_targets(scale, &v, mean, &index, &target);
        choose_symbols(codec.value(), &index, &target, rate_aware ? &bits : nullptr, 1, &symbol);
        return int{symbol};
    };
    CHECK(choose(10 + 4 * 2.4, 20, false) == 2);
    CHECK(choose(10 + 4 * 2.6, 20, false) == 3);
    CHECK(choose(10 - 4 * 2.6, 20, false) == -3);
    CHECK(choose(1e9, 20, false) == 32767);
    CHECK(choose(10 + 4 * 2.6, 0, false) == 0);  // certain zero
    CHECK(choose(NAN, 20, true) == 0);
    CHECK(choose(INFINITY, 20, false) == 0);

    // Narrow table (sigma 0.24): a 1 costs about 5 bits more than a 0, against 8.66 (0.6^2 - 0.4^2) = 1.7
    // saved.
    CHECK(choose(10 + 4 * 0.6, 5, false) == 1);
    CHECK(choose(10 + 4 * 0.6, 5, true) == 0);
    CHECK(choose(10 - 4 * 0.6, 5, true) == 0);
    CHECK(choose(10 + 4 * 0.6, 5, true, 100.0) == 1);
    // Wide table: neighbours cost the same, so rounding stays.
    CHECK(choose(10 + 4 * 7.6, 40, true) == 8);
    CHECK(choose(10 + 4 * 7.45, 40, true) == 7);

    // The weights in use grow with scale and quality, and stay finite for any bias.
    const std::vector<float> low = quantiser_weights(tables, 1000), high = quantiser_weights(tables, 9000);
    REQUIRE(low.size() == 46);
    CHECK(low[1] == Approx(kHighRateWeight * kWeightFactor).epsilon(0.05));
    for (size_t i = 2; i < 46; ++i) CHECK((low[i] >= low[i - 1] && high[i] >= low[i]));
    CHECK(high[1] > low[1]);
    TableSet odd = tables;
    odd.bias = -2147483647;
    for (const float w : quantiser_weights(odd, 5000)) CHECK((std::isfinite(w) && w > 0));
    // What is given back of what the analysis holds back: more of what is predicted to be small.
    const std::vector<float> released = release_factors(tables);
    CHECK(released[1] == Approx(kReleaseFactor * 12).epsilon(0.15));
    for (size_t i = 2; i < 46; ++i) CHECK((released[i] < released[i - 1] && released[i] > 0));
    for (const float f : release_factors(odd)) CHECK((std::isfinite(f) && f >= 0));
}

TEST_CASE("pixels: rounding and clamping", "[tile_layout]") {
    CHECK(sample_from(0, 4) == 128);
    CHECK(sample_from(7, 4) == 128);
    CHECK(sample_from(8, 4) == 129);
    CHECK(sample_from(-8, 4) == 128);
    CHECK(sample_from(-9, 4) == 127);
    CHECK(sample_from(32767, 4) == 255);
    CHECK(sample_from(-32767, 4) == 0);
    for (int frac_bits = 1; frac_bits <= 7; ++frac_bits) {
        for (int sum = -98301; sum <= 98301; sum += 37) {
            const double unit = std::exp2(frac_bits);
            const double exact = std::floor((2.0 * sum + 3 * unit) / (6 * unit)) + 128;
            const double limited = exact < 0 ? 0 : exact > 255 ? 255 : exact;
            REQUIRE(gray_from(sum, frac_bits) == limited);
        }
    }
}

TEST_CASE("tile cache: keeps what was used last", "[tile_layout]") {
    const auto tile = [](const TilePart& part) {  // 20 bytes a position
        return std::make_shared<DecodedTile>(
            DecodedTile{part, Tensor16(part.rows, part.right - part.left, 10)});
    };
    const TilePart row{1, 0, 10};
    TileCache cache(450);
    cache.insert(1, tile(row));
    cache.insert(2, tile(row));
    CHECK(cache.find(1) != nullptr);
    cache.insert(3, tile(row));  // drops 2
    CHECK(cache.find(2) == nullptr);
    CHECK(cache.find(1) != nullptr);
    CHECK(cache.find(3) != nullptr);
    CHECK(cache.used_bytes() == 400);
    cache.insert(3, tile(row));
    CHECK(cache.used_bytes() == 400);
    cache.insert(4, tile({1, 0, 50}));  // larger than the whole cache
    CHECK(cache.find(4) == nullptr);
    CHECK(cache.used_bytes() == 400);
    // A part of a tile gives way to another part, but not to one of itself.
    const LatentTile taller = tile({2, 2, 7});
    cache.insert(3, taller);
    CHECK(cache.find(3) == taller);
    cache.insert(3, tile({2, 3, 6}));
    CHECK(cache.find(3) == taller);
    CHECK(cache.used_bytes() == 400);
    cache.insert(3, tile({2, 1, 6}));
    CHECK(cache.find(3) != taller);
    CHECK(cache.find(3)->pixel(1, 1) == cache.find(3)->values.pixel(1, 0));
}

TEST_CASE("tiles: substreams cut every width into even columns, in order", "[tiles]") {
    for (const int w : {1, 2, 3, 7, 16, 17, 32, 255, 256}) {
        for (int count = 1; count <= kMaxSubstreams; ++count) {
            CAPTURE(w, count);
            CHECK(substream_begin(0, count, w) == 0);
            CHECK(substream_begin(count, count, w) == w);
            for (int k = 0; k < count; ++k) {
                CHECK((substream_begin(k, count, w) % 2 == 0 || substream_begin(k, count, w) == w));
                CHECK(substream_begin(k, count, w) <= substream_begin(k + 1, count, w));
            }
            for (int left = 0; left < w; left += 5) {
                for (int right = left + 1; right <= w; right += 3) {
                    const SubstreamRange r = substreams_of(left, right, count, w);
                    CHECK(substream_begin(r.first, count, w) <= left);
                    CHECK((left == 0 ? r.first == 0 : substream_begin(r.first + 1, count, w) > left));
                    CHECK((substream_begin(r.end, count, w) >= right &&
                           substream_begin(r.end - 1, count, w) < right));
                }
            }
        }
    }
}

TEST_CASE("tiles: which ones all threads decode together", "[tiles]") {
    CHECK(decode_together({1024, 512}, 2));  // 768x512 on two threads
    CHECK(decode_together({1024}, 2));
    CHECK(decode_together({65536, 65536, 5}, 2));
    CHECK(decode_together(std::vector<int64_t>(7, 1024), 8));
    // Two tiles and more for each thread go round.
    CHECK_FALSE(decode_together({1024, 1024, 608, 608, 416, 247}, 2));
    CHECK_FALSE(decode_together(std::vector<int64_t>(100, 1024), 8));
    // One thread has nobody to share with.
    CHECK_FALSE(decode_together({1024, 512, 3}, 1));
    // Tiles of 4096 pixels: one takes as much memory as 64 of the usual size.
    CHECK(decode_together(std::vector<int64_t>(6, 65536), 2));
    // A window that touches four tiles.
    CHECK(decode_together({140, 120, 60, 20}, 1));
    CHECK(decode_together({140, 120, 60, 20}, 2));
    CHECK(decode_together({}, 2));
}

TEST_CASE("tiles: how many at a time all threads decode together", "[tiles]") {
    using Counts = std::vector<size_t>;
    CHECK(tile_batches({1024, 512}, 2) == Counts{2});
    CHECK(tile_batches(std::vector<int64_t>(7, 1024), 2) == Counts{4, 3});
    CHECK(tile_batches(std::vector<int64_t>(7, 1024), 8) == Counts{7});
    CHECK(tile_batches({65536, 65536, 5}, 2) == Counts{1, 1, 1});
    CHECK(tile_batches({140, 120, 60, 20}, 1) == Counts{4});
    CHECK(tile_batches({}, 2).empty());
}

TEST_CASE("tiles: their pixels end where the picture ends", "[tiles]") {
    const TileLayout layout(770, 530, 512);
    CHECK(layout.pixel_rect(0) == Rect{0, 0, 512, 512});
    CHECK(layout.pixel_rect(3) == Rect{512, 512, 258, 18});
}
