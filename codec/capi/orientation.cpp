#include "codec/capi/orientation.h"

#include <cstdint>
#include <string>

namespace nae::capi {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;  // TIFF's type of 16 bits
constexpr size_t kEntryBytes = 12;

int valid_or_upright(uint32_t value) { return value >= 1 && value <= 8 ? static_cast<int>(value) : 1; }

// Unsigned number of `n` bytes at `at`, which lies inside.
uint32_t number(ByteSpan bytes, size_t at, size_t n, bool big_endian) {
    uint32_t value = 0;
    for (size_t i = 0; i < n; ++i) value |= uint32_t{bytes[at + i]} << (8 * (big_endian ? n - 1 - i : i));
    return value;
}

}  // namespace

int exif_orientation(ByteSpan tiff) {
    if (tiff.size() < 8) return 1;
    const bool big_endian = tiff[0] == 'M';
    if (tiff[0] != tiff[1] || (!big_endian && tiff[0] != 'I') || number(tiff, 2, 2, big_endian) != 42)
        return 1;
    const size_t directory = number(tiff, 4, 4, big_endian);
    if (directory > tiff.size() - 2) return 1;
    const size_t entries = number(tiff, directory, 2, big_endian);
    for (size_t i = 0; i < entries; ++i) {
        const size_t at = directory + 2 + i * kEntryBytes;
        if (at + kEntryBytes > tiff.size()) return 1;
        if (number(tiff, at, 2, big_endian) == kOrientationTag &&
            number(tiff, at + 2, 2, big_endian) == kShort)
            return valid_or_upright(number(tiff, at + 8, 2, big_endian));
    }
    return 1;
}

int orientation_of(const Metadata& metadata) {
    if (const std::string* exif = metadata.find(kMetadataDomain, kMetadataExif)) {
        return exif_orientation(ByteSpan(reinterpret_cast<const uint8_t*>(exif->data()), exif->size()));
    }
    for (const char* domain : {"", "EXIF"}) {
        const std::string* text = metadata.find(domain, "EXIF_Orientation");
        if (text != nullptr && text->size() == 1 && (*text)[0] >= '1' && (*text)[0] <= '8')
            return (*text)[0] - '0';
    }
    return 1;
}

}  // namespace nae::capi
