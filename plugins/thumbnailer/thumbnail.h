// A small picture of a .nae file, by way of nae.h.
#ifndef NAE_PLUGINS_THUMBNAILER_THUMBNAIL_H_
#define NAE_PLUGINS_THUMBNAILER_THUMBNAIL_H_

#include <cstdint>
#include <string>
#include <vector>

namespace nae::thumbnail {

// 8-bit, dense and interleaved.
struct Image {
    uint32_t width = 0;
    uint32_t height = 0;
    int channels = 0;  // 1, 3 or 4 (with alpha)
    std::vector<uint8_t> samples;
};

// The embedded preview, else the pixels, reduced so that neither side is longer than `size`; never enlarged, and
// turned the way EXIF says. Pictures of more than 2^26 pixels without a preview are refused. Throws
// nae::api::Error and std::bad_alloc.
Image make_thumbnail(const std::string& path, uint32_t size);

}  // namespace nae::thumbnail

#endif  // NAE_PLUGINS_THUMBNAILER_THUMBNAIL_H_
