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

template <class T>
constexpr T opaque() {
    return std::is_floating_point_v<T> ? T{1} : std::numeric_limits<T>::max();
}

// The largest values correspond: 255, 65535 and 1.0.
template <class To, class From>
To scaled(From value) {
    if constexpr (std::is_same_v<To, From>) {
        return value;
    } else if constexpr (std::is_floating_point_v<To>) {
        return static_cast<To>(value) / static_cast<To>(opaque<From>());
    } else if constexpr (std::is_floating_point_v<From>) {
        // Not a number becomes 0.
        const From part = value > 0 ? std::min(value, From{1}) : From{0};
        return static_cast<To>(part * static_cast<From>(opaque<To>()) + From{0.5});
    } else if constexpr (sizeof(To) > sizeof(From)) {
        return static_cast<To>(value * 257);
    } else {
        return static_cast<To>((uint32_t{value} + 128) / 257);
    }
}

// Rec. ITU-R BT.709 weights, on the values as they are.
template <class T>
T luma(const T* rgb) {
    if constexpr (std::is_floating_point_v<T>) {
        return T(0.2126) * rgb[0] + T(0.7152) * rgb[1] + T(0.0722) * rgb[2];
    } else {
        return static_cast<T>((2126u * rgb[0] + 7152u * rgb[1] + 722u * rgb[2] + 5000u) / 10000u);
    }
}

template <class To, class From>
void convert_row(const uint8_t* samples, const Format& format, uint32_t width, const Target& to,
                 uint8_t* row) {
    const auto* from = reinterpret_cast<const From*>(samples);
    const size_t bands = format.bands, own_colours = bands - (has_alpha(format.layout) ? 1 : 0);
    const bool to_luma =
        has_colour(format.layout) && !has_colour(to.layout) && to.layout != NAE_LAYOUT_NATIVE;
    const size_t colours = to.channels - (has_alpha(to.layout) ? 1 : 0);
    for (uint32_t x = 0; x < width; ++x, from += bands, row += to.pixel_stride) {
        const auto put = [&](size_t channel, To value) {
            *reinterpret_cast<To*>(row + channel * to.channel_stride) =
                value;  // check_buffer() saw to alignment
        };
        for (size_t c = 0; c < colours; ++c) {
            // Gray has one band for all colours.
            put(c, scaled<To>(to_luma ? luma(from) : from[std::min(c, own_colours - 1)]));
        }
        if (has_alpha(to.layout))
            put(colours, has_alpha(format.layout) ? scaled<To>(from[own_colours]) : opaque<To>());
    }
}

template <class To>
void convert_row_to(const uint8_t* from, const Format& format, uint32_t width, const Target& to,
                    uint8_t* row) {
    if (format.type == NAE_UINT16) {
        convert_row<To, uint16_t>(from, format, width, to, row);
    } else if (format.type == NAE_FLOAT32) {
        convert_row<To, float>(from, format, width, to, row);
    } else {
        convert_row<To, uint8_t>(from, format, width, to, row);
    }
}

bool convertible(nae_sample_type type) {
    return type == NAE_UINT8 || type == NAE_UINT16 || type == NAE_FLOAT32;
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

Format format_of(const Decoder& decoder) {
    constexpr nae_sample_type kTypes[] = {NAE_UINT8,  NAE_UINT16, NAE_INT16,
                                          NAE_UINT32, NAE_INT32,  NAE_FLOAT32};
    const DataType type = decoder.header().data_type;
    const BandTable& bands = decoder.bands();
    Format format;
    format.type = kTypes[static_cast<size_t>(type) - 1];
    format.bands = bands.count();
    format.pixel_bytes = format.bands * nae::sample_bytes(type);
    const Plane gray{PlaneKind::gray, {0}}, rgb{PlaneKind::rgb, {0, 1, 2}};
    const auto is = [&](size_t plane, const Plane& wanted) {
        return plane < bands.planes.size() && bands.planes[plane] == wanted;
    };
    if (is(0, gray) && format.bands == 1) format.layout = NAE_GRAY;
    if (is(0, gray) && is(1, {PlaneKind::lossless, {1}}) && format.bands == 2) format.layout = NAE_GRAY_ALPHA;
    if (is(0, rgb) && format.bands == 3) format.layout = NAE_RGB;
    if (is(0, rgb) && is(1, {PlaneKind::lossless, {3}}) && format.bands == 4) format.layout = NAE_RGBA;
    return format;
}

DataType data_type_of(nae_sample_type type) {
    switch (type) {
        case NAE_UINT16:
            return DataType::uint16;
        case NAE_INT16:
            return DataType::int16;
        case NAE_UINT32:
            return DataType::uint32;
        case NAE_INT32:
            return DataType::int32;
        case NAE_FLOAT32:
            return DataType::float32;
        case NAE_SAMPLES_NATIVE:
        case NAE_UINT8:
            break;
    }
    return DataType::byte;
}

size_t sample_bytes(int32_t type) {
    switch (type) {
        case NAE_UINT8:
            return 1;
        case NAE_UINT16:
        case NAE_INT16:
            return 2;
        case NAE_UINT32:
        case NAE_INT32:
        case NAE_FLOAT32:
            return 4;
        default:
            return 0;
    }
}

size_t layout_channels(int32_t layout) {
    return layout >= NAE_GRAY && layout <= NAE_RGBA ? static_cast<size_t>(layout) : 0;
}

Result<Target> check_buffer(const nae_buffer& buffer, const Format& format, uint32_t width, uint32_t height) {
    Target target;
    target.type = buffer.sample_type == NAE_SAMPLES_NATIVE ? format.type
                                                           : static_cast<nae_sample_type>(buffer.sample_type);
    const size_t bytes = sample_bytes(target.type);
    if (bytes == 0) return invalid(cat("sample_type ", buffer.sample_type, " is none"));
    const bool native = buffer.layout == NAE_LAYOUT_NATIVE;
    target.layout = native ? format.layout : static_cast<nae_layout>(buffer.layout);
    target.channels = native ? format.bands : layout_channels(target.layout);
    if (target.channels == 0) return invalid(cat("layout ", buffer.layout, " is none"));
    if (target.layout != format.layout && format.layout == NAE_LAYOUT_NATIVE)
        return invalid(cat("layout: a picture of ", format.bands, " such bands can be had as it is only"));
    if (target.type != format.type && !(convertible(target.type) && convertible(format.type)))
        return invalid(cat("sample_type ", target.type, ": samples of type ", format.type,
                           " can be had as they are only"));
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

bool takes_bands(const Target& target, const Format& format) {
    if (target.type != format.type) return false;
    const nae_layout own = format.layout;
    return target.layout == own || (own == NAE_GRAY && target.layout == NAE_GRAY_ALPHA) ||
           (own == NAE_RGB && target.layout == NAE_RGBA);
}

void fill_alpha(const Target& target, const Format& format, uint32_t width, uint32_t height) {
    if (!has_alpha(target.layout) || has_alpha(format.layout)) return;
    if (target.type == NAE_UINT8) fill_alpha_as<uint8_t>(target, width, height);
    if (target.type == NAE_UINT16) fill_alpha_as<uint16_t>(target, width, height);
    if (target.type == NAE_FLOAT32) fill_alpha_as<float>(target, width, height);
}

void convert_rows(const uint8_t* from, const Format& format, uint32_t width, uint32_t rows,
                  const Target& target, uint32_t first_row) {
    for (uint32_t y = 0; y < rows; ++y, from += width * format.pixel_bytes) {
        uint8_t* row = target.data + (size_t{first_row} + y) * target.row_stride;
        if (target.type == NAE_UINT8) convert_row_to<uint8_t>(from, format, width, target, row);
        if (target.type == NAE_UINT16) convert_row_to<uint16_t>(from, format, width, target, row);
        if (target.type == NAE_FLOAT32) convert_row_to<float>(from, format, width, target, row);
    }
}

}  // namespace nae::capi
