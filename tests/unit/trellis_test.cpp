// Dependent quantisation: the states, streams of paths, the search for the cheapest one, and files of models that have it.
#include "codec/entropy/trellis.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <set>

#include "codec/engine_kernels.h"
#include "codec/entropy/escape_code.h"
#include "codec/entropy/table_builder.h"
#include "codec/symbol_choice.h"
#include "format/crc32.h"
#include "format/little_endian.h"
#include "tests/unit/windows.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kTables = 46;

SymbolCodec trellis_codec() {
    const int bias = bias_for_smallest_scale(0.12);
    auto codec =
        SymbolCodec::create(make_gaussian_tables(bias, kTables), make_logistic_tables(bias, kTables));
    REQUIRE(codec.ok());
    return std::move(codec).value();
}

struct Path {
    std::vector<uint8_t> index;
    std::vector<int16_t> symbols;
};

// Levels as the tables expect, times `spread`.
Path random_path(size_t count, double zero_fraction, double spread, unsigned seed,
                 StreamKind kind = StreamKind::lanes) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::normal_distribution<double> normal;
    Path path;
    for (size_t i = 0; i < count; ++i)
        path.index.push_back(
            static_cast<uint8_t>(uniform(random) < zero_fraction ? 0 : 1 + random() % (kTables - 1)));
    path.symbols.assign(count, 0);
    const auto draw = [&](size_t i, int quantiser) {
        const double value =
            normal(random) * spread * table_scale(bias_for_smallest_scale(0.12), path.index[i]);
        const auto level =
            static_cast<int>(std::clamp(std::lround(value), -long{kMaxTrellisLevel}, long{kMaxTrellisLevel}));
        path.symbols[i] = static_cast<int16_t>(trellis_symbol(level, quantiser));
    };
    for_coded(path.index.data(), path.symbols.data(), count, true, draw, kind);
    return path;
}

Model trellis_model() {
    Model m = small_model();
    m.latent_tables_q1 = make_logistic_tables(m.latent_tables.bias, m.latent_tables.count());
    return m;
}

}  // namespace

TEST_CASE("trellis: two quantisers that have every value once, and states that are met by both parities",
          "[trellis]") {
    for (int symbol = -9; symbol <= 9; ++symbol) {
        CHECK(trellis_has(symbol, 0) == (symbol % 2 == 0));
        CHECK(trellis_has(symbol, 1) == (symbol == 0 || symbol % 2 != 0));
        for (int quantiser = 0; quantiser < 2; ++quantiser)
            if (trellis_has(symbol, quantiser))
                CHECK(trellis_symbol(trellis_level(symbol, quantiser), quantiser) == symbol);
    }
    CHECK(trellis_symbol(kMaxTrellisLevel, 0) <= INT16_MAX);
    for (size_t parity = 0; parity < 2; ++parity) {
        std::set<int> met, met_by_many;
        for (const auto& next : kTrellis8) met.insert(next[parity]);
        for (const auto& next : kTrellis256) met_by_many.insert(next[parity]);
        CHECK(met.size() == kTrellis8.size());
        CHECK(met_by_many.size() == kTrellis256.size());
    }
}

TEST_CASE("trellis: round trip at all lane counts, densities and sizes of symbols", "[trellis][rans]") {
    const SymbolCodec codec = trellis_codec();
    unsigned seed = 1;
    for (const size_t count : {0, 1, 2, 9, 1031, 2047, 2048, 5000, 16383, 16387, 60000}) {
        for (const double zeros : {0.0, 0.9, 1.0}) {
            for (const double spread : {1.0, 8.0, 3000.0}) {
                const Path path = random_path(count, zeros, spread, seed++);
                CAPTURE(count, zeros, spread);
                const auto bytes = codec.encode(path.index.data(), path.symbols.data(), count);
                REQUIRE(bytes.ok());
                std::vector<int16_t> decoded(count, 77);
                const std::vector<uint8_t> exact(bytes.value());
                const Status status =
                    codec.decode(exact.data(), exact.size(), path.index.data(), count, decoded.data());
                REQUIRE(status.message() == "");
                REQUIRE((decoded == path.symbols));
                const double bits = codec.stream_bits(path.index.data(), path.symbols.data(), count);
                const double real = 8.0 * static_cast<double>(exact.size());
                CHECK((real > 0.995 * bits - 1 && real < 1.005 * bits + 160));
                const auto first = codec.decode_first(exact.data(), exact.size(), path.index.data(),
                                                      count - count / 5, decoded.data());
                REQUIRE(first.ok());
                if (first.value())
                    CHECK(std::equal(decoded.begin(), decoded.end() - static_cast<ptrdiff_t>(count / 5),
                                     path.symbols.begin()));
            }
        }
    }
}

TEST_CASE("trellis: substreams of both numbers of states, decoded side by side", "[trellis][rans]") {
    const SymbolCodec codec = trellis_codec();
    unsigned seed = 100;
    for (const StreamKind kind : {StreamKind::substream8, StreamKind::substream}) {
        for (const size_t count : {1, 2, 9, 1031, 30000}) {
            for (const double spread : {1.0, 8.0, 3000.0}) {
                CAPTURE(static_cast<int>(kind), count, spread);
                const Path path = random_path(count, 0.3, spread, seed++, kind);
                const auto bytes = codec.encode(path.index.data(), path.symbols.data(), count, kind);
                REQUIRE(bytes.ok());
                std::vector<int16_t> whole(count, 77), half(count / 2, 77);
                const std::vector<uint8_t>& exact = bytes.value();
                const Substream lanes[2] = {
                    {exact.data(), exact.size(), path.index.data(), count, true, whole.data()},
                    {exact.data(), exact.size(), path.index.data(), count / 2, false, half.data()}};
                REQUIRE(codec.decode_side_by_side(lanes, 2, kind).message() == "");
                CHECK(whole == path.symbols);
                CHECK(std::equal(half.begin(), half.end(), path.symbols.begin()));
                const double bits = codec.stream_bits(path.index.data(), path.symbols.data(), count, kind);
                const double real = 8.0 * static_cast<double>(exact.size());
                CHECK((real > 0.995 * bits - 1 && real < 1.005 * bits + 64));
            }
        }
    }
}

TEST_CASE("trellis: what is no path, or out of range, is refused", "[trellis][rans]") {
    const SymbolCodec codec = trellis_codec();
    const std::vector<uint8_t> index = {20, 20, 20};
    const auto encoded = [&](std::vector<int16_t> symbols) {
        return codec.encode(index.data(), symbols.data(), symbols.size());
    };
    CHECK(encoded({2, 0, 0}).ok());                                            // state 0, level 1: state 2
    CHECK(encoded({4, 1, 0}).status().code() == ErrorCode::invalid_argument);  // state 0 again, and 1 is odd
    CHECK(encoded({0, 2, 1}).status().code() == ErrorCode::invalid_argument);  // states 0, 0, 2
    CHECK(encoded({2, 2, 1}).ok());                                            // states 0, 2, 3
    CHECK(encoded({2, 2, 2}).status().code() == ErrorCode::invalid_argument);
    CHECK(encoded({2, 2, -3}).ok());

    // A level that fits an ordinary stream, and whose symbol would not fit 16 bits.
    const auto plain = SymbolCodec::create(make_gaussian_tables(bias_for_smallest_scale(0.12), kTables));
    for (const int level :
         {kMaxTrellisLevel, -kMaxTrellisLevel, kMaxTrellisLevel + 1, -kMaxTrellisLevel - 1}) {
        const auto symbol = static_cast<int16_t>(level);
        int16_t decoded = 0;
        const auto bytes = plain.value().encode(index.data(), &symbol, 1).value();
        const Status status = codec.decode(bytes.data(), bytes.size(), index.data(), 1, &decoded);
        CHECK(status.ok() == (std::abs(level) <= kMaxTrellisLevel));
        if (status.ok()) CHECK(decoded == 2 * level);
    }
    const TableSet few = make_gaussian_tables(bias_for_smallest_scale(0.12), 4);
    CHECK(SymbolCodec::create(few, make_gaussian_tables(0, 5)).status().code() == ErrorCode::corrupt);
}

TEST_CASE("trellis: no path is cheaper than the one chosen", "[trellis]") {
    const SymbolCodec codec = trellis_codec();
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    constexpr int kLength = 5, kMost = 4;  // levels -4 .. 4: all that can pay
    const StreamKind kind = GENERATE(StreamKind::lanes, StreamKind::substream);
    for (int trial = 0; trial < 40; ++trial) {
        std::vector<uint8_t> index;
        std::vector<float> target, weight;
        for (int i = 0; i < kLength; ++i) {
            index.push_back(static_cast<uint8_t>(i == 2 && trial % 2 == 0 ? 0 : 1 + random() % 20));
            target.push_back(2 * normal(random));
            weight.push_back(1 + std::fabs(4 * normal(random)));
        }
        const auto cost_of = [&](const std::vector<int16_t>& symbols) {
            double cost = codec.stream_bits(index.data(), symbols.data(), kLength, kind);
            for (size_t i = 0; i < kLength; ++i)
                if (index[i] != 0)
                    cost += static_cast<double>(weight[i]) *
                            std::pow(static_cast<double>(target[i]) - symbols[i], 2);
            return cost;
        };
        std::vector<int16_t> chosen(kLength, 99);
        choose_symbols(codec, index.data(), target.data(), weight.data(), kLength, chosen.data(), kind);
        REQUIRE(codec.encode(index.data(), chosen.data(), kLength, kind).ok());
        double least = 1e30;
        std::vector<int16_t> levels(kLength, -kMost);
        for (bool more = true; more;) {
            std::vector<int16_t> symbols(kLength, 0);
            const auto follow = [&](size_t i, int quantiser) {
                symbols[i] = static_cast<int16_t>(trellis_symbol(levels[i], quantiser));
            };
            for_coded(index.data(), symbols.data(), kLength, true, follow, kind);
            least = std::min(least, cost_of(symbols));
            size_t digit = 0;
            while (digit < kLength && ++levels[digit] > kMost) levels[digit++] = -kMost;
            more = digit < kLength;
        }
        CHECK(cost_of(chosen) == Approx(least).epsilon(1e-5));
    }
}

TEST_CASE("trellis: all levels of the engine find the same path", "[trellis][kernels]") {
    std::mt19937 random(8);
    std::exponential_distribution<float> cost(0.3F);
    for (const size_t length : {0, 1, 7, 9, 255, 256, 2000}) {
        std::vector<TrellisCosts> costs(length);
        for (TrellisCosts& some : costs)
            for (float& c : some) c = random() % 8 == 0 ? 3.0F : cost(random);  // and some alike
        TrellisChoices expected;
        find_path256(costs, trellis_steps_scalar, expected);
        for (const EngineLevel level : available_engine_levels()) {
            CAPTURE(length, engine_level_name(level));
            TrellisChoices choices;
            find_path256(costs, kernels_for(level).value()->trellis_steps, choices);
            CHECK(choices == expected);
        }
    }
}

TEST_CASE("trellis: paths of long streams are as near as they should be", "[trellis]") {
    const SymbolCodec codec = trellis_codec();
    const StreamKind kind = GENERATE(StreamKind::lanes, StreamKind::substream);
    std::mt19937 random(6);
    std::uniform_real_distribution<float> uniform(-300, 300);
    constexpr size_t kLength = 40000;  // four lanes
    std::vector<uint8_t> index(kLength, 40);
    std::vector<float> target(kLength);
    for (float& t : target) t = uniform(random);
    const std::vector<float> weight(kLength, 100);  // so much that bits hardly count
    std::vector<int16_t> chosen(kLength);
    choose_symbols(codec, index.data(), target.data(), weight.data(), kLength, chosen.data(), kind);
    REQUIRE(codec.encode(index.data(), chosen.data(), kLength, kind).ok());
    double squares = 0;
    for (size_t i = 0; i < kLength; ++i)
        squares += std::pow(static_cast<double>(target[i]) - chosen[i], 2) / kLength;
    // A quantiser of step 2 has 4 / 12; eight states gain about 1.1 of the 1.53 dB that there are, 256 about 1.33 (Marcellin,
    // Fischer 1990).
    const double gain = 10 * std::log10(4.0 / 12 / squares);
    if (kind == StreamKind::lanes)
        CHECK((gain > 0.95 && gain < 1.2));
    else
        CHECK((gain > 1.25 && gain < 1.45));

    // Targets beyond all symbols, and none that can be coded.
    for (const float extreme : {1e9F, -1e9F}) {
        std::vector<float> far(100, extreme);
        std::vector<int16_t> symbols(100);
        choose_symbols(codec, index.data(), far.data(), weight.data(), 100, symbols.data(), kind);
        CHECK(codec.encode(index.data(), symbols.data(), 100, kind).ok());
        CHECK(std::abs(symbols[50]) > 32000);
    }
    const std::vector<uint8_t> zeros(7, 0);
    std::vector<int16_t> symbols(7, 5);
    choose_symbols(codec, zeros.data(), target.data(), weight.data(), 7, symbols.data(), kind);
    CHECK(symbols == std::vector<int16_t>(7, 0));
}

TEST_CASE("trellis: a model file with one", "[trellis][model]") {
    const Model m = trellis_model();
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const auto parsed = parse_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(parsed.ok());
    CHECK(parsed.value().latent_tables_q1 == m.latent_tables_q1);
    CHECK(serialise_model(parsed.value()).value() == bytes);
    CHECK(model_id(m).value() != model_id(small_model()).value());
    const auto refused = [&](auto change) {
        Model copy = m;
        change(copy);
        return validate(copy).code() == ErrorCode::corrupt;
    };
    CHECK(refused([](Model& x) { x.latent_tables_q1.bias += 1; }));
    CHECK(refused([](Model& x) { x.latent_tables_q1.tables.pop_back(); }));
    CHECK(refused([](Model& x) { x.latent_tables_q1.tables[3].escape_frequency += 1; }));

    // Bytes behind the tables, in a chunk whose length and CRC say so.
    std::vector<uint8_t> longer = bytes, tables;
    serialise_table_set(m.latent_tables_q1, tables);
    const std::string name = "TRLS";
    const auto chunk = std::search(longer.begin(), longer.end(), name.begin(), name.end());
    REQUIRE(chunk != longer.end());
    const auto at = static_cast<size_t>(chunk - longer.begin());
    store_le<uint64_t>(tables.size() + 2, longer.data() + at + 4);
    longer.insert(chunk + static_cast<ptrdiff_t>(12 + tables.size()), {0, 0});
    std::vector<uint8_t> covered(name.begin(), name.end());
    covered.insert(covered.end(), tables.begin(), tables.end());
    covered.insert(covered.end(), {0, 0});
    store_le(crc32_of(covered.data(), covered.size()), longer.data() + at + 12 + tables.size() + 2);
    CHECK(parse_model(longer.data(), longer.size(), "x.nam").status().message() ==
          "x.nam: TRLS: 2 unexpected bytes at the end");
}

TEST_CASE("trellis: any window is the crop of the whole", "[trellis][decoder]") {
    const auto ready = prepare_model(trellis_model(), "trellis.nam");
    REQUIRE(ready.ok());
    const Picture picture = make_picture(300, 210, 3);
    BlockMeans analysis;
    EncoderOptions options = small_options(ready.value(), analysis);
    options.quality = 80;
    const auto file = encode_bytes(options, picture);
    const auto decoder = open_bytes(file);
    const auto all = decode_all(*decoder);
    std::mt19937 rng(3);
    check_random_windows(*decoder, all, rng, 12);
    CHECK(psnr(picture, all) > 20);
}
