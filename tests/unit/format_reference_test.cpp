// Two decoders, one page: tests/reference/reference_decoder.py was written from format/FORMAT.md alone, and must
// produce the same pixels as the library. Skipped, with a warning, where there is no python3.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "codec/decoder.h"
#include "codec/entropy/table_builder.h"
#include "codec/substreams.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "tests/unit/format_samples.h"
#include "tests/unit/random_context.h"
#include "tests/unit/random_lap.h"
#include "tests/unit/random_post_filter.h"
#include "tests/unit/random_restoration.h"
#include "tests/unit/reference_decoder.h"
#include "tests/unit/test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

struct Picture {
    int width, height, tile_size, bands, quality_centi, channels;
    int substreams;        // of the last tile; 0: as many as there are
    int filters;           // sets of the model's restoration filter; 0: it has none
    int known;             // channels of the latent that the model's context network looks at; 0: it has none
    bool laps = false;     // whether the model's blocks overlap
    bool trellis = false;  // whether its latent symbols depend on each other
    int post_filters = 0;  // sets of its post-filter; 0: it has none
};

// A synthesis in which every operator occurs.
Graph synthesis_of_everything(Random& rng, int c) {
    GraphBuilder b(c, -8191, 8191);
    const int linear = b.conv(b.input(), random_conv(rng, c, 3 * 256, 1, 1, 8191));
    int x = b.depth_to_space(b.conv(b.input(), random_conv(rng, c, 64, 3, 1, 8191)), 4);
    x = b.space_to_depth(x, 2);  // 16 channels at twice the latent's resolution
    std::vector<int32_t> mult;
    for (int i = 0; i < 8; ++i) mult.push_back(pick(rng, -200000, 200000));
    const int scaled = b.gain(b.slice(x, 3, 8), mult, -6000, 8191);
    x = b.concat({b.leaky_relu(x, 77), scaled});
    x = b.relu(b.conv(x, random_conv(rng, 24, 10, 5, 2, 8191)));
    x = b.conv(x, random_conv(rng, 10, 3 * 256, 1, 1, 8191));
    b.depth_to_space(b.add(linear, x, -4095, 4095), 16);
    return b.take();
}

// Analysis outputs that make symbols of all kinds: most near the mean (not a number stands for the mean
// itself), some far outside the tables.
std::vector<float> random_values(Random& rng, int64_t count, float spread) {
    std::normal_distribution<float> normal(0.0f, spread);
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) {
        const int kind = pick(rng, 0, 199);
        values.push_back(kind < 150   ? std::numeric_limits<float>::quiet_NaN()
                         : kind < 199 ? normal(rng)
                                      : normal(rng) * 20);
    }
    return values;
}

// The file, its model embedded.
Bytes encode_random(const Picture& p) {
    Random rng(static_cast<unsigned>(p.width));
    Model model = small_model(static_cast<unsigned>(p.height), p.channels, 4);
    model.synthesis = synthesis_of_everything(rng, p.channels);
    if (p.filters > 0) model.restoration = random_restoration(rng, p.filters, 3);
    if (p.post_filters > 0)
        model.post_filter = random_post_filter(rng, p.post_filters, 6, 1, model.output_frac_bits);
    if (p.known > 0) add_random_context(model, rng, p.known, 5);
    if (p.laps) {
        model.lap = random_lap(rng);
        model.analysis_lap.assign(kLapWeights, 0.0F);
    }
    if (p.trellis)
        model.latent_tables_q1 = make_logistic_tables(model.latent_tables.bias, model.latent_tables.count());
    const auto ready = prepare_model(std::move(model), "random");
    REQUIRE(ready.status().message() == "");
    const auto codec = TileCodec::create(ready.value(), p.quality_centi, Limits(), EngineLevel::automatic);
    REQUIRE(codec.ok());

    FileLayout layout;
    layout.header.width = static_cast<uint32_t>(p.width);
    layout.header.height = static_cast<uint32_t>(p.height);
    layout.header.tile_size_px = static_cast<uint16_t>(p.tile_size);
    layout.header.bands = static_cast<uint8_t>(p.bands);
    layout.header.colour = p.bands == 1 ? Colour::gray : Colour::rgb;
    layout.header.quality_centi = static_cast<uint16_t>(p.quality_centi);
    layout.header.model_id = ready.value()->id;
    layout.header.flags = kFlagManyStates;
    layout.model = ready.value()->decoding_part();
    layout.metadata.set("", "some", "metadata");

    const TileLayout tiles(p.width, p.height, p.tile_size);
    std::vector<Bytes> payloads;
    for (int64_t tile = 0; tile < tiles.count(); ++tile) {
        const Rect r = tiles.latent_rect(tile);
        const Extents hyper = TileLayout::hyper_extents(r.h, r.w);
        const std::vector<float> y = random_values(rng, r.h * r.w * p.channels, 300.0f);
        const std::vector<float> z = random_values(rng, hyper.h * hyper.w * 4, 60.0f);
        TileStatistics statistics;
        const auto payload =
            codec.value()->encode(y.data(), static_cast<ptrdiff_t>(r.w * p.channels), static_cast<int>(r.h),
                                  static_cast<int>(r.w), z.data(), QuantiserOptions(), &statistics);
        REQUIRE(payload.ok());
        payloads.push_back(payload.value());
        if (tile + 1 == tiles.count() && p.substreams > 0)
            CHECK(substream_count(statistics.coded_symbols) == p.substreams);
    }
    return written(layout, payloads);
}

Bytes decode_by_library(const Bytes& file, const Picture& p) {
    const auto decoder = Decoder::open(std::make_shared<MemorySource>(ByteSpan(file), "random.nae"), {});
    REQUIRE(decoder.status().message() == "");
    Bytes pixels(static_cast<size_t>(p.width * p.height * p.bands));
    REQUIRE(decoder.value()
                ->read_window(0, 0, static_cast<uint32_t>(p.width), static_cast<uint32_t>(p.height),
                              pixels.data(), ptrdiff_t{p.width} * p.bands)
                .ok());
    return pixels;
}

}  // namespace

TEST_CASE("a decoder written from FORMAT.md alone gives the same pixels", "[format][reference]") {
    if (!has_python()) return;
    const Picture pictures[] = {
        {170, 100, 64, 3, 7550, 12, 1, 4, 0},                // several tiles, edge tiles
        {33, 7, 64, 1, 100, 12, 1, 1, 0},                    // gray, less than a latent position high
        {1, 1, 4096, 3, 10000, 5, 1, 2, 0},                  // one pixel
        {300, 300, 512, 3, 3333, 30, 2, 0, 0},               // two substreams
        {400, 300, 512, 1, 9000, 80, 4, 0, 0},               // four
        {171, 100, 64, 3, 7550, 12, 0, 0, 12},               // a context, several tiles
        {2, 2, 64, 3, 10000, 5, 0, 2, 3},                    // a context, and no second position
        {301, 300, 512, 3, 9000, 30, 0, 0, 7},               // a context, more symbols
        {99, 70, 64, 3, 6000, 12, 1, 0, 0, true},            // overlap
        {17, 130, 64, 1, 8000, 8, 0, 3, 4, true},            // everything but
        {98, 70, 64, 3, 6000, 12, 1, 0, 0, false, true},     // symbols that depend on each other
        {302, 301, 512, 3, 9000, 30, 0, 0, 7, false, true},  // the same with a context
        {18, 131, 64, 3, 8000, 8, 0, 3, 4, true, true},      // everything but
        {67, 45, 64, 3, 8000, 8, 1, 0, 0, false, false, 4},  // a post-filter
        {33, 71, 64, 3, 4100, 8, 0, 3, 4, true, true, 3},    // everything
    };
    for (const Picture& p : pictures) {
        CAPTURE(p.width, p.height);
        const Bytes file = encode_random(p);
        REQUIRE_FALSE(file.empty());
        const Bytes expected = decode_by_library(file, p);
        CHECK(decode_by_reference(file) == expected);
        CHECK((p.width <= 2 ||
               std::count(expected.begin(), expected.end(), expected[0]) <
                   static_cast<ptrdiff_t>(expected.size() / 2)));  // a picture, not one flat value
    }
}
