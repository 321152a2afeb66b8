// Files for the container's tests: a hand-made one whose every byte is known, and helpers around it.
#ifndef NAE_TESTS_UNIT_FORMAT_SAMPLES_H_
#define NAE_TESTS_UNIT_FORMAT_SAMPLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "format/file_layout.h"

namespace nae::test {

using Bytes = std::vector<uint8_t>;

// "8e 4e" -> bytes; whitespace is ignored.
inline Bytes from_hex(const std::string& text) {
    Bytes out;
    int digits = 0;
    uint8_t value = 0;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) continue;
        value = static_cast<uint8_t>(value << 4 | digit);
        if (++digits % 2 == 0) out.push_back(value);
    }
    return out;
}

// The header of the file below.
inline Header sample_header() {
    Header h;
    h.bands = 1;
    h.colour = Colour::gray;
    h.width = 100;
    h.height = 40;
    h.tile_size_px = 64;
    h.quality_centi = 7550;
    h.model_id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
    h.model_name = "photo";
    return h;
}

inline std::vector<Bytes> sample_tiles() { return {{0xAA, 0xBB, 0xCC}, {}}; }

// The worked example of format/FORMAT.md, made by another program from the specification. Never change these
// bytes.
constexpr char kGoldenHead[] =
    "48 45 41 44 22 00 00 00 00 00 00 00 01 00 00 01 64 00 00 00 28 00 00 00 01 01 01 05 40 00 7e 1d "
    "01 23 45 67 89 ab cd ef 05 70 68 6f 74 6f 19 f4 09 9d";
constexpr char kGoldenTileIndex[] =
    "54 49 44 58 10 00 00 00 00 00 00 00 03 00 00 00 4c f8 4d be 00 00 00 00 00 00 00 00 d6 41 2c de";
constexpr char kGoldenTileData[] = "54 44 41 54 03 00 00 00 00 00 00 00 aa bb cc f2 92 cf be";
constexpr char kGoldenEnd[] = "45 4e 44 20 00 00 00 00 00 00 00 00 10 7d f1 58";
constexpr char kGoldenSignature[] = "8e 4e 41 45 0d 0a 1a 0a";

inline Bytes golden_file() {
    return from_hex(std::string(kGoldenSignature) + kGoldenHead + kGoldenTileIndex + kGoldenTileData +
                    kGoldenEnd);
}

// What write_file() makes of these parts.
inline Bytes written(const FileLayout& layout, const std::vector<Bytes>& tiles) {
    MemorySink sink;
    const Status status = write_file(sink, layout, tiles);
    return status.ok() ? sink.take() : Bytes();
}

inline Preview sample_preview() {
    Preview preview;
    preview.width = 3;
    preview.height = 2;
    preview.bands = 1;
    preview.pixels = {1, 2, 3, 200, 201, 202};
    return preview;
}

// A file with every kind of chunk.
inline Bytes full_file() {
    FileLayout layout;
    layout.header = sample_header();
    layout.metadata.set("", "AREA_OR_POINT", "Area");
    layout.metadata.set(kMetadataDomain, kMetadataIcc, std::string("\0\x01\xFF", 3));
    layout.preview = sample_preview();
    layout.model = {'m', 'o', 'd', 'e', 'l'};
    return written(layout, sample_tiles());
}

inline Result<FileLayout> read_bytes(const Bytes& bytes, const LayoutOptions& options = {}) {
    const MemorySource source(ByteSpan(bytes), "test.nae");
    return read_layout(source, options);
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_FORMAT_SAMPLES_H_
