#include "format/header.h"

#include <algorithm>
#include <limits>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

Status bad(ErrorCode code, const char* field, uint64_t value, const char* allowed) {
    return Status(code, cat(field, " is ", value, ", allowed: ", allowed));
}

}  // namespace

const char* data_type_name(DataType type) {
    switch (type) {
        case DataType::byte:
            return "Byte";
        case DataType::uint16:
            return "UInt16";
        case DataType::int16:
            return "Int16";
        case DataType::uint32:
            return "UInt32";
        case DataType::int32:
            return "Int32";
        case DataType::float32:
            return "Float32";
    }
    return "unknown";
}

size_t sample_bytes(DataType type) {
    if (type == DataType::byte) return 1;
    return type == DataType::uint16 || type == DataType::int16 ? 2 : 4;
}

double lowest_value(DataType type) {
    switch (type) {
        case DataType::int16:
            return -32768.0;
        case DataType::int32:
            return -2147483648.0;
        case DataType::float32:
            return static_cast<double>(std::numeric_limits<float>::lowest());
        default:
            return 0.0;
    }
}

double highest_value(DataType type) {
    switch (type) {
        case DataType::byte:
            return 255.0;
        case DataType::uint16:
            return 65535.0;
        case DataType::int16:
            return 32767.0;
        case DataType::uint32:
            return 4294967295.0;
        case DataType::int32:
            return 2147483647.0;
        case DataType::float32:
            return static_cast<double>(std::numeric_limits<float>::max());
    }
    return 0.0;
}

std::string model_id_text(const ModelId& id) { return to_hex(id.data(), id.size()); }

Status check_header(const Header& h, const Limits& limits) {
    if (h.version != kFormatVersion) return bad(ErrorCode::unsupported, "version", h.version, "1");
    if (h.flags > kFlagManyStates) return bad(ErrorCode::unsupported, "flags", h.flags, "0 .. 3");
    if (h.data_type < DataType::byte || h.data_type > DataType::float32) {
        return bad(ErrorCode::unsupported, "data type", static_cast<uint8_t>(h.data_type),
                   "1 (Byte) .. 6 (Float32)");
    }
    if (h.colour > Colour::rgb) {
        return bad(ErrorCode::unsupported, "colour", static_cast<uint8_t>(h.colour),
                   "0 (listed), 1 (gray), 2 (RGB)");
    }
    if (h.bands != (h.colour == Colour::listed ? 0 : h.colour == Colour::gray ? 1 : 3)) {
        return bad(ErrorCode::corrupt, "bands", h.bands, "0 when listed, 1 for gray, 3 for RGB");
    }
    if (h.colour != Colour::listed && h.data_type != DataType::byte) {
        return bad(ErrorCode::corrupt, "data type", static_cast<uint8_t>(h.data_type),
                   "1 (Byte) unless the bands are listed");
    }
    if (h.width == 0 || h.width > 0x7FFFFFFF)
        return bad(ErrorCode::corrupt, "width", h.width, "1..2147483647");
    if (h.height == 0 || h.height > 0x7FFFFFFF)
        return bad(ErrorCode::corrupt, "height", h.height, "1..2147483647");
    if (h.levels < 1 || h.levels > kMaxLevels) return bad(ErrorCode::corrupt, "levels", h.levels, "1..32");
    if (h.levels > 1 && std::max(h.width, h.height) <= uint32_t{1} << (h.levels - 2)) {
        return bad(ErrorCode::corrupt, "levels", h.levels, "no more than lead to one pixel");
    }
    if (h.effort < 1 || h.effort > 9) return bad(ErrorCode::corrupt, "effort", h.effort, "1..9");
    if (h.tile_size_px < kMinTileSize || h.tile_size_px > kMaxTileSize ||
        (h.tile_size_px & (h.tile_size_px - 1)) != 0) {
        return bad(ErrorCode::corrupt, "tile size", h.tile_size_px, "powers of two from 64 to 4096");
    }
    if (h.quality_centi < kMinQualityCenti || h.quality_centi > kMaxQualityCenti) {
        return bad(ErrorCode::corrupt, "quality (hundredths)", h.quality_centi, "100..10000");
    }
    if (h.model_name.size() > kMaxModelNameBytes) {
        return bad(ErrorCode::corrupt, "length of the model name", h.model_name.size(), "0..64");
    }
    if (!is_plain_utf8(h.model_name)) {
        return Status(
            ErrorCode::corrupt,
            cat("model name '", printable(h.model_name.data(), h.model_name.size()), "' is not plain UTF-8"));
    }
    if (std::max(h.width, h.height) > limits.max_dimension) {
        return Status(ErrorCode::limit_exceeded, cat("size ", h.width, "x", h.height, ", the limit is ",
                                                     limits.max_dimension, " each way"));
    }
    if (uint64_t{h.width} * h.height > limits.max_pixels) {
        return Status(ErrorCode::limit_exceeded,
                      cat("size ", h.width, "x", h.height, ", the limit is ", limits.max_pixels, " pixels"));
    }
    if (h.tile_count() > limits.max_tiles) {
        return Status(ErrorCode::limit_exceeded,
                      cat(h.tile_count(), " tiles, the limit is ", limits.max_tiles));
    }
    return {};
}

Result<std::vector<uint8_t>> serialise_header(const Header& h) {
    Limits format_only;  // a writer may exceed a cautious reader's limits
    format_only.max_pixels = ~uint64_t{0};
    format_only.max_tiles = ~uint64_t{0};
    NAE_RETURN_IF_ERROR(check_header(h, format_only));
    std::vector<uint8_t> out;
    append_le(out, h.version);
    append_le(out, h.flags);
    append_le(out, h.bands);
    append_le(out, h.width);
    append_le(out, h.height);
    append_le(out, static_cast<uint8_t>(h.data_type));
    append_le(out, static_cast<uint8_t>(h.colour));
    append_le(out, h.levels);
    append_le(out, h.effort);
    append_le(out, h.tile_size_px);
    append_le(out, h.quality_centi);
    append_bytes(out, h.model_id.data(), h.model_id.size());
    append_le(out, static_cast<uint8_t>(h.model_name.size()));
    append_bytes(out, h.model_name.data(), h.model_name.size());
    return out;
}

Result<Header> parse_header(ByteSpan payload, const Limits& limits) {
    Header h;
    ByteReader in(payload);
    NAE_RETURN_IF_ERROR(in.read("version", &h.version));
    // A later version may lay out the rest differently: say so rather than complain about its fields.
    if (h.version != kFormatVersion) return bad(ErrorCode::unsupported, "version", h.version, "1");
    uint8_t data_type = 0;
    uint8_t colour = 0;
    uint8_t name_length = 0;
    ByteSpan id;
    ByteSpan name;
    NAE_RETURN_IF_ERROR(in.read("flags", &h.flags));
    NAE_RETURN_IF_ERROR(in.read("bands", &h.bands));
    NAE_RETURN_IF_ERROR(in.read("width", &h.width));
    NAE_RETURN_IF_ERROR(in.read("height", &h.height));
    NAE_RETURN_IF_ERROR(in.read("data type", &data_type));
    NAE_RETURN_IF_ERROR(in.read("colour", &colour));
    NAE_RETURN_IF_ERROR(in.read("levels", &h.levels));
    NAE_RETURN_IF_ERROR(in.read("effort", &h.effort));
    NAE_RETURN_IF_ERROR(in.read("tile size", &h.tile_size_px));
    NAE_RETURN_IF_ERROR(in.read("quality", &h.quality_centi));
    NAE_RETURN_IF_ERROR(in.read_span("model ID", h.model_id.size(), &id));
    NAE_RETURN_IF_ERROR(in.read("length of the model name", &name_length));
    NAE_RETURN_IF_ERROR(in.read_span("model name", name_length, &name));
    NAE_RETURN_IF_ERROR(in.expect_end());
    h.data_type = static_cast<DataType>(data_type);
    h.colour = static_cast<Colour>(colour);
    std::copy(id.begin(), id.end(), h.model_id.begin());
    h.model_name.assign(name.begin(), name.end());
    NAE_RETURN_IF_ERROR(check_header(h, limits));
    return h;
}

}  // namespace nae
