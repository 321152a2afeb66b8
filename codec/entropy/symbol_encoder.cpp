// Preparation of tables, and the encoding half of SymbolCodec.
#include <cmath>
#include <string>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/symbol_codec.h"

namespace nae {
namespace {

constexpr uint32_t kStateLow = 1u << 16;  // decoder states lie in [2^16, 2^32)

// Writes words back to front: rANS encodes the last symbol first.
class BackwardWriter {
  public:
    void word(uint32_t value) { words_.push_back(static_cast<uint16_t>(value)); }

    void symbol(uint32_t& x, uint32_t start, uint32_t frequency) {
        // Emit a word when the new state would not fit: x >= f 2^(32 - T), in 64 bits since f may be near
        // 2^T.
        if (x >= static_cast<uint64_t>(frequency) << (32 - kProbabilityBits)) {
            word(x & 0xffff);
            x >>= 16;
        }
        x = ((x / frequency) << kProbabilityBits) + x % frequency + start;
    }

    void raw(uint32_t& x, uint32_t value, int bits) {
        if (x >= uint64_t{1} << (32 - bits)) {
            word(x & 0xffff);
            x >>= 16;
        }
        x = (x << bits) | value;
    }

    // Fields of escape_code.h, last one first.
    void escape(uint32_t& x, int max_symbol, int symbol) {
        const int magnitude = symbol < 0 ? -symbol : symbol;
        const auto v = static_cast<uint32_t>(magnitude - max_symbol - 1);
        const int k = escape_order(max_symbol);
        const uint32_t q = (v >> k) + 1;
        const int n = bit_length(q);
        raw(x, symbol < 0 ? 1 : 0, 1);
        if (k > 0) raw(x, v & ((1u << k) - 1), k);
        if (n > 1) raw(x, q & ((1u << (n - 1)) - 1), n - 1);
        raw(x, 0, 1);
        for (int i = 1; i < n; ++i) raw(x, 1, 1);
    }

    const std::vector<uint16_t>& words() const { return words_; }

  private:
    std::vector<uint16_t> words_;
};

// A symbol, or level, with the entry of its table.
struct Coded {
    uint32_t interval;
    int16_t symbol;
    int16_t escaped_from;  // the table's largest symbol, where this is larger; else -1
};

void put_u16(std::vector<uint8_t>& out, uint32_t value) {
    out.push_back(static_cast<uint8_t>(value & 0xff));
    out.push_back(static_cast<uint8_t>((value >> 8) & 0xff));
}

}  // namespace

int lane_count(uint64_t coded) { return coded < 2048 ? 1 : coded < 16384 ? 2 : kMostLanes; }

Result<SymbolCodec> SymbolCodec::create(const TableSet& set) {
    NAE_RETURN_IF_ERROR(validate_table_set(set));
    SymbolCodec codec;
    codec.table_count_ = set.count();
    codec.add(set);
    return codec;
}

Result<SymbolCodec> SymbolCodec::create(const TableSet& q0, const TableSet& q1) {
    NAE_RETURN_IF_ERROR(validate_table_set(q1));
    NAE_ASSIGN_OR_RETURN(SymbolCodec codec, create(q0));
    if (q1.count() != q0.count())
        return Status(ErrorCode::corrupt, "entropy tables: two quantisers of " + std::to_string(q0.count()) +
                                              " and " + std::to_string(q1.count()) + " tables");
    codec.add(q1);
    codec.trellis_ = true;
    return codec;
}

void SymbolCodec::add(const TableSet& set) {
    const size_t before = encode_.size(), count = before + static_cast<size_t>(set.count());
    encode_.resize(count);
    decode_.resize(count, DecodeTable{0, 0});
    first_entries_.resize(count * kLooks);
    for (size_t i = before + 1; i < count; ++i) {
        const FrequencyTable& table = set.tables[i - before];
        decode_[i] = {static_cast<uint32_t>(intervals_.size()), table.max_symbol};
        uint32_t start = 0;
        uint32_t look = 0;  // the next one without an entry
        const int entries = 2 * table.max_symbol + 2;
        for (int k = 0; k < entries; ++k) {
            const int symbol = k - table.max_symbol;
            const uint16_t frequency =
                k + 1 == entries ? table.escape_frequency
                                 : table.frequencies[static_cast<size_t>(symbol < 0 ? -symbol : symbol)];
            intervals_.push_back({frequency, static_cast<uint16_t>(start)});
            start += frequency;
            for (; look * kSlotsPerLook < start; ++look)
                first_entries_[i * kLooks + look] = static_cast<uint16_t>(k);
        }
        intervals_.push_back({0, static_cast<uint16_t>(start)});
        EncodeTable& encode = encode_[i];
        encode.max_symbol = table.max_symbol;
        encode.escape_symbol_bits =
            static_cast<float>(kProbabilityBits) - std::log2(static_cast<float>(table.escape_frequency));
        for (const uint16_t frequency : table.frequencies) {
            encode.bits.push_back(static_cast<float>(kProbabilityBits) -
                                  std::log2(static_cast<float>(frequency)));
        }
    }
}

float SymbolCodec::escape_cost(const EncodeTable& table, int magnitude) {
    return table.escape_symbol_bits + static_cast<float>(escape_bits(table.max_symbol, magnitude));
}

double SymbolCodec::stream_bits(const uint8_t* table_index, const int16_t* symbols, size_t count,
                                StreamKind kind) const {
    double bits = 0;
    const auto add = [&](size_t i, int quantiser) {
        const int level = trellis_ ? trellis_level(symbols[i], quantiser) : symbols[i];
        bits += static_cast<double>(cost(table_index[i], level < 0 ? -level : level, quantiser));
    };
    for_coded(table_index, symbols, count, trellis_, add, kind);
    return bits;
}

Result<std::vector<uint8_t>> SymbolCodec::encode(const uint8_t* table_index, const int16_t* symbols,
                                                 size_t count, StreamKind kind) const {
    uint64_t coded = 0;
    for (size_t i = 0; i < count; ++i) {
        if (static_cast<int>(table_index[i]) >= table_count_) {
            return Status(ErrorCode::invalid_argument, "entropy encoder: table index " +
                                                           std::to_string(table_index[i]) + " of " +
                                                           std::to_string(table_count_));
        }
        if (symbols[i] < -kMaxSymbolMagnitude || (table_index[i] == 0 && symbols[i] != 0)) {
            return Status(ErrorCode::invalid_argument,
                          "entropy encoder: symbol " + std::to_string(symbols[i]) +
                              " cannot be coded with table " + std::to_string(table_index[i]));
        }
        coded += table_index[i] != 0;
    }
    std::vector<uint8_t> out;
    if (coded == 0) return out;

    // The last symbol is coded first, and its quantiser depends on all before it: what codes each is looked up forwards.
    std::vector<Coded> all;
    all.reserve(static_cast<size_t>(coded));
    bool path = true;
    const auto look_up = [&](size_t i, int quantiser) {
        path = path && (!trellis_ || trellis_has(symbols[i], quantiser));
        const size_t table = table_index[i] + static_cast<size_t>(quantiser * table_count_);
        const int max_symbol = encode_[table].max_symbol;
        const int symbol = trellis_ ? trellis_level(symbols[i], quantiser) : symbols[i];
        const bool escaped = symbol < -max_symbol || symbol > max_symbol;
        const int entry = escaped ? 2 * max_symbol + 1 : symbol + max_symbol;
        all.push_back({decode_[table].first_interval + static_cast<uint32_t>(entry),
                       static_cast<int16_t>(symbol), static_cast<int16_t>(escaped ? max_symbol : -1)});
    };
    for_coded(table_index, symbols, count, trellis_, look_up, kind);
    if (!path) return Status(ErrorCode::invalid_argument, "entropy encoder: symbols that are no path");
    const auto lanes = static_cast<size_t>(kind == StreamKind::lanes ? lane_count(coded) : 1);
    std::vector<uint32_t> states(lanes, kind == StreamKind::lanes ? kStateLow : 1);
    BackwardWriter writer;
    size_t lane = static_cast<size_t>(coded) % lanes;
    for (size_t number = all.size(); number-- > 0;) {
        lane = (lane == 0 ? lanes : lane) - 1;
        const Coded& symbol = all[number];
        if (symbol.escaped_from >= 0) writer.escape(states[lane], symbol.escaped_from, symbol.symbol);
        writer.symbol(states[lane], intervals_[symbol.interval].start, intervals_[symbol.interval].frequency);
    }
    out.reserve(4 * lanes + 2 * writer.words().size());
    for (const uint32_t x : states) {
        put_u16(out, x & 0xffff);
        put_u16(out, x >> 16);
    }
    for (size_t i = writer.words().size(); i-- > 0;) put_u16(out, writer.words()[i]);
    return out;
}

}  // namespace nae
