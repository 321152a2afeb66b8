// Entropy tables: construction, redundancy, serialised form, and what a hostile table set is refused for.
#include "codec/entropy/tables.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "codec/entropy/table_builder.h"

using namespace nae;

namespace {

// Table 1 with M = 1: 2^14 = 16384 = 4 + 16000 + 2 * 190.
TableSet tiny_set() {
    TableSet set;
    set.bias = -3;
    set.tables.resize(2);
    set.tables[1].max_symbol = 1;
    set.tables[1].escape_frequency = 4;
    set.tables[1].frequencies = {16000, 190};
    return set;
}

ErrorCode parse_error(const std::vector<uint8_t>& bytes) {
    return parse_table_set(bytes.data(), bytes.size(), nullptr).status().code();
}

}  // namespace

TEST_CASE("table set: serialised bytes", "[tables]") {
    std::vector<uint8_t> bytes;
    serialise_table_set(tiny_set(), bytes);
    // bias -3, N = 2, M = 1, escape 4, f[0] = 16000 = 0x3e80, f[1] = 190 = 0xbe
    const std::vector<uint8_t> expected = {0xfd, 0xff, 0xff, 0xff, 2, 0, 1, 0, 4, 0, 0x80, 0x3e, 0xbe, 0x00};
    CHECK(bytes == expected);

    bytes.push_back(0x55);  // what follows is not touched
    size_t consumed = 0;
    const auto parsed = parse_table_set(bytes.data(), bytes.size(), &consumed);
    REQUIRE(parsed.ok());
    CHECK(consumed == expected.size());
    CHECK(parsed.value() == tiny_set());
}

TEST_CASE("table set: every truncation is refused", "[tables]") {
    std::vector<uint8_t> bytes;
    serialise_table_set(make_gaussian_tables(879, 12), bytes);
    for (size_t size = 0; size < bytes.size(); ++size) {
        const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        INFO("size " << size);
        CHECK(parse_error(part) == ErrorCode::corrupt);
    }
    CHECK(parse_error(bytes) == ErrorCode::ok);
}

TEST_CASE("table set: inconsistent contents are refused", "[tables]") {
    const auto code_of = [](const TableSet& set) { return validate_table_set(set).code(); };
    CHECK(code_of(tiny_set()) == ErrorCode::ok);

    TableSet set = tiny_set();
    set.tables[1].frequencies[0] -= 1;  // sum is one short
    CHECK(code_of(set) == ErrorCode::corrupt);

    set = tiny_set();
    set.tables[1].escape_frequency = 0;
    set.tables[1].frequencies[0] += 4;
    CHECK(code_of(set) == ErrorCode::corrupt);

    set = tiny_set();
    set.tables[1].frequencies = {16380, 0};
    CHECK(code_of(set) == ErrorCode::corrupt);

    set = tiny_set();
    set.tables[1].max_symbol = 2;
    CHECK(code_of(set) == ErrorCode::corrupt);

    set = tiny_set();
    set.tables[1].max_symbol = kMaxTableSymbol + 1;
    CHECK(code_of(set) == ErrorCode::corrupt);

    set = tiny_set();
    set.tables.resize(1);
    CHECK(code_of(set) == ErrorCode::corrupt);
    set.tables.assign(257, tiny_set().tables[1]);
    CHECK(code_of(set) == ErrorCode::corrupt);
}

TEST_CASE("table set: index of a scale", "[tables]") {
    TableSet set = make_gaussian_tables(100, 10);
    CHECK(set.index_of(-100) == 0);
    CHECK(set.index_of(-101) == 0);
    CHECK(set.index_of(-37) == 0);
    CHECK(set.index_of(-36) == 1);
    CHECK(set.index_of(27) == 1);
    CHECK(set.index_of(28) == 2);
    CHECK(set.index_of(1'000'000'000'000) == 9);
    CHECK(set.index_of(-1'000'000'000'000) == 0);
}

TEST_CASE("gaussian and logistic tables cost almost nothing over the entropy", "[tables]") {
    const int bias = bias_for_smallest_scale(0.12);
    const int count = 46;  // up to sigma 246
    CHECK(table_scale(bias, 1) == Approx(0.12).epsilon(0.002));
    const TableSet gaussian = make_gaussian_tables(bias, count);
    const TableSet logistic = make_logistic_tables(bias, count);
    REQUIRE(validate_table_set(gaussian).ok());
    REQUIRE(validate_table_set(logistic).ok());
    REQUIRE(gaussian.count() == count);
    for (int i = 1; i < count; ++i) {
        const double sigma = table_scale(bias, i);
        INFO("sigma " << sigma);
        const auto normal = gaussian_magnitudes(sigma);
        const double entropy = entropy_bits(normal);
        const double redundancy = expected_bits(gaussian.tables[static_cast<size_t>(i)], normal) - entropy;
        CHECK(redundancy > -1e-9);  // no code beats the entropy
        CHECK(redundancy < 0.0001 + 0.0007 * entropy);
        const auto heavy = logistic_magnitudes(sigma);
        const double excess =
            expected_bits(logistic.tables[static_cast<size_t>(i)], heavy) - entropy_bits(heavy);
        CHECK(excess > -1e-9);
        CHECK(excess < 0.0002 + 0.002 * entropy_bits(heavy));
    }
    // Differential entropy of a normal variable: log2(sigma sqrt(2 pi e)).
    CHECK(entropy_bits(gaussian_magnitudes(16.0)) == Approx(4.0 + 2.0471).margin(0.001));
}

TEST_CASE("a table from a histogram reaches all counts", "[tables]") {
    const std::vector<double> histogram = {900, 60, 30, 0, 0, 0, 0, 10};
    const FrequencyTable table = make_frequency_table(histogram);
    TableSet set;
    set.tables = {FrequencyTable(), table};
    CHECK(validate_table_set(set).ok());
    CHECK(expected_bits(table, histogram) < entropy_bits(histogram) + 0.01);
}
