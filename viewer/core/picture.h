// An 8-bit picture in memory, gray or RGB, and how it comes from and goes to files: through GDAL.
#ifndef NAE_VIEWER_CORE_PICTURE_H_
#define NAE_VIEWER_CORE_PICTURE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

// Rows from the top, pixels from the left, samples interleaved, no padding.
struct Picture {
    int width = 0;
    int height = 0;
    int bands = 0;  // 1 (gray) or 3 (R, G, B)
    std::vector<uint8_t> samples;

    Picture() = default;
    // All samples 0. The caller keeps width * height * bands within memory.
    Picture(int width_px, int height_px, int band_count);

    bool empty() const { return samples.empty(); }
    bool same_shape(const Picture& other) const {
        return width == other.width && height == other.height && bands == other.bands;
    }
    size_t row_bytes() const { return static_cast<size_t>(width) * static_cast<size_t>(bands); }
    uint8_t* row(int y) { return samples.data() + static_cast<size_t>(y) * row_bytes(); }
    const uint8_t* row(int y) const { return samples.data() + static_cast<size_t>(y) * row_bytes(); }
    uint8_t* pixel(int x, int y) { return row(y) + static_cast<ptrdiff_t>(x) * bands; }
    const uint8_t* pixel(int x, int y) const { return row(y) + static_cast<ptrdiff_t>(x) * bands; }
    uint64_t pixel_count() const { return static_cast<uint64_t>(width) * static_cast<uint64_t>(height); }
};

// Makes GDAL's drivers known, once per process. Every function here that needs them calls it.
void register_gdal_drivers();

// Reads a whole file that GDAL can open: Byte samples; gray, RGB, either with alpha (left out), or a palette
// (expanded). Errors: io with GDAL's words, unsupported for other types and band counts, limit_exceeded above
// 2^30 samples.
Result<Picture> read_picture(const std::string& path);

// Writes a PNG. Errors: io with GDAL's words.
Status write_png(const std::string& path, const Picture& picture);

// The same picture with three equal bands if it is gray.
Picture as_rgb(const Picture& picture);

// A rectangle of it; the caller keeps it inside.
Picture crop(const Picture& picture, int x, int y, int width, int height);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_PICTURE_H_
