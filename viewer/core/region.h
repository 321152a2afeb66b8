// A rectangle of picture pixels.
#ifndef NAE_VIEWER_CORE_REGION_H_
#define NAE_VIEWER_CORE_REGION_H_

#include <algorithm>

namespace nae {

// Left, top, size; covers [x, x + width) x [y, y + height).
struct Region {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;

    bool empty() const { return width <= 0 || height <= 0; }
    bool contains(int px, int py) const { return px >= x && py >= y && px < x + width && py < y + height; }
    bool operator==(const Region& other) const {
        return x == other.x && y == other.y && width == other.width && height == other.height;
    }
};

// What two regions share; empty (width or height 0) when they share nothing.
inline Region intersection(const Region& a, const Region& b) {
    const int x = std::max(a.x, b.x);
    const int y = std::max(a.y, b.y);
    return {x, y, std::max(0, std::min(a.x + a.width, b.x + b.width) - x),
            std::max(0, std::min(a.y + a.height, b.y + b.height) - y)};
}

}  // namespace nae

#endif  // NAE_VIEWER_CORE_REGION_H_
