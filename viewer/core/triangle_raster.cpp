#include "viewer/core/triangle_raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace nae {
namespace {

// Twice the signed area of a, b, p. From b to a it is exactly the negative: or a point near an edge could lie outside
// of both triangles that share it.
float edge(const Vertex& a, const Vertex& b, float x, float y) {
    if (b.y < a.y || (b.y == a.y && b.x < a.x)) return -edge(b, a, x, y);
    return (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
}

// Whether pixels exactly on the edge from a to b count: for one of the two triangles that share it.
bool owns_edge(const Vertex& a, const Vertex& b) { return b.y < a.y || (b.y == a.y && b.x > a.x); }

const uint8_t* texel(const Texture& texture, int x, int y) {
    const int cx = std::clamp(x, 0, texture.width - 1);
    const int cy = std::clamp(y, 0, texture.height - 1);
    return texture.rgba.data() + (static_cast<ptrdiff_t>(cy) * texture.width + cx) * 4;
}

std::array<float, 4> sample(const Texture& texture, float u, float v, bool smooth) {
    const float x = u * static_cast<float>(texture.width);
    const float y = v * static_cast<float>(texture.height);
    std::array<float, 4> result{};
    if (!smooth) {
        const uint8_t* at = texel(texture, static_cast<int>(std::floor(x)), static_cast<int>(std::floor(y)));
        for (size_t i = 0; i < 4; ++i) result[i] = at[i];
        return result;
    }
    const float left = std::floor(x - 0.5f);
    const float top = std::floor(y - 0.5f);
    const float across = x - 0.5f - left;
    const float down = y - 0.5f - top;
    for (int row = 0; row < 2; ++row)
        for (int column = 0; column < 2; ++column) {
            const uint8_t* at = texel(texture, static_cast<int>(left) + column, static_cast<int>(top) + row);
            const float weight = (column != 0 ? across : 1 - across) * (row != 0 ? down : 1 - down);
            for (size_t i = 0; i < 4; ++i) result[i] += weight * at[i];
        }
    return result;
}

}  // namespace

void paint_triangle(Picture& target, const ClipBox& clip, const Vertex& first, const Vertex& second,
                    const Vertex& third, const Texture& texture) {
    const Vertex* a = &first;
    const Vertex* b = &second;
    const Vertex* c = &third;
    float area = edge(*a, *b, c->x, c->y);
    if (area == 0 || texture.rgba.empty()) return;
    if (area < 0) {
        std::swap(b, c);
        area = -area;
    }
    const int left = std::max({clip.left, 0, static_cast<int>(std::floor(std::min({a->x, b->x, c->x})))});
    const int top = std::max({clip.top, 0, static_cast<int>(std::floor(std::min({a->y, b->y, c->y})))});
    const int right =
        std::min({clip.right, target.width, static_cast<int>(std::ceil(std::max({a->x, b->x, c->x})))});
    const int bottom =
        std::min({clip.bottom, target.height, static_cast<int>(std::ceil(std::max({a->y, b->y, c->y})))});

    // Texels per pixel, from the triangle as a whole: affine, so the same everywhere.
    const float texture_area = std::abs((b->u - a->u) * (c->v - a->v) - (b->v - a->v) * (c->u - a->u)) *
                               static_cast<float>(texture.width) * static_cast<float>(texture.height);
    const bool smooth = texture.smooth_when_enlarged || texture_area > area * 1.0001f;
    const bool flat = a->u == b->u && b->u == c->u && a->v == b->v && b->v == c->v;
    const std::array<float, 4> flat_texel = sample(texture, a->u, a->v, false);

    for (int y = top; y < bottom; ++y) {
        const float py = static_cast<float>(y) + 0.5f;
        for (int x = left; x < right; ++x) {
            const float px = static_cast<float>(x) + 0.5f;
            const float wa = edge(*b, *c, px, py);
            const float wb = edge(*c, *a, px, py);
            const float wc = edge(*a, *b, px, py);
            if (wa < 0 || wb < 0 || wc < 0) continue;
            if ((wa == 0 && !owns_edge(*b, *c)) || (wb == 0 && !owns_edge(*c, *a)) ||
                (wc == 0 && !owns_edge(*a, *b)))
                continue;
            const float la = wa / area;
            const float lb = wb / area;
            const float lc = wc / area;
            const std::array<float, 4> colour = flat ? flat_texel
                                                     : sample(texture, la * a->u + lb * b->u + lc * c->u,
                                                              la * a->v + lb * b->v + lc * c->v, smooth);
            const auto vertex = [&](size_t i) {
                return la * static_cast<float>(a->rgba[i]) + lb * static_cast<float>(b->rgba[i]) +
                       lc * static_cast<float>(c->rgba[i]);
            };
            const float alpha = colour[3] * vertex(3) / (255.0f * 255.0f);
            if (alpha <= 0) continue;
            uint8_t* pixel = target.pixel(x, y);
            for (size_t i = 0; i < 3; ++i) {
                const float source = colour[i] * vertex(i) / 255.0f;
                pixel[i] =
                    static_cast<uint8_t>(source * alpha + static_cast<float>(pixel[i]) * (1 - alpha) + 0.5f);
            }
        }
    }
}

}  // namespace nae
