#include "codec/entropy/tables.h"

#include <string>

namespace nae {
namespace {

// The fields are few and small; a cursor of its own keeps every read checked.
class Cursor {
  public:
    Cursor(const uint8_t* data, size_t size) : data_(data), size_(size) {}

    bool u16(uint32_t* value) {
        if (size_ - position_ < 2) return false;
        *value = static_cast<uint32_t>(data_[position_] | (data_[position_ + 1] << 8));
        position_ += 2;
        return true;
    }
    bool i32(int32_t* value) {
        uint32_t low = 0, high = 0;
        if (!u16(&low) || !u16(&high)) return false;
        *value = static_cast<int32_t>(low | (high << 16));
        return true;
    }
    size_t position() const { return position_; }

  private:
    const uint8_t* data_;
    size_t size_;
    size_t position_ = 0;
};

void put_u16(std::vector<uint8_t>& out, uint32_t value) {
    out.push_back(static_cast<uint8_t>(value & 0xff));
    out.push_back(static_cast<uint8_t>((value >> 8) & 0xff));
}

Status bad(const std::string& what) { return Status(ErrorCode::corrupt, "entropy tables: " + what); }

}  // namespace

Status validate_table_set(const TableSet& set) {
    if (set.count() < 2 || set.count() > kMaxTableCount) {
        return bad("count " + std::to_string(set.count()) + " is outside 2.." +
                   std::to_string(kMaxTableCount));
    }
    for (int i = 1; i < set.count(); ++i) {
        const FrequencyTable& table = set.tables[static_cast<size_t>(i)];
        const std::string name = "table " + std::to_string(i) + ": ";
        if (table.max_symbol < 0 || table.max_symbol > kMaxTableSymbol) {
            return bad(name + "largest symbol " + std::to_string(table.max_symbol) + " is outside 0.." +
                       std::to_string(kMaxTableSymbol));
        }
        if (table.frequencies.size() != static_cast<size_t>(table.max_symbol) + 1) {
            return bad(name + "number of frequencies does not match the symbol range");
        }
        if (table.escape_frequency == 0) return bad(name + "escape frequency is 0");
        int64_t sum = table.escape_frequency;
        for (size_t s = 0; s < table.frequencies.size(); ++s) {
            if (table.frequencies[s] == 0)
                return bad(name + "frequency of symbol " + std::to_string(s) + " is 0");
            sum += (s == 0 ? 1 : 2) * static_cast<int64_t>(table.frequencies[s]);
        }
        if (sum != kProbabilityTotal) {
            return bad(name + "frequencies sum to " + std::to_string(sum) + " instead of " +
                       std::to_string(kProbabilityTotal));
        }
    }
    return Status();
}

void serialise_table_set(const TableSet& set, std::vector<uint8_t>& out) {
    const auto bias = static_cast<uint32_t>(set.bias);
    put_u16(out, bias & 0xffff);
    put_u16(out, bias >> 16);
    put_u16(out, static_cast<uint32_t>(set.count()));
    for (int i = 1; i < set.count(); ++i) {
        const FrequencyTable& table = set.tables[static_cast<size_t>(i)];
        put_u16(out, static_cast<uint32_t>(table.max_symbol));
        put_u16(out, table.escape_frequency);
        for (const uint16_t frequency : table.frequencies) put_u16(out, frequency);
    }
}

Result<TableSet> parse_table_set(const uint8_t* data, size_t size, size_t* consumed) {
    Cursor cursor(data, size);
    TableSet set;
    uint32_t count = 0;
    if (!cursor.i32(&set.bias) || !cursor.u16(&count)) return bad("truncated");
    if (count < 2 || count > static_cast<uint32_t>(kMaxTableCount)) {
        return bad("count " + std::to_string(count) + " is outside 2.." + std::to_string(kMaxTableCount));
    }
    set.tables.resize(count);
    for (uint32_t i = 1; i < count; ++i) {
        FrequencyTable& table = set.tables[i];
        uint32_t max_symbol = 0, value = 0;
        if (!cursor.u16(&max_symbol) || !cursor.u16(&value)) return bad("truncated");
        if (max_symbol > static_cast<uint32_t>(kMaxTableSymbol)) {
            return bad("table " + std::to_string(i) + ": largest symbol " + std::to_string(max_symbol) +
                       " is outside 0.." + std::to_string(kMaxTableSymbol));
        }
        table.max_symbol = static_cast<int>(max_symbol);
        table.escape_frequency = static_cast<uint16_t>(value);
        table.frequencies.resize(max_symbol + 1);
        for (uint16_t& frequency : table.frequencies) {
            if (!cursor.u16(&value)) return bad("truncated");
            frequency = static_cast<uint16_t>(value);
        }
    }
    NAE_RETURN_IF_ERROR(validate_table_set(set));
    if (consumed != nullptr) *consumed = cursor.position();
    return set;
}

}  // namespace nae
