#include "tests/fuzz/chunk_mutator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "codec/sha256.h"
#include "format/container.h"
#include "format/crc32.h"
#include "format/deflate.h"
#include "format/little_endian.h"

namespace nae::fuzz {

namespace {

constexpr size_t kGrowth = 64;            // bytes a mutation may add to a payload
constexpr size_t kMaxInflated = 1 << 16;  // of a deflate stream whose content is mutated
constexpr size_t kModelIdOffset = 20;     // in HEAD

struct Part {
    std::array<uint8_t, 4> type{};
    Bytes payload;

    bool is(const char* name) const { return std::memcmp(type.data(), name, 4) == 0; }
};

struct Parts {
    Signature signature{};
    std::vector<Part> chunks;

    Part* find(const char* name) {
        for (Part& part : chunks)
            if (part.is(name)) return &part;
        return nullptr;
    }
};

// Lenient: lengths that do not fit are cut, whatever the CRCs say. False for something without a signature.
bool split(const Bytes& file, Parts& out) {
    if (file.size() < out.signature.size()) return false;
    std::copy_n(file.begin(), out.signature.size(), out.signature.begin());
    if (out.signature != kPictureSignature && out.signature != kModelSignature) return false;
    for (size_t at = out.signature.size(); at + kChunkHeaderBytes <= file.size();) {
        Part part;
        std::copy_n(file.begin() + static_cast<ptrdiff_t>(at), 4, part.type.begin());
        const size_t begin = at + kChunkHeaderBytes;
        const auto length = static_cast<size_t>(
            std::min<uint64_t>(load_le<uint64_t>(file.data() + at + 4), file.size() - begin));
        part.payload.assign(file.begin() + static_cast<ptrdiff_t>(begin),
                            file.begin() + static_cast<ptrdiff_t>(begin + length));
        out.chunks.push_back(std::move(part));
        at = begin + length + kChunkTrailerBytes;
    }
    return !out.chunks.empty();
}

Bytes join(const Parts& parts) {
    Bytes out(parts.signature.begin(), parts.signature.end());
    for (const Part& part : parts.chunks) {
        append_bytes(out, part.type.data(), part.type.size());
        append_le(out, static_cast<uint64_t>(part.payload.size()));
        append_bytes(out, part.payload.data(), part.payload.size());
        append_le(out, crc32_of(part.payload.data(), part.payload.size(), crc32_of(part.type.data(), 4)));
    }
    return out;
}

// Index lengths are kept as far as they go; the last tile gets what is left. CRCs are those of the data.
void repair_index(Parts& parts) {
    Part* index = parts.find("TIDX");
    Part* data = parts.find("TDAT");
    if (index == nullptr || data == nullptr) return;
    size_t at = 0;
    for (size_t i = 0; i + 8 <= index->payload.size(); i += 8) {
        const size_t left = data->payload.size() - at;
        const bool last = i + 16 > index->payload.size();
        const size_t length = last ? left : std::min<size_t>(load_le<uint32_t>(&index->payload[i]), left);
        store_le(static_cast<uint32_t>(length), &index->payload[i]);
        store_le(crc32_of(data->payload.data() + at, length), &index->payload[i + 4]);
        at += length;
    }
}

// The ID in HEAD becomes that of the embedded model, whatever that is now.
void repair_model_id(Parts& parts) {
    Part* head = parts.find("HEAD");
    Part* model = parts.find("MODL");
    Parts inner;
    if (head == nullptr || model == nullptr || head->payload.size() < kModelIdOffset + 8) return;
    if (!split(model->payload, inner)) return;
    inner.chunks.erase(std::remove_if(inner.chunks.begin(), inner.chunks.end(),
                                      [](const Part& part) { return (part.type[0] & 0x20) != 0; }),
                       inner.chunks.end());
    const Bytes decoding_part = join(inner);
    const auto hash = sha256(decoding_part.data(), decoding_part.size());
    std::copy_n(hash.begin(), 8, head->payload.begin() + kModelIdOffset);
}

class Mutation {
  public:
    Mutation(const PlainMutation& plain, std::mt19937& random, size_t max_size)
        : plain_(plain), random_(random), max_size_(max_size) {}

    Bytes file(const Bytes& input) {
        Parts parts;
        if (one_in(16) || !split(input, parts)) return bytes(input);
        do {
            change(parts);
        } while (one_in(3));
        const bool honest = !one_in(16);
        if (honest) repair_index(parts);
        if (honest || one_in(2)) repair_model_id(parts);
        return join(parts);
    }

  private:
    size_t below(size_t n) { return n == 0 ? 0 : random_() % n; }
    bool one_in(size_t n) { return below(n) == 0; }

    Bytes bytes(Bytes data) {
        const size_t size = data.size(), room = std::min(size + kGrowth, std::max(size, max_size_));
        data.resize(std::max<size_t>(room, 1));
        data.resize(plain_(data.data(), size, data.size()));
        return data;
    }

    // The bytes inside a raw deflate stream that starts at `offset` of a payload.
    void inside_deflate(Bytes& payload, size_t offset, bool stores_size) {
        if (payload.size() < offset) return;
        const ByteSpan stream(payload.data() + offset, payload.size() - offset);
        size_t size = 0;
        if (stores_size) {
            size = load_le<uint32_t>(payload.data());
        } else {
            const size_t stride = size_t{load_le<uint16_t>(payload.data())} * payload[4] + 1;
            size = stride * load_le<uint16_t>(payload.data() + 2);
        }
        if (size > kMaxInflated) return;
        const auto content = inflate_raw(stream, size);
        const Bytes changed = content.ok() ? bytes(content.value()) : Bytes(size);
        const auto deflated = deflate_raw(ByteSpan(changed));
        if (!deflated.ok()) return;
        if (stores_size) store_le(static_cast<uint32_t>(changed.size()), payload.data());
        payload.resize(offset);
        append_bytes(payload, deflated.value().data(), deflated.value().size());
    }

    void change_payload(Part& part) {
        if (part.is("MODL") && !one_in(8)) {
            part.payload = file(part.payload);
        } else if (part.is("mETA") && !one_in(4)) {
            inside_deflate(part.payload, 4, true);
        } else if (part.is("pREV") && !one_in(4)) {
            inside_deflate(part.payload, 5, false);
        } else {
            part.payload = bytes(part.payload);
        }
    }

    // A length, a size or a count with a telling value.
    void change_field(Part& part) {
        static constexpr uint32_t kTelling[] = {
            0,   1,    2,     15,    16,    17,    63,      64,         65,         255,
            256, 4096, 32767, 32768, 65535, 65536, 1 << 24, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
        const size_t width = size_t{1} << below(3);
        if (part.payload.size() < width) return;
        const size_t at = below(part.payload.size() - width + 1);
        uint8_t value[4];
        store_le(kTelling[below(std::size(kTelling))], value);
        std::copy_n(value, width, part.payload.begin() + static_cast<ptrdiff_t>(at));
    }

    void change(Parts& parts) {
        const size_t i = below(parts.chunks.size());
        const auto at = parts.chunks.begin() + static_cast<ptrdiff_t>(i);
        switch (below(12)) {
            case 0:
                if (parts.chunks.size() > 1) parts.chunks.erase(at);
                return;
            case 1:
                parts.chunks.insert(at, Part(*at));
                return;
            case 2:
                std::swap(*at, parts.chunks[below(parts.chunks.size())]);
                return;
            case 3:
                at->type[below(4)] ^= static_cast<uint8_t>(1u << below(6));
                return;
            case 4:
            case 5:
                change_field(*at);
                return;
            default:
                change_payload(*at);
        }
    }

    const PlainMutation& plain_;
    std::mt19937& random_;
    size_t max_size_;
};

}  // namespace

Bytes mutate_file(const Bytes& file, const PlainMutation& plain, std::mt19937& random, size_t max_size) {
    return Mutation(plain, random, max_size).file(file);
}

}  // namespace nae::fuzz
