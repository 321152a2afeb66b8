// Rectangles on rasters. 64 bits: a picture may be 2^31 - 1 wide, and sums of such numbers must not overflow.
#ifndef NAE_CODEC_REGION_H_
#define NAE_CODEC_REGION_H_

#include <algorithm>
#include <cstdint>

namespace nae {

// Size of a raster.
struct Extents {
    int64_t h = 0;
    int64_t w = 0;

    bool operator==(const Extents& o) const { return h == o.h && w == o.w; }
    bool operator!=(const Extents& o) const { return !(*this == o); }
};

// Half-open rectangle [x, x + w) x [y, y + h); empty when w <= 0 or h <= 0.
struct Rect {
    int64_t x = 0;
    int64_t y = 0;
    int64_t w = 0;
    int64_t h = 0;

    int64_t right() const { return x + w; }
    int64_t bottom() const { return y + h; }
    bool empty() const { return w <= 0 || h <= 0; }
    bool contains(const Rect& o) const {
        return o.empty() || (o.x >= x && o.y >= y && o.right() <= right() && o.bottom() <= bottom());
    }
    bool operator==(const Rect& o) const { return x == o.x && y == o.y && w == o.w && h == o.h; }
    bool operator!=(const Rect& o) const { return !(*this == o); }
};

inline Rect whole(const Extents& e) { return Rect{0, 0, e.w, e.h}; }

// Common part of both; an empty rectangle ({0,0,0,0}) when there is none.
inline Rect intersect(const Rect& a, const Rect& b) {
    const int64_t x0 = std::max(a.x, b.x), y0 = std::max(a.y, b.y);
    const int64_t x1 = std::min(a.right(), b.right()), y1 = std::min(a.bottom(), b.bottom());
    if (x1 <= x0 || y1 <= y0) return Rect{};
    return Rect{x0, y0, x1 - x0, y1 - y0};
}

// Smallest rectangle that covers both; empty ones count for nothing.
inline Rect unite(const Rect& a, const Rect& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    const int64_t x0 = std::min(a.x, b.x), y0 = std::min(a.y, b.y);
    const int64_t x1 = std::max(a.right(), b.right()), y1 = std::max(a.bottom(), b.bottom());
    return Rect{x0, y0, x1 - x0, y1 - y0};
}

// Quotients rounded towards minus and plus infinity; d > 0.
inline int64_t div_down(int64_t n, int64_t d) { return n / d - (n % d < 0 ? 1 : 0); }
inline int64_t div_up(int64_t n, int64_t d) { return n / d + (n % d > 0 ? 1 : 0); }

}  // namespace nae

#endif  // NAE_CODEC_REGION_H_
