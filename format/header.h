// HEAD, the first chunk of a picture: everything needed to allocate the output and to find the model.
//
//   offset size  field
//        0    2  version           1
//        2    1  flags             0; 1: made by a research model; 2: tiles have substreams; 3: and symbols 256 states
//        3    1  bands             1 or 3; 0 when colour is 0
//        4    4  width             pixels, 1 .. 2^31 - 1
//        8    4  height            pixels, 1 .. 2^31 - 1
//       12    1  data type         1 = Byte, 2 = UInt16, 3 = Int16, 4 = UInt32, 5 = Int32, 6 = Float32
//       13    1  colour            1 = gray (1 band of Byte), 2 = RGB (3 bands of Byte), 0 = see BAND
//       14    1  levels            1 .. 32; 1 = full resolution only
//       15    1  effort            1 .. 9, informative
//       16    2  tile size         pixels, power of two, 64 .. 4096
//       18    2  quality           QUALITY times 100: 100 .. 10000
//       20    8  model ID
//       28    1  n                 length of the model name, 0 .. 64
//       29    n  model name        UTF-8, informative
#ifndef NAE_FORMAT_HEADER_H_
#define NAE_FORMAT_HEADER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr uint16_t kFormatVersion = 1;
constexpr uint16_t kMinTileSize = 64;
constexpr uint16_t kMaxTileSize = 4096;
// The model is a float network that a reader needs LibTorch for (codec/research_model.h).
constexpr uint8_t kFlagResearch = 1;
// Tiles have substreams (codec/substreams.h). The flags are a number, not a set of bits: 3 is not 1 and 2.
constexpr uint8_t kFlagSubstreams = 2;
// They have, and their symbols depend on each other through 256 states, not eight (codec/entropy/trellis.h).
constexpr uint8_t kFlagManyStates = 3;
constexpr int kMinQualityCenti = 100;
constexpr int kMaxQualityCenti = 10000;
constexpr size_t kMaxModelNameBytes = 64;

enum class DataType : uint8_t { byte = 1, uint16 = 2, int16 = 3, uint32 = 4, int32 = 5, float32 = 6 };
const char* data_type_name(DataType type);  // as GDAL spells it: "Byte", "UInt16", ...
size_t sample_bytes(DataType type);         // 1, 2 or 4
// The smallest and largest value; for Float32 the finite ones.
double lowest_value(DataType type);
double highest_value(DataType type);

// listed: what the bands are is said by the chunk BAND (band_table.h).
enum class Colour : uint8_t { listed = 0, gray = 1, rgb = 2 };

constexpr int kMaxLevels = 32;

// Width or height of a level: every level halves the one before, rounding up.
constexpr uint32_t level_side(uint32_t side, int level) {
    return static_cast<uint32_t>((uint64_t{side} + (uint64_t{1} << level) - 1) >> level);
}

// First 8 bytes of the SHA-256 of the model's decoding part.
using ModelId = std::array<uint8_t, 8>;
std::string model_id_text(const ModelId& id);  // 16 hexadecimal digits

struct Header {
    uint16_t version = kFormatVersion;
    uint8_t flags = 0;
    uint8_t bands = 3;    // 0 when colour is listed
    uint32_t width = 0;   // pixels
    uint32_t height = 0;  // pixels
    DataType data_type = DataType::byte;
    Colour colour = Colour::rgb;
    uint8_t levels = 1;
    uint8_t effort = 5;
    uint16_t tile_size_px = 512;
    uint16_t quality_centi = 7500;
    ModelId model_id{};
    std::string model_name;

    uint32_t level_width(int level) const { return level_side(width, level); }
    uint32_t level_height(int level) const { return level_side(height, level); }
    // Tiles of a level, counted across and down; edge tiles are smaller.
    uint32_t tiles_across(int level = 0) const { return tiles_along(level_width(level)); }
    uint32_t tiles_down(int level = 0) const { return tiles_along(level_height(level)); }
    // Tiles of one plane at all levels, and at those before `level`.
    uint64_t tile_count() const { return tiles_before(levels); }
    uint64_t tiles_before(int level) const {
        uint64_t count = 0;
        for (int l = 0; l < level; ++l) count += uint64_t{tiles_across(l)} * tiles_down(l);
        return count;
    }

  private:
    uint32_t tiles_along(uint32_t side) const {
        return side / tile_size_px + (side % tile_size_px != 0 ? 1 : 0);
    }
};

// Checks every field against its range and against `limits`. Errors: unsupported for a version, flag, type,
// colour or level that this version does not know; limit_exceeded; corrupt for anything out of range.
Status check_header(const Header& header, const Limits& limits);

// The payload of HEAD. The header must pass check_header().
Result<std::vector<uint8_t>> serialise_header(const Header& header);
// Parses and checks.
Result<Header> parse_header(ByteSpan payload, const Limits& limits);

}  // namespace nae

#endif  // NAE_FORMAT_HEADER_H_
