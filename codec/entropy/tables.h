// Frequency tables of the entropy coder: the data part. See codec/entropy/symbol_codec.h for the coder
// itself.
//
// A table set serves one kind of symbol (latent or hyper-latent). Table i models a zero-mean symbol whose
// scale is a quarter octave above that of table i - 1. Index 0 is special: "certain zero", nothing is coded.
//
// Byte layout of one serialised table set (little-endian), as it stands twice (latent, hyper) in chunk TABL:
//   i32 bias            B in  index = clamp((log2_scale + B) >> 6, 0, N - 1), 1/256 octave
//   u16 N               number of indices, 2..256; table 0 is not stored
//   for table 1 .. N-1:
//     u16 M             symbols -M..M are in the table, 0 <= M <= kMaxTableSymbol
//     u16 escape        frequency of the escape symbol, >= 1
//     u16 f[M + 1]      frequencies of |symbol| = 0 .. M, each >= 1; f[-s] = f[s]
//     with  escape + f[0] + 2 (f[1] + ... + f[M]) = 2^kProbabilityBits
#ifndef NAE_CODEC_ENTROPY_TABLES_H_
#define NAE_CODEC_ENTROPY_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/status.h"

namespace nae {

// Frequencies of a table sum to 2^kProbabilityBits. tests/unit/tables_test.cpp states the redundancy this
// buys.
constexpr int kProbabilityBits = 14;
constexpr int kProbabilityTotal = 1 << kProbabilityBits;
// Largest M of a table; larger symbols are coded as escapes. Bounds memory of a hostile model.
constexpr int kMaxTableSymbol = 2047;
// Table indices are bytes.
constexpr int kMaxTableCount = 256;

// Model of one zero-mean, symmetric symbol.
struct FrequencyTable {
    int max_symbol = 0;                 // M
    uint16_t escape_frequency = 0;      // >= 1
    std::vector<uint16_t> frequencies;  // M + 1 entries: |symbol| = 0 .. M, each >= 1

    bool operator==(const FrequencyTable& other) const {
        return max_symbol == other.max_symbol && escape_frequency == other.escape_frequency &&
               frequencies == other.frequencies;
    }
};

// Tables of one kind of symbol. tables[0] is the empty "certain zero" placeholder, so that tables[index]
// works.
struct TableSet {
    int32_t bias = 0;  // B, 1/256 octave
    std::vector<FrequencyTable> tables;

    int count() const { return static_cast<int>(tables.size()); }

    // Index of the table for a log2 scale in 1/256 octave (scale counted in quantisation steps); tables are
    // 1/4 octave apart. Any 64-bit value is allowed.
    int index_of(int64_t log2_scale) const {
        const int64_t index = (log2_scale + bias) >> 6;
        return static_cast<int>(index < 0 ? 0 : index >= count() ? count() - 1 : index);
    }

    bool operator==(const TableSet& other) const { return bias == other.bias && tables == other.tables; }
};

// Everything the coder relies on: counts, ranges, sums. `corrupt` names the offending table.
Status validate_table_set(const TableSet& set);

// Appends the layout above. The set must be valid.
void serialise_table_set(const TableSet& set, std::vector<uint8_t>& out);

// Parses and validates one table set at the start of data; *consumed receives its length in bytes.
Result<TableSet> parse_table_set(const uint8_t* data, size_t size, size_t* consumed);

}  // namespace nae

#endif  // NAE_CODEC_ENTROPY_TABLES_H_
