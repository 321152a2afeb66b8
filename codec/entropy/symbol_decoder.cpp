// The decoding half of SymbolCodec.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "codec/entropy/escape_code.h"
#include "codec/entropy/symbol_codec.h"

namespace nae {
namespace {

constexpr uint32_t kStateLow = 1u << 16;
constexpr size_t kBatch = 1024;  // coded positions gathered at a time

Status corrupt(const char* what) {
    return Status(ErrorCode::corrupt, std::string("entropy decoder: ") + what);
}

uint32_t load_u16(const uint8_t* p) { return static_cast<uint32_t>(p[0] | (p[1] << 8)); }

// Number of non-zero bytes, and the largest one.
void scan_indices(const uint8_t* table_index, size_t count, uint64_t* coded, uint8_t* largest) {
    uint64_t zeros = 0;
    uint8_t top = 0;
    // Blocks of 255 keep the inner counter in a byte, which lets the compiler use byte lanes.
    for (size_t begin = 0; begin < count; begin += 255) {
        const size_t end = count - begin < 255 ? count : begin + 255;
        uint8_t block_zeros = 0;
        for (size_t i = begin; i < end; ++i) {
            block_zeros = static_cast<uint8_t>(block_zeros + (table_index[i] == 0));
            top = table_index[i] > top ? table_index[i] : top;
        }
        zeros += block_zeros;
    }
    *coded = count - zeros;
    *largest = top;
}

// Adds coded positions from `next` on to the `held` ones until there are kBatch of them or no more. positions: with room for
// kBatch + 8.
void gather(const uint8_t* table_index, size_t count, size_t& next, uint32_t* positions, size_t& held) {
    while (next < count && held < kBatch) {
        if (count - next < 8) {
            positions[held] = static_cast<uint32_t>(next);
            held += table_index[next++] != 0;
            continue;
        }
        uint64_t eight;
        std::memcpy(&eight, table_index + next, 8);
        if (eight != 0) {
            for (size_t j = 0; j < 8; ++j) {
                positions[held] = static_cast<uint32_t>(next + j);
                held += table_index[next + j] != 0;
            }
        }
        next += 8;
    }
}

}  // namespace

// Words of a stream, every read checked.
struct SymbolCodec::Reader {
    const uint8_t* position;
    const uint8_t* end;
    bool ends_low = false;  // a substream: states below 2^16 are where the words end

    // A lane's initial state.
    Status begin(uint32_t* x) {
        if (end - position < 4) return corrupt("stream is too short");
        *x = load_u16(position) | (load_u16(position + 2) << 16);
        if (*x < kStateLow && !(ends_low && end - position == 4))
            return corrupt("initial state is out of range");
        position += 4;
        return Status();
    }
    bool refill(uint32_t& x) {
        if (x >= kStateLow) return true;
        if (end - position < 2) return ends_low;
        x = (x << 16) | load_u16(position);
        position += 2;
        return true;
    }
    bool raw(uint32_t& x, int bits, uint32_t* value) {
        *value = x & ((1u << bits) - 1);
        x >>= bits;
        return refill(x);
    }
};

bool SymbolCodec::decode_escape(uint32_t& x, Reader& reader, int max_symbol, int limit, int32_t* symbol) {
    uint32_t bit = 0, low = 0, rest = 0;
    int n = 1;
    for (;; ++n) {
        if (!reader.raw(x, 1, &bit)) return false;
        if (bit == 0) break;
        if (n == kMaxEscapeBits) return false;
    }
    const int k = escape_order(max_symbol);
    if (n > 1 && !reader.raw(x, n - 1, &low)) return false;
    if (k > 0 && !reader.raw(x, k, &rest)) return false;
    if (!reader.raw(x, 1, &bit)) return false;
    const uint32_t v = (((1u << (n - 1)) | low) - 1) << k | rest;  // at most 2^25
    const int64_t magnitude = static_cast<int64_t>(v) + max_symbol + 1;
    if (magnitude > limit) return false;
    *symbol = static_cast<int32_t>(bit != 0 ? -magnitude : magnitude);
    return true;
}

template <int kLanes>
Status SymbolCodec::decode_lanes(Reader& reader, const uint8_t* table_index, size_t count, bool whole,
                                 int16_t* symbols) const {
    return trellis_ ? decode_chains<kLanes, true>(reader, table_index, count, whole, symbols)
                    : decode_chains<kLanes, false>(reader, table_index, count, whole, symbols);
}

template <int kLanes, bool kTrellis>
Status SymbolCodec::decode_chains(Reader& reader, const uint8_t* table_index, size_t count, bool whole,
                                  int16_t* symbols) const {
    uint32_t x[kLanes];
    for (uint32_t& state : x) NAE_RETURN_IF_ERROR(reader.begin(&state));

    const uint16_t* const first_entries = first_entries_.data();
    const Interval* const intervals = intervals_.data();
    const DecodeTable* const tables = decode_.data();
    constexpr int kLimit = kTrellis ? kMaxTrellisLevel : kMaxSymbolMagnitude;
    int states[kLanes] = {};  // of the trellis
    const auto set_tables = static_cast<uint32_t>(table_count_);
    const auto table_of = [=](uint32_t index, int state) {
        return kTrellis ? index + static_cast<uint32_t>(trellis_quantiser(state)) * set_tables : index;
    };
    const auto settle = [](int& state, int32_t level) {
        if (!kTrellis) return static_cast<int16_t>(level);
        const int quantiser = trellis_quantiser(state);
        state = kTrellis8[static_cast<size_t>(state)][level & 1];
        return static_cast<int16_t>(trellis_symbol(level, quantiser));
    };

    // Takes one symbol from a lane, without the refill. Larger than the table's M: it was the escape.
    const auto take = [=](uint32_t& state, uint32_t index, const DecodeTable& table) {
        const uint32_t slot = state & (kProbabilityTotal - 1);
        const uint32_t first = first_entries[index * kLooks + (slot >> kLookBits)];
        const Interval* const begin = intervals + table.first_interval;
        const Interval* interval = begin + first;
        while (slot >= interval[1].start) ++interval;  // the end mark's start is beyond every slot
        state = interval->frequency * (state >> kProbabilityBits) + slot - interval->start;
        return static_cast<int32_t>(interval - begin) - table.max_symbol;
    };

    // Positions of coded symbols, gathered in batches so that the decoding loop meets no certain zeros. What
    // does not fill all lanes moves to the front for the next round; only the stream's end may leave lanes
    // unused.
    uint32_t positions[kBatch + kLanes + 8];
    size_t held = 0;
    size_t next = 0;
    do {
        gather(table_index, count, next, positions, held);
        const size_t ready = next == count ? held : held - held % kLanes;
        size_t done = 0;
        while (done < ready) {
            const size_t lanes = ready - done < kLanes ? ready - done : size_t{kLanes};
            size_t lane = 0;
            // While a word for every lane is certain to be there, refills need neither check nor branch.
            if (lanes == kLanes && reader.end - reader.position >= 2 * kLanes) {
                const uint8_t* position = reader.position;
                bool escaped = false;
                for (; lane < kLanes && !escaped; ++lane) {
                    const uint32_t at = positions[done + lane];
                    const uint32_t index = table_of(table_index[at], states[lane]);
                    const DecodeTable& table = tables[index];
                    const int32_t level = take(x[lane], index, table);
                    const uint32_t refilled = (x[lane] << 16) | load_u16(position);
                    const bool need = x[lane] < kStateLow;
                    x[lane] = need ? refilled : x[lane];
                    position += need ? 2 : 0;
                    escaped = level > table.max_symbol;
                    if (!escaped) symbols[at] = settle(states[lane], level);
                }
                reader.position = position;
                if (escaped) {  // its raw bits come before the next lane's symbol
                    --lane;
                    const uint32_t at = positions[done + lane];
                    int32_t level = 0;
                    if (!decode_escape(x[lane], reader,
                                       tables[table_of(table_index[at], states[lane])].max_symbol, kLimit,
                                       &level)) {
                        return corrupt("invalid escape");
                    }
                    symbols[at] = settle(states[lane], level);
                    ++lane;
                }
            }
            for (; lane < lanes; ++lane) {
                const uint32_t at = positions[done + lane];
                const uint32_t index = table_of(table_index[at], states[lane]);
                const DecodeTable& table = tables[index];
                int32_t level = take(x[lane], index, table);
                if (!reader.refill(x[lane])) return corrupt("stream ends early");
                if (level > table.max_symbol &&
                    !decode_escape(x[lane], reader, table.max_symbol, kLimit, &level)) {
                    return corrupt("invalid escape");
                }
                symbols[at] = settle(states[lane], level);
            }
            done += lanes;
        }
        std::memmove(positions, positions + ready, (held - ready) * sizeof(positions[0]));
        held -= ready;
    } while (next < count || held > 0);

    if (!whole) return Status();
    for (const uint32_t state : x) {
        if (state != kStateLow) return corrupt("final state is wrong");
    }
    if (reader.position != reader.end) return corrupt("bytes are left over");
    return Status();
}

Result<uint64_t> SymbolCodec::count_coded(const uint8_t* table_index, size_t count) const {
    uint64_t coded = 0;
    uint8_t largest = 0;
    if (count > UINT32_MAX) return Status(ErrorCode::invalid_argument, "entropy decoder: too many symbols");
    scan_indices(table_index, count, &coded, &largest);
    if (static_cast<int>(largest) >= table_count_) {
        return Status(ErrorCode::invalid_argument, "entropy decoder: table index " + std::to_string(largest) +
                                                       " of " + std::to_string(table_count_));
    }
    return coded;
}

Status SymbolCodec::decode(const uint8_t* data, size_t size, const uint8_t* table_index, size_t count,
                           int16_t* symbols) const {
    NAE_ASSIGN_OR_RETURN(const uint64_t coded, count_coded(table_index, count));
    if (count > 0) std::memset(symbols, 0, count * sizeof(symbols[0]));
    if (coded == 0) return size == 0 ? Status() : corrupt("bytes where no symbol is coded");
    if (size % 2 != 0) return corrupt("odd number of bytes");
    Reader reader{data, data + size};
    switch (lane_count(coded)) {
        case 1:
            return decode_lanes<1>(reader, table_index, count, true, symbols);
        case 2:
            return decode_lanes<2>(reader, table_index, count, true, symbols);
        default:
            return decode_lanes<kMostLanes>(reader, table_index, count, true, symbols);
    }
}

Result<bool> SymbolCodec::decode_first(const uint8_t* data, size_t size, const uint8_t* table_index,
                                       size_t count, int16_t* symbols) const {
    NAE_ASSIGN_OR_RETURN(const uint64_t coded, count_coded(table_index, count));
    if (lane_count(coded) != kMostLanes) return false;
    std::memset(symbols, 0, count * sizeof(symbols[0]));
    if (size % 2 != 0) return corrupt("odd number of bytes");
    Reader reader{data, data + size};
    NAE_RETURN_IF_ERROR(decode_lanes<kMostLanes>(reader, table_index, count, false, symbols));
    return true;
}

static_assert(kSubstreamChains == 4, "a byte of 32 bits for each chain's state");

// ---- Substreams, side by side

// How far a substream is decoded.
struct SymbolCodec::SubstreamProgress {
    const Substream* stream = nullptr;
    Reader reader{};
    uint32_t x = 0;       // of the lane
    uint32_t states = 0;  // of the trellis, a byte for each chain, the lowest that of the next symbol
    size_t next = 0;      // position that has not been gathered
    // Positions of coded symbols that have been gathered, of which the first `done` are decoded.
    size_t held = 0, done = 0;
    uint32_t positions[kBatch + 8];

    // Gathers positions once all that were are decoded. False: there are no more.
    bool gather() {
        if (done < held) return true;
        held = done = 0;
        nae::gather(stream->table_index, stream->count, next, positions, held);
        return held > 0;
    }
    size_t ready() const { return held - done; }
    // Symbols that surely find a word if they need one, as long as none is an escape.
    size_t safe() const { return std::min(ready(), static_cast<size_t>(reader.end - reader.position) / 2); }
};

template <int kStreams, bool kTrellis, bool kChecked>
Status SymbolCodec::decode_steps(SubstreamProgress* const* streams, size_t steps, StreamKind kind) const {
    constexpr int kLimit = kTrellis ? kMaxTrellisLevel : kMaxSymbolMagnitude;
    const uint16_t* const first_entries = first_entries_.data();
    const Interval* const intervals = intervals_.data();
    const DecodeTable* const tables = decode_.data();
    const auto set_tables = static_cast<uint32_t>(table_count_);
    const auto* const next = trellis_of(kind);
    uint32_t x[kStreams];
    uint32_t states[kStreams];
    const uint8_t* words[kStreams];
    for (int lane = 0; lane < kStreams; ++lane) {
        x[lane] = streams[lane]->x;
        states[lane] = streams[lane]->states;
        words[lane] = streams[lane]->reader.position;
    }
    size_t step = 0;
    bool escaped = false;
    for (; step < steps && !escaped; ++step) {
        for (int lane = 0; lane < kStreams; ++lane) {
            SubstreamProgress& progress = *streams[lane];
            const Substream& stream = *progress.stream;
            const uint32_t at = progress.positions[progress.done + step];
            uint32_t index = stream.table_index[at];
            const int state = static_cast<int>(states[lane] & 0xff);
            if (kTrellis) index += static_cast<uint32_t>(trellis_quantiser(state)) * set_tables;
            const DecodeTable& table = tables[index];
            const uint32_t slot = x[lane] & (kProbabilityTotal - 1);
            const Interval* const begin = intervals + table.first_interval;
            const Interval* interval = begin + first_entries[index * kLooks + (slot >> kLookBits)];
            while (slot >= interval[1].start) ++interval;  // the end mark's start is beyond every slot
            int32_t level = static_cast<int32_t>(interval - begin) - table.max_symbol;
            const uint32_t taken =
                interval->frequency * (x[lane] >> kProbabilityBits) + slot - interval->start;
            const bool need = taken < kStateLow;
            if (!kChecked) {  // without a branch
                const uint32_t refilled = (taken << 16) | load_u16(words[lane]);
                x[lane] = need ? refilled : taken;
                words[lane] += need ? 2 : 0;
            } else {
                x[lane] = taken;
                if (need && progress.reader.end - words[lane] >= 2) {
                    x[lane] = (taken << 16) | load_u16(words[lane]);
                    words[lane] += 2;
                }
            }
            if (level > table.max_symbol) {
                progress.reader.position = words[lane];
                if (!decode_escape(x[lane], progress.reader, table.max_symbol, kLimit, &level))
                    return corrupt("invalid escape");
                words[lane] = progress.reader.position;
                escaped = !kChecked;  // it may have taken the words that later symbols were promised
            }
            if (kTrellis) {
                stream.symbols[at] = static_cast<int16_t>(trellis_symbol(level, trellis_quantiser(state)));
                states[lane] = states[lane] >> 8 | static_cast<uint32_t>(next[state][level & 1]) << 24;
            } else {
                stream.symbols[at] = static_cast<int16_t>(level);
            }
        }
    }
    for (int lane = 0; lane < kStreams; ++lane) {
        streams[lane]->x = x[lane];
        streams[lane]->states = states[lane];
        streams[lane]->reader.position = words[lane];
        streams[lane]->done += step;
    }
    return Status();
}

template <bool kTrellis, bool kChecked>
Status SymbolCodec::decode_steps(SubstreamProgress* const* streams, size_t count, size_t steps,
                                 StreamKind kind) const {
    switch (count) {
        case 1:
            return decode_steps<1, kTrellis, kChecked>(streams, steps, kind);
        case 2:
            return decode_steps<2, kTrellis, kChecked>(streams, steps, kind);
        case 3:
            return decode_steps<3, kTrellis, kChecked>(streams, steps, kind);
        default:
            return decode_steps<kMostLanes, kTrellis, kChecked>(streams, steps, kind);
    }
}

template <bool kTrellis>
Status SymbolCodec::decode_together(SubstreamProgress** streams, size_t count, StreamKind kind) const {
    constexpr size_t kFewSafe = 16;  // not worth starting for
    for (;;) {
        SubstreamProgress** const end = std::remove_if(
            streams, streams + count, [](SubstreamProgress* stream) { return !stream->gather(); });
        count = static_cast<size_t>(end - streams);
        if (count == 0) return Status();
        size_t ready = SIZE_MAX, safe = SIZE_MAX;
        for (size_t i = 0; i < count; ++i) {
            ready = std::min(ready, streams[i]->ready());
            safe = std::min(safe, streams[i]->safe());
        }
        if (safe >= kFewSafe)
            NAE_RETURN_IF_ERROR((decode_steps<kTrellis, false>(streams, count, safe, kind)));
        else
            NAE_RETURN_IF_ERROR(
                (decode_steps<kTrellis, true>(streams, count, std::min(ready, kFewSafe), kind)));
    }
}

Status SymbolCodec::decode_side_by_side(const Substream* streams, size_t count, StreamKind kind) const {
    if (count > kMostLanes) {
        NAE_RETURN_IF_ERROR(decode_side_by_side(streams, kMostLanes, kind));
        return decode_side_by_side(streams + kMostLanes, count - kMostLanes, kind);
    }
    std::array<SubstreamProgress, kMostLanes> all;
    std::array<SubstreamProgress*, kMostLanes> pointers;
    size_t used = 0;
    for (size_t i = 0; i < count; ++i) {
        const Substream& stream = streams[i];
        NAE_ASSIGN_OR_RETURN(const uint64_t coded, count_coded(stream.table_index, stream.count));
        if (stream.count > 0) std::memset(stream.symbols, 0, stream.count * sizeof(stream.symbols[0]));
        if (coded == 0) {
            if (stream.whole && stream.size > 0) return corrupt("bytes where no symbol is coded");
            continue;
        }
        if (stream.size % 2 != 0) return corrupt("odd number of bytes");
        SubstreamProgress& progress = all[used];
        progress.stream = &stream;
        progress.reader = Reader{stream.data, stream.data + stream.size, true};
        NAE_RETURN_IF_ERROR(progress.reader.begin(&progress.x));
        pointers[used++] = &progress;
    }
    NAE_RETURN_IF_ERROR(trellis_ ? decode_together<true>(pointers.data(), used, kind)
                                 : decode_together<false>(pointers.data(), used, kind));
    for (size_t i = 0; i < used; ++i) {
        if (!all[i].stream->whole) continue;
        if (all[i].x != 1) return corrupt("final state is wrong");
        if (all[i].reader.position != all[i].reader.end) return corrupt("bytes are left over");
    }
    return Status();
}

}  // namespace nae
