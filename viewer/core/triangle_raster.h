// Textured triangles painted by the processor: what draws the window where there is no display.
#ifndef NAE_VIEWER_CORE_TRIANGLE_RASTER_H_
#define NAE_VIEWER_CORE_TRIANGLE_RASTER_H_

#include <cstdint>
#include <vector>

#include "viewer/core/picture.h"

namespace nae {

struct Texture {
    int width = 0;
    int height = 0;
    std::vector<uint8_t> rgba;
    // Texels between samples: mixed, or the nearest one. Reduced pictures are always mixed.
    bool smooth_when_enlarged = false;
};

struct Vertex {
    float x = 0;
    float y = 0;
    float u = 0;
    float v = 0;
    uint8_t rgba[4] = {255, 255, 255, 255};
};

// In whole pixels; right and bottom excluded.
struct ClipBox {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
};

// Blends the triangle over an RGB picture: texture times vertex colour, source-over. A pixel belongs to a
// triangle when its middle does; on an edge shared by two triangles it belongs to exactly one of them.
void paint_triangle(Picture& target, const ClipBox& clip, const Vertex& a, const Vertex& b, const Vertex& c,
                    const Texture& texture);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_TRIANGLE_RASTER_H_
