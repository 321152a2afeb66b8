#include "codec/capi/pixel_format.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "format/checked_math.h"
#include "format/text.h"

namespace nae::capi {
namespace {

Status invalid(const std::string& what) { return Status(ErrorCode::invalid_argument, "buffer: " + what); }

bool has_alpha(nae_layout layout) { return layout == NAE_GRAY_ALPHA || layout == NAE_RGBA; }
bool has_colour(nae_layout layout) { return layout == NAE_RGB || layout == NAE_RGBA; }

// The largest values correspond: 255, 65535 and 1.0.
template <class To, class From>
To scaled(From value) {
    if constexpr (std::is_same_v<To, From>) {
        return value;
    } else {
        static_assert(std::is_same_v<From, uint8_t>);
        if constexpr (std::is_same_v<To, uint16_t>) return static_cast<uint16_t>(value * 257);
        if constexpr (std::is_same_v<To, float>) return static_cast<float>(value) / 255.0f;
    }
}

template <class To>
constexpr To opaque() {
    return std::is_floating_point_v<To> ? To{1} : std::numeric_limits<To>::max();
}

// Rec. ITU-R BT.709 weights, on the values as they are.
template <class T>
T luma(const T* rgb) {
    return static_cast<T>((2126u * rgb[0] + 7152u * rgb[1] + 722u * rgb[2] + 5000u) / 10000u);
}

template <class To, class From>
void convert_row(const From* from, nae_layout from_layout, size_t bands, uint32_t width, const Target& to,
                 uint8_t* row) {
    const bool to_luma = has_colour(from_layout) && !has_colour(to.layout) && to.layout != NAE_LAYOUT_NATIVE;
    const size_t colours = to.channels - (has_alpha(to.layout) ? 1 : 0);
    for (uint32_t x = 0; x < width; ++x, from += bands, row += to.pixel_stride) {
        const auto put = [&](size_t channel, To value) {
            *reinterpret_cast<To*>(row + channel * to.channel_stride) =
                value;  // check_buffer() saw to alignment
        };
        for (size_t c = 0; c < colours; ++c) {
            // Gray has one band for all colours.
            put(c, scaled<To>(to_luma ? luma(from) : from[std::min(c, bands - 1)]));
        }
        if (has_alpha(to.layout)) put(colours, opaque<To>());
    }
}

template <class To>
void fill_alpha_as(const Target& target, uint32_t width, uint32_t height) {
    for (uint32_t y = 0; y < height; ++y) {
        uint8_t* alpha = target.data + y * target.row_stride + (target.channels - 1) * target.channel_stride;
        for (uint32_t x = 0; x < width; ++x, alpha += target.pixel_stride)
            *reinterpret_cast<To*>(alpha) = opaque<To>();
    }
}

}  // namespace

nae_sample_type sample_type_of(const Header& header) {
    switch (header.data_type) {
        case DataType::byte:
            return NAE_UINT8;
    }
    return NAE_SAMPLES_NATIVE;
}

nae_layout layout_of(const Header& header) {
    switch (header.colour) {
        case Colour::gray:
            return NAE_GRAY;
        case Colour::rgb:
            return NAE_RGB;
    }
    return NAE_LAYOUT_NATIVE;
}

size_t sample_bytes(int32_t type) {
    switch (type) {
        case NAE_UINT8:
            return 1;
        case NAE_UINT16:
            return 2;
        case NAE_FLOAT32:
            return 4;
        default:
            return 0;
    }
}

size_t layout_channels(int32_t layout) {
    return layout >= NAE_GRAY && layout <= NAE_RGBA ? static_cast<size_t>(layout) : 0;
}

Result<Target> check_buffer(const nae_buffer& buffer, const Header& header, uint32_t width, uint32_t height) {
    Target target;
    target.type = buffer.sample_type == NAE_SAMPLES_NATIVE ? sample_type_of(header)
                                                           : static_cast<nae_sample_type>(buffer.sample_type);
    const size_t bytes = sample_bytes(target.type);
    if (bytes == 0) return invalid(cat("sample_type ", buffer.sample_type, " is none"));
    const bool native = buffer.layout == NAE_LAYOUT_NATIVE;
    target.layout = native ? layout_of(header) : static_cast<nae_layout>(buffer.layout);
    target.channels = native ? header.bands : layout_channels(target.layout);
    if (target.channels == 0) return invalid(cat("layout ", buffer.layout, " is none"));
    if (buffer.data == nullptr) return invalid("data is NULL");
    if (reinterpret_cast<uintptr_t>(buffer.data) % bytes != 0 || buffer.row_stride % bytes != 0 ||
        buffer.band_stride % bytes != 0) {
        return invalid(cat("data or a stride is not a multiple of the ", bytes, " bytes of a sample"));
    }
    target.data = static_cast<uint8_t*>(buffer.data);

    const bool planar = buffer.band_stride != 0;
    target.pixel_stride = planar ? bytes : bytes * target.channels;
    target.channel_stride = planar ? buffer.band_stride : bytes;
    size_t row_bytes = 0, plane_bytes = 0, needed = 0, planes = 0;
    const bool fits = checked_mul<size_t>(width, target.pixel_stride, &row_bytes);
    target.row_stride = buffer.row_stride != 0 ? buffer.row_stride : row_bytes;
    if (!fits || target.row_stride < row_bytes)
        return invalid(cat("row_stride ", buffer.row_stride, " is less than a row"));
    if (!checked_mul<size_t>(height - 1, target.row_stride, &plane_bytes) ||
        !checked_add<size_t>(plane_bytes, row_bytes, &plane_bytes) ||
        !checked_mul<size_t>(target.channels - 1, buffer.band_stride, &planes) ||
        !checked_add<size_t>(plane_bytes, planes, &needed) || needed > buffer.size) {
        return invalid(cat("size is ", buffer.size, " bytes, too small for ", width, "x", height, " pixels"));
    }
    if (planar && buffer.band_stride < plane_bytes && target.channels > 1)
        return invalid(cat("band_stride ", buffer.band_stride, " is less than a plane"));
    return target;
}

bool takes_bands(const Target& target, const Header& header) {
    if (target.type != sample_type_of(header)) return false;
    const nae_layout own = layout_of(header);
    return target.layout == own || (own == NAE_GRAY && target.layout == NAE_GRAY_ALPHA) ||
           (own == NAE_RGB && target.layout == NAE_RGBA);
}

void fill_alpha(const Target& target, const Header& header, uint32_t width, uint32_t height) {
    if (!has_alpha(target.layout) || has_alpha(layout_of(header))) return;
    if (target.type == NAE_UINT8) fill_alpha_as<uint8_t>(target, width, height);
    if (target.type == NAE_UINT16) fill_alpha_as<uint16_t>(target, width, height);
    if (target.type == NAE_FLOAT32) fill_alpha_as<float>(target, width, height);
}

void convert_rows(const uint8_t* from, const Header& header, uint32_t width, uint32_t rows,
                  const Target& target, uint32_t first_row) {
    const nae_layout layout = layout_of(header);
    const size_t bands = header.bands;
    for (uint32_t y = 0; y < rows; ++y, from += width * bands) {
        uint8_t* row = target.data + (size_t{first_row} + y) * target.row_stride;
        if (target.type == NAE_UINT8) convert_row<uint8_t>(from, layout, bands, width, target, row);
        if (target.type == NAE_UINT16) convert_row<uint16_t>(from, layout, bands, width, target, row);
        if (target.type == NAE_FLOAT32) convert_row<float>(from, layout, bands, width, target, row);
    }
}

}  // namespace nae::capi
