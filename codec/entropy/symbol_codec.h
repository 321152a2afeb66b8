// Range asymmetric numeral systems (rANS; Duda, "Asymmetric numeral systems", 2013) for streams of symbols
// whose frequency table is known per position. Interleaving after Giesen, "Interleaved entropy coders", 2014
// (ryg_rans).
//
// Stream of n coded symbols (positions of table index > 0, in order); nothing at all when n = 0:
//   u32 state[L]     initial decoder states, little-endian, lane 0 first; L = lane_count(n)
//   u16 word[]       renormalisation words, little-endian, in the order in which decoding reads them
// Symbol i belongs to lane i mod L. To decode it with a table of cumulative starts c[k] and frequencies f[k],
// where entries k = 0 .. 2M are the symbols -M .. M and entry 2M + 1 is the escape (T = kProbabilityBits):
//   slot = x mod 2^T;  find k with c[k] <= slot < c[k] + f[k];  x = f[k] (x >> T) + slot - c[k]
//   if x < 2^16: x = x 2^16 + next word
// An escape is followed at once, in the same lane, by raw bits (escape_code.h). A field of b raw bits is
//   value = x mod 2^b;  x = x >> b;  if x < 2^16: x = x 2^16 + next word
// Escape raw bits need at most one refill each because no field is longer than 16 bits.
// After the last symbol every lane's state must be 2^16 and every word used. That costs 2 bytes per lane and
// tells a decoder whose tables or indices do not match the encoder's. It is no substitute for the tile's CRC:
// a flip that exchanges two symbols of equal frequency leaves the state as it was.
// A substream (StreamKind) begins to be coded in state 1 instead, which costs nothing: its states grow to 2^16 before the first
// word is written. A decoder, for which that is the end, takes a word only while there are any, and must end in state 1: that
// tells less, since states that have no more words fall to small numbers, but a tile has many substreams.
//
// With dependent quantisation (trellis.h) there are two table sets; what is coded of a position is the level, by the table of its
// index in the set of the state's quantiser. Each lane is a chain of its own, so that lanes are still decoded side by side.
// A substream (StreamKind) has one lane, but four chains in turn, and 256 states instead of eight (in the first files, eight).
#ifndef NAE_CODEC_ENTROPY_SYMBOL_CODEC_H_
#define NAE_CODEC_ENTROPY_SYMBOL_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codec/entropy/tables.h"
#include "codec/entropy/trellis.h"
#include "format/status.h"

namespace nae {

// Lanes of a stream of `coded` symbols: few for short streams, because each one costs 2 bytes; more for long
// ones, because a CPU works on several at once.
int lane_count(uint64_t coded);
constexpr int kMostLanes = 4;

enum class StreamKind : uint8_t {
    lanes,       // lane_count() of them, each a chain, of eight states
    substream8,  // one lane, of kSubstreamChains chains: symbol i belongs to chain i mod kSubstreamChains
    substream,   // the same with 256 states
};
// What a trellis makes of one symbol depends on the one before it in its chain. The errors of a latent's neighbouring channels add
// up in the pixels, and were they of one chain, a picture would lose 0.01 to 0.03 dB.
constexpr int kSubstreamChains = 4;
inline int chain_count(StreamKind kind, uint64_t coded) {
    return kind == StreamKind::lanes ? lane_count(coded) : kSubstreamChains;
}
inline const std::array<uint8_t, 2>* trellis_of(StreamKind kind) {
    return kind == StreamKind::substream ? kTrellis256.data() : kTrellis8.data();
}

// One of several substreams that are decoded side by side.
struct Substream {
    const uint8_t* data = nullptr;
    size_t size = 0;
    const uint8_t* table_index = nullptr;  // [count]
    size_t count = 0;
    bool whole = true;  // false: the stream may go on beyond these, and what follows is not looked at
    int16_t* symbols = nullptr;  // [count], receives them
};

// A table set prepared for coding. Immutable, thread-safe; keeps no reference to the set.
class SymbolCodec {
  public:
    // Builds decoder lookups (1 KiB per table and 4 bytes per entry) and encoder costs. The set is validated.
    static Result<SymbolCodec> create(const TableSet& set);
    // With dependent quantisation; the sets have as many tables each.
    static Result<SymbolCodec> create(const TableSet& q0, const TableSet& q1);
    bool has_trellis() const { return trellis_; }

    // Codes symbols[i] with table table_index[i], for i < count. Symbols at index 0 must be 0; symbols are
    // within -32767..32767. With dependent quantisation they must be a path: values of the quantisers that the ones before
    // them in their chain lead to. Errors: invalid_argument.
    Result<std::vector<uint8_t>> encode(const uint8_t* table_index, const int16_t* symbols, size_t count,
                                        StreamKind kind = StreamKind::lanes) const;

    // Fills symbols[0 .. count) from exactly `size` bytes. Errors: corrupt, invalid_argument (index out of
    // range). Positions of index 0 cost next to nothing: they are cleared and skipped eight at a time.
    Status decode(const uint8_t* data, size_t size, const uint8_t* table_index, size_t count,
                  int16_t* symbols) const;

    // Fills symbols[0 .. count) from a stream that may go on beyond them, of which the rest is not looked at. Only streams
    // of 4 lanes can be begun without knowing how many symbols they have: false, and nothing is decoded, where the first
    // `count` positions are too few to tell. Errors: as decode().
    Result<bool> decode_first(const uint8_t* data, size_t size, const uint8_t* table_index, size_t count,
                              int16_t* symbols) const;

    // Decodes substreams of a kind, which is not lanes, up to kMostLanes at a time, which takes about as long for each symbol as
    // decode() does. Errors: as decode().
    Status decode_side_by_side(const Substream* streams, size_t count,
                               StreamKind kind = StreamKind::substream) const;

    // Bits that coding `magnitude` = |symbol| (0..32767), or |level|, takes with table index > 0 of a quantiser's set; sign
    // included.
    float cost(int table, int magnitude, int quantiser = 0) const {
        const EncodeTable& t = encode_[static_cast<size_t>(quantiser * table_count() + table)];
        return magnitude <= t.max_symbol ? t.bits[static_cast<size_t>(magnitude)] : escape_cost(t, magnitude);
    }
    // cost() of magnitudes 0 to max_symbol(table, quantiser), one after another.
    const float* bits(int table, int quantiser) const {
        return encode_[static_cast<size_t>(quantiser * table_count() + table)].bits.data();
    }
    int max_symbol(int table, int quantiser) const {
        return encode_[static_cast<size_t>(quantiser * table_count() + table)].max_symbol;
    }
    // Those of a whole stream, as encode() has it, without its ends.
    double stream_bits(const uint8_t* table_index, const int16_t* symbols, size_t count,
                       StreamKind kind = StreamKind::lanes) const;

    int table_count() const { return table_count_; }

  private:
    static constexpr int kLookBits = 5;  // log2 of kSlotsPerLook
    static constexpr uint32_t kSlotsPerLook = 1u << kLookBits;
    static constexpr uint32_t kLooks = kProbabilityTotal >> kLookBits;  // a table

    // Frequency and cumulative start of one table entry.
    struct Interval {
        uint16_t frequency;
        uint16_t start;
    };
    struct DecodeTable {
        uint32_t first_interval;
        int32_t max_symbol;
    };
    struct EncodeTable {
        int max_symbol = 0;
        float escape_symbol_bits = 0;
        std::vector<float> bits;  // [M + 1]
    };
    struct Reader;
    struct SubstreamProgress;

    void add(const TableSet& set);
    static float escape_cost(const EncodeTable& table, int magnitude);
    // limit: of the magnitude.
    static bool decode_escape(uint32_t& x, Reader& reader, int max_symbol, int limit, int32_t* symbol);
    // How many of the positions are coded. Errors: invalid_argument, as decode().
    Result<uint64_t> count_coded(const uint8_t* table_index, size_t count) const;
    // whole: the stream must end with the last position.
    template <int kLanes>
    Status decode_lanes(Reader& reader, const uint8_t* table_index, size_t count, bool whole,
                        int16_t* symbols) const;
    template <int kLanes, bool kTrellis>
    Status decode_chains(Reader& reader, const uint8_t* table_index, size_t count, bool whole,
                         int16_t* symbols) const;
    // All symbols of at most kMostLanes substreams, whose order changes.
    template <bool kTrellis>
    Status decode_together(SubstreamProgress** streams, size_t count, StreamKind kind) const;
    // One symbol of each of some substreams, `steps` times or, unchecked, until one of them was an escape. kChecked: whether the
    // words that are left are looked at; else each substream must have one for each step.
    template <bool kTrellis, bool kChecked>
    Status decode_steps(SubstreamProgress* const* streams, size_t count, size_t steps, StreamKind kind) const;
    template <int kStreams, bool kTrellis, bool kChecked>
    Status decode_steps(SubstreamProgress* const* streams, size_t steps, StreamKind kind) const;

    // Which entry a slot belongs to is found from where to look first: a list of all slots would be 2 MiB for 64 tables,
    // more than a core's cache, and several milliseconds to make. [table][slot / kSlotsPerLook]: entry k of the first of
    // these slots.
    std::vector<uint16_t> first_entries_;
    // Entries of all tables, one table after another, each with an end mark.
    std::vector<Interval> intervals_;
    std::vector<DecodeTable> decode_;  // of Q0, then of Q1
    std::vector<EncodeTable> encode_;
    int table_count_ = 0;  // of a set
    bool trellis_ = false;
};

// The first coded position from i on, or count.
inline size_t next_coded(const uint8_t* table_index, size_t i, size_t count) {
    for (uint64_t eight = 0; i + sizeof eight <= count; i += sizeof eight) {
        std::memcpy(&eight, table_index + i, sizeof eight);
        if (eight == 0) continue;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return i + static_cast<size_t>(__builtin_ctzll(eight)) / 8;
#else
        break;
#endif
    }
    while (i < count && table_index[i] == 0) ++i;
    return i;
}

// body(i, quantiser) for the coded positions i of a stream in order; quantiser: of the symbol, 0 without dependent
// quantisation. The symbols before i must be valid when it is called for.
template <class F>
void for_coded(const uint8_t* table_index, const int16_t* symbols, size_t count, bool trellis, F body,
               StreamKind kind = StreamKind::lanes) {
    uint64_t coded = 0;
    for (size_t i = 0; i < count; ++i) coded += table_index[i] != 0;
    const int chains = chain_count(kind, coded);
    const auto* const next = trellis_of(kind);
    uint8_t states[kMostLanes] = {};
    static_assert(kSubstreamChains <= kMostLanes, "a state for each chain");
    int chain = 0;
    for (size_t i = next_coded(table_index, 0, count); i < count; i = next_coded(table_index, i + 1, count)) {
        uint8_t& state = states[chain];
        if (++chain == chains) chain = 0;
        const int quantiser = trellis ? trellis_quantiser(state) : 0;
        body(i, quantiser);
        if (trellis) state = next[state][trellis_level(symbols[i], quantiser) & 1];
    }
}

}  // namespace nae

#endif  // NAE_CODEC_ENTROPY_SYMBOL_CODEC_H_
