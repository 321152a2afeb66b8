// The entropy coder: round trips, fixed bytes, overhead, and what it does with damaged streams.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/entropy/table_builder.h"

using namespace nae;

namespace {

struct Stream {
    std::vector<uint8_t> index;
    std::vector<int16_t> symbols;
};

SymbolCodec gaussian_codec(int count = 46) {
    auto codec = SymbolCodec::create(make_gaussian_tables(bias_for_smallest_scale(0.12), count));
    REQUIRE(codec.ok());
    return std::move(codec).value();
}

// `spread` scales the symbols against what the tables expect; above 1 provokes escapes.
Stream random_stream(size_t count, double zero_fraction, double spread, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::normal_distribution<double> normal;
    Stream stream;
    const int bias = bias_for_smallest_scale(0.12);
    for (size_t i = 0; i < count; ++i) {
        const int index = uniform(random) < zero_fraction ? 0 : 1 + static_cast<int>(random() % 45);
        const double value = index == 0 ? 0 : normal(random) * spread * table_scale(bias, index);
        stream.index.push_back(static_cast<uint8_t>(index));
        stream.symbols.push_back(static_cast<int16_t>(std::clamp(std::lround(value), -32767L, 32767L)));
    }
    return stream;
}

std::vector<uint8_t> encode(const SymbolCodec& codec, const Stream& stream) {
    auto bytes = codec.encode(stream.index.data(), stream.symbols.data(), stream.index.size());
    REQUIRE(bytes.ok());
    return std::move(bytes).value();
}

Status decode(const SymbolCodec& codec, const std::vector<uint8_t>& bytes, const Stream& stream,
              std::vector<int16_t>* out) {
    // Exactly as much room as promised, so that a sanitizer sees any access beyond it.
    out->assign(stream.index.size(), 77);
    const std::vector<uint8_t> exact(bytes);
    return codec.decode(exact.data(), exact.size(), stream.index.data(), stream.index.size(), out->data());
}

}  // namespace

TEST_CASE("rANS: round trip at all lane counts and densities", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    std::vector<int16_t> decoded;
    unsigned seed = 1;
    for (const size_t count :
         {0, 1, 2, 3, 7, 8, 9, 63, 1023, 1031, 2047, 2048, 2049, 5000, 16383, 16384, 16385, 16387, 60000}) {
        for (const double zeros : {0.0, 0.5, 0.98, 1.0}) {
            for (const double spread : {1.0, 8.0}) {
                const Stream stream = random_stream(count, zeros, spread, seed++);
                const auto bytes = encode(codec, stream);
                INFO("count " << count << ", zeros " << zeros << ", spread " << spread);
                const Status status = decode(codec, bytes, stream, &decoded);
                REQUIRE(status.message() == "");
                REQUIRE(decoded == stream.symbols);
            }
        }
    }
}

TEST_CASE("rANS: the first symbols of a stream alone", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    const Stream stream = random_stream(60000, 0.4, 3.0, 77);
    const auto bytes = encode(codec, stream);
    const auto first = [&](size_t size, size_t count, std::vector<int16_t>* out) {
        const std::vector<uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        out->assign(count, 77);
        return codec.decode_first(exact.data(), size, stream.index.data(), count, out->data());
    };
    std::vector<int16_t> decoded;
    for (const size_t count : {30000, 30001, 30002, 30003, 44444, 60000}) {
        const auto known = first(bytes.size(), count, &decoded);
        REQUIRE(known.ok());
        CHECK(known.value());
        CHECK(std::equal(decoded.begin(), decoded.end(), stream.symbols.begin()));
    }
    // Of fewer than 2^14 coded symbols the number of lanes is not known.
    const auto few = first(bytes.size(), 20000, &decoded);
    REQUIRE(few.ok());
    CHECK_FALSE(few.value());
    // What is missing is noticed.
    CHECK(first(bytes.size() / 8 * 2, 60000, &decoded).status().code() == ErrorCode::corrupt);
    CHECK(first(6, 60000, &decoded).status().code() == ErrorCode::corrupt);
    CHECK(first(bytes.size() - 1, 60000, &decoded).status().code() == ErrorCode::corrupt);
    std::vector<uint8_t> wild(60000, 200);
    CHECK(codec.decode_first(bytes.data(), bytes.size(), wild.data(), wild.size(), decoded.data())
              .status()
              .code() == ErrorCode::invalid_argument);
}

TEST_CASE("rANS: substreams, side by side", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    unsigned seed = 1;
    int cut = 0, missed = 0;
    for (const size_t count : {1, 2, 3, 4, 5, 9}) {
        for (const double spread : {1.0, 8.0, 300.0}) {
            CAPTURE(count, spread);
            // Of very different lengths, one of zeros alone, one empty; each begun or whole.
            std::vector<Stream> streams;
            std::vector<std::vector<uint8_t>> bytes;
            std::vector<std::vector<int16_t>> decoded;
            std::vector<Substream> lanes;
            for (size_t i = 0; i < count; ++i) {
                const size_t length = i == 2 ? 0 : 1 + (i * 7919 + seed * 104729) % 6000;
                streams.push_back(random_stream(length, i == 1 ? 1.0 : 0.3, spread, ++seed));
                const auto encoded = codec.encode(streams[i].index.data(), streams[i].symbols.data(), length,
                                                  StreamKind::substream);
                REQUIRE(encoded.ok());
                bytes.push_back(encoded.value());
                decoded.emplace_back(length, int16_t{77});
            }
            for (size_t i = 0; i < count; ++i) {
                const bool whole = i % 2 == 0;
                const size_t length = whole ? streams[i].index.size() : streams[i].index.size() * 2 / 3;
                lanes.push_back({bytes[i].data(), bytes[i].size(), streams[i].index.data(), length, whole,
                                 decoded[i].data()});
            }
            REQUIRE(codec.decode_side_by_side(lanes.data(), count).message() == "");
            for (size_t i = 0; i < count; ++i)
                CHECK(std::equal(streams[i].symbols.begin(),
                                 streams[i].symbols.begin() + static_cast<ptrdiff_t>(lanes[i].count),
                                 decoded[i].begin()));
            // What is left over or out of range is noticed, whichever stream it is in; a word that is missing at the end mostly,
            // since states then fall to what the first symbols of a table lead to, which may be 1.
            for (size_t i = 0; i < count; ++i) {
                if (!lanes[i].whole || bytes[i].size() < 6) continue;
                CAPTURE(i, lanes[i].count, bytes[i].size());
                const auto broken = [&](auto change) {
                    std::vector<uint8_t> copy(bytes[i]);
                    change(copy);
                    copy.shrink_to_fit();
                    auto with = lanes;
                    with[i].data = copy.data();
                    with[i].size = copy.size();
                    return codec.decode_side_by_side(with.data(), count).code() == ErrorCode::corrupt;
                };
                missed += broken([](auto& b) { b.resize(b.size() - 2); }) ? 0 : 1;
                ++cut;
                CHECK(broken([](auto& b) { b.resize(b.size() - 1); }));
                CHECK(broken([](auto& b) { b.resize(3); }));
                CHECK(broken([](auto& b) { b.resize(b.size() + 2); }));
                CHECK(broken([](auto& b) { b.at(2) = b.at(3) = 0; }));
            }
        }
    }
    CHECK(4 * missed < cut);
}

TEST_CASE("rANS: extreme symbols travel as escapes", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    Stream stream;
    for (int index = 1; index < 46; ++index) {
        for (const int symbol : {32767, -32767, 20000, -1, 0, 1, 2, -2, 17, 900, -900}) {
            stream.index.push_back(static_cast<uint8_t>(index));
            stream.symbols.push_back(static_cast<int16_t>(symbol));
        }
    }
    std::vector<int16_t> decoded;
    REQUIRE(decode(codec, encode(codec, stream), stream, &decoded).ok());
    CHECK(decoded == stream.symbols);
}

TEST_CASE("rANS: fixed bytes", "[rans]") {
    // One table with M = 1, f = {8, 16360, 8} for -1, 0, 1 and 8 for the escape.
    TableSet set;
    set.tables.resize(2);
    set.tables[1].max_symbol = 1;
    set.tables[1].escape_frequency = 8;
    set.tables[1].frequencies = {16360, 8};
    auto codec = SymbolCodec::create(set);
    REQUIRE(codec.ok());
    std::vector<int16_t> decoded;

    // From x = 65536 backwards. Symbol 0: f = 16360, c = 8: x = (65536 / 16360) 2^14 + 65536 % 16360 + 8 =
    // 65640.
    Stream stream{{1}, {0}};
    CHECK(encode(codec.value(), stream) == std::vector<uint8_t>({0x68, 0x00, 0x01, 0x00}));

    // Symbol 1 (c = 16368, f = 8), then 0: x = (65640 / 8) 2^14 + 0 + 16368 = 134446064 = 0x08037ff0.
    stream = Stream{{1, 0, 1}, {1, 0, 0}};
    CHECK(encode(codec.value(), stream) == std::vector<uint8_t>({0xf0, 0x7f, 0x03, 0x08}));

    // Escape: symbol -4, M = 1: k = 0, v = 2, q = 3, n = 2: raw bits 1, 0, then 1 (1 bit), sign 1.
    // Backwards: sign: x = 2^17 + 1; q: 2^18 + 3; 0: 2^19 + 6; 1: 2^20 + 13 = 1048589;
    // escape (c = 16376, f = 8): (1048589 / 8) 2^14 + 5 + 16376 = 131073 * 16384 + 16381 = 0x80007ffd.
    stream = Stream{{1}, {-4}};
    CHECK(encode(codec.value(), stream) == std::vector<uint8_t>({0xfd, 0x7f, 0x00, 0x80}));
    REQUIRE(decode(codec.value(), {0xfd, 0x7f, 0x00, 0x80}, stream, &decoded).ok());
    CHECK(decoded == stream.symbols);

    // Nothing coded, no bytes.
    CHECK(encode(codec.value(), Stream{{0, 0, 0}, {0, 0, 0}}).empty());
}

TEST_CASE("rANS: size is the entropy plus two bytes per lane", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    for (const size_t count : {200, 1500, 10000, 50000}) {
        const Stream stream = random_stream(count, 0.0, 1.0, 5);
        double bits = 0;
        for (size_t i = 0; i < count; ++i)
            bits += codec.cost(stream.index[i], std::abs(int{stream.symbols[i]}));
        const auto bytes = encode(codec, stream).size();
        const double overhead = static_cast<double>(bytes) - bits / 8;
        INFO("count " << count << ", bytes " << bytes);
        CHECK(overhead < 2.0 * lane_count(count) + 2.0 + 1e-4 * static_cast<double>(bytes));
        CHECK(overhead > 0);
    }
    CHECK(lane_count(500) == 1);
    CHECK(lane_count(100000) == 4);
}

TEST_CASE("rANS: damage is an error or at least stays inside its bounds", "[rans]") {
    const SymbolCodec codec = gaussian_codec();
    std::vector<int16_t> decoded;
    std::mt19937 random(3);
    for (const size_t count : {40, 3000, 20000}) {
        const Stream stream = random_stream(count, 0.3, 2.0, 11);
        const auto bytes = encode(codec, stream);
        REQUIRE(decode(codec, bytes, stream, &decoded).ok());
        // Cut and extended streams never decode.
        for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 97) {
            const std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
            CHECK(decode(codec, cut, stream, &decoded).code() == ErrorCode::corrupt);
        }
        std::vector<uint8_t> longer = bytes;
        longer.push_back(0);
        CHECK(decode(codec, longer, stream, &decoded).code() == ErrorCode::corrupt);
        longer.push_back(0);
        CHECK(decode(codec, longer, stream, &decoded).code() == ErrorCode::corrupt);
        // Flipped bits: a flip that only exchanges two symbols of equal frequency leaves no trace in the
        // state (finding those is the CRC's business); nearly all others do.
        int unnoticed = 0;
        for (int trial = 0; trial < 200; ++trial) {
            std::vector<uint8_t> damaged = bytes;
            damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1u << (random() % 8));
            if (decode(codec, damaged, stream, &decoded).ok()) ++unnoticed;
        }
        CHECK(unnoticed < 50);
        // Noise.
        for (int trial = 0; trial < 50; ++trial) {
            std::vector<uint8_t> noise(random() % 5000);
            for (uint8_t& b : noise) b = static_cast<uint8_t>(random());
            CHECK_FALSE(decode(codec, noise, stream, &decoded).ok());
        }
    }
}

TEST_CASE("rANS: misuse is refused", "[rans]") {
    const SymbolCodec codec = gaussian_codec(5);
    const uint8_t bad_index[] = {1, 5};
    const int16_t zeros[] = {0, 0};
    CHECK(codec.encode(bad_index, zeros, 2).status().code() == ErrorCode::invalid_argument);
    int16_t out[2];
    const uint8_t bytes[] = {0, 0, 1, 0};
    CHECK(codec.decode(bytes, 4, bad_index, 2, out).code() == ErrorCode::invalid_argument);
    // A certain zero that is not zero, and the one int16 value that has no opposite.
    const uint8_t certain[] = {0};
    const int16_t one[] = {1};
    CHECK(codec.encode(certain, one, 1).status().code() == ErrorCode::invalid_argument);
    const uint8_t index[] = {1};
    const int16_t lowest[] = {-32768};
    CHECK(codec.encode(index, lowest, 1).status().code() == ErrorCode::invalid_argument);
    // Bytes where none are due.
    CHECK(codec.decode(bytes, 4, certain, 1, out).code() == ErrorCode::corrupt);
    CHECK_FALSE(SymbolCodec::create(TableSet()).ok());
}

TEST_CASE("rANS: costs agree with the tables", "[rans]") {
    const TableSet set = make_gaussian_tables(bias_for_smallest_scale(0.12), 20);
    auto codec = SymbolCodec::create(set);
    REQUIRE(codec.ok());
    for (int i = 1; i < 20; ++i) {
        const FrequencyTable& table = set.tables[static_cast<size_t>(i)];
        CHECK(codec.value().cost(i, 0) == Approx(14 - std::log2(table.frequencies[0])).margin(1e-5));
        const int beyond = table.max_symbol + 1;
        CHECK(codec.value().cost(i, beyond) ==
              Approx(14 - std::log2(table.escape_frequency) + escape_bits(table.max_symbol, beyond)));
    }
}
