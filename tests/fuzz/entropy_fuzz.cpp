// The entropy coder. The first byte chooses: a stream for fixed tables, tables from the input, or symbols to be
// coded and decoded again; whether symbols depend on each other; and whether there are many symbols, which several lanes take, or few, which is much
// quicker. A stream that decodes must be the one the encoder makes of its symbols: there is one stream for one
// sequence.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "codec/entropy/symbol_codec.h"
#include "codec/entropy/table_builder.h"
#include "tests/fuzz/check_status.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kHead = 1 + 2 + 16;  // what to do, number of symbols, pattern of table indices
constexpr size_t kMaxTables = 2;      // of foreign tables: each takes 32 KiB to prepare
constexpr size_t kFew = 400, kMany = 20000;

void demand(bool condition) {
    if (!condition) std::abort();
}

const nae::SymbolCodec& fixed_codec() {
    static const nae::SymbolCodec codec =
        nae::SymbolCodec::create(nae::make_gaussian_tables(nae::bias_for_smallest_scale(0.12), 40)).value();
    return codec;
}

const nae::SymbolCodec& fixed_trellis() {
    static const nae::SymbolCodec codec = [] {
        const int bias = nae::bias_for_smallest_scale(0.12);
        return nae::SymbolCodec::create(nae::make_gaussian_tables(bias, 40),
                                        nae::make_logistic_tables(bias, 40))
            .value();
    }();
    return codec;
}

Bytes table_indices(const uint8_t* data, int table_count) {
    const bool many = data[0] >= 0xFD || (data[0] & 0xFC) == 0x90;
    Bytes indices((size_t{data[1]} | size_t{data[2]} << 8) % (many ? kMany : kFew));
    for (size_t i = 0; i < indices.size(); ++i)
        indices[i] = static_cast<uint8_t>(data[3 + i % 16] % table_count);
    return indices;
}

nae::Status decode_one(const nae::SymbolCodec& codec, const Bytes& indices, const uint8_t* stream,
                       size_t size, nae::StreamKind kind, std::vector<int16_t>& symbols) {
    symbols.assign(indices.size(), 77);
    if (kind == nae::StreamKind::lanes)
        return codec.decode(stream, size, indices.data(), indices.size(), symbols.data());
    const nae::Substream all{stream, size, indices.data(), indices.size(), true, symbols.data()};
    return codec.decode_side_by_side(&all, 1, kind);
}

void decode(const nae::SymbolCodec& codec, const Bytes& indices, const uint8_t* stream, size_t size) {
    std::vector<int16_t> symbols;
    for (const nae::StreamKind kind : {nae::StreamKind::substream8, nae::StreamKind::substream}) {
        const nae::Status status = decode_one(codec, indices, stream, size, kind, symbols);
        nae::check_status(status);
        if (status.ok()) demand(codec.encode(indices.data(), symbols.data(), symbols.size(), kind).ok());
    }
    symbols.assign(indices.size(), 0);
    const nae::Status status = codec.decode(stream, size, indices.data(), indices.size(), symbols.data());
    nae::check_status(status);
    if (!status.ok()) return;
    const auto again = codec.encode(indices.data(), symbols.data(), symbols.size());
    demand(again.ok() && again.value() == Bytes(stream, stream + size));
}

void round_trip(const nae::SymbolCodec& codec, const Bytes& indices, const uint8_t* data, size_t size) {
    std::vector<int16_t> symbols(indices.size());
    if (size < 2) return;
    for (size_t i = 0; i < symbols.size(); ++i) {
        if (indices[i] == 0) continue;
        std::memcpy(&symbols[i], data + 2 * i % (size - 1), 2);
        // Half of them small, as real ones are.
        if ((symbols[i] & 1) != 0) symbols[i] = static_cast<int16_t>(symbols[i] % 16);
        symbols[i] = std::max<int16_t>(symbols[i], -32767);
    }
    for (const nae::StreamKind kind :
         {nae::StreamKind::lanes, nae::StreamKind::substream8, nae::StreamKind::substream}) {
        std::vector<int16_t> path = symbols, decoded;
        const auto follow = [&](size_t i, int quantiser) {  // the levels that these numbers are, small enough
            path[i] = static_cast<int16_t>(nae::trellis_symbol(path[i] / 2, quantiser));
        };
        if (codec.has_trellis()) nae::for_coded(indices.data(), path.data(), path.size(), true, follow, kind);
        const auto stream = codec.encode(indices.data(), path.data(), path.size(), kind);
        demand(stream.ok());
        demand(decode_one(codec, indices, stream.value().data(), stream.value().size(), kind, decoded).ok());
        demand(decoded == path);
    }
}

void foreign_tables(const uint8_t* data, size_t size) {
    size_t used = 0;
    const auto set = nae::parse_table_set(data + kHead, size - kHead, &used);
    nae::check_status(set.status());
    if (!set.ok()) return;
    Bytes written;
    nae::serialise_table_set(set.value(), written);
    demand(written == Bytes(data + kHead, data + kHead + used));
    if (set.value().tables.size() > kMaxTables) return;
    const auto codec = nae::SymbolCodec::create(set.value());
    demand(codec.ok());
    decode(codec.value(), table_indices(data, set.value().count()), data + kHead + used, size - kHead - used);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < kHead) return 0;
    const nae::SymbolCodec& codec = (data[0] & 0x18) == 0x10 ? fixed_trellis() : fixed_codec();
    switch (data[0] % 3) {
        case 0:
            decode(codec, table_indices(data, codec.table_count()), data + kHead, size - kHead);
            break;
        case 1:
            round_trip(codec, table_indices(data, codec.table_count()), data + kHead, size - kHead);
            break;
        default:
            foreign_tables(data, size);
    }
    return 0;
}
