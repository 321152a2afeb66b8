#include "viewer/core/view_transform.h"

#include <algorithm>
#include <cmath>

namespace nae {

View fitted_view(int picture_width, int picture_height, double pane_width, double pane_height) {
    const int width = std::max(picture_width, 1);
    const int height = std::max(picture_height, 1);
    double zoom = std::min(std::max(pane_width, 1.0) / width, std::max(pane_height, 1.0) / height);
    if (zoom > 1) zoom = std::min(std::floor(zoom), 16.0);
    return {width / 2.0, height / 2.0, std::clamp(zoom, kMinZoom, kMaxZoom), true};
}

Point to_screen(const View& view, const Box& pane, Point p) {
    return {pane.x + pane.width / 2 + (p.x - view.centre_x) * view.zoom,
            pane.y + pane.height / 2 + (p.y - view.centre_y) * view.zoom};
}

Point to_picture(const View& view, const Box& pane, Point p) {
    return {view.centre_x + (p.x - pane.x - pane.width / 2) / view.zoom,
            view.centre_y + (p.y - pane.y - pane.height / 2) / view.zoom};
}

View snapped(const View& view, const Box& pane) {
    const Point corner = to_screen(view, pane, {0, 0});
    View next = view;
    next.centre_x += (corner.x - std::round(corner.x)) / view.zoom;
    next.centre_y += (corner.y - std::round(corner.y)) / view.zoom;
    return next;
}

View zoomed_about(const View& view, const Box& pane, Point cursor, double factor) {
    const Point kept = to_picture(view, pane, cursor);
    View next = view;
    next.fit = false;
    next.zoom = std::clamp(view.zoom * factor, kMinZoom, kMaxZoom);
    next.centre_x = kept.x - (cursor.x - pane.x - pane.width / 2) / next.zoom;
    next.centre_y = kept.y - (cursor.y - pane.y - pane.height / 2) / next.zoom;
    return next;
}

View panned(const View& view, double dx, double dy, int picture_width, int picture_height) {
    View next = view;
    next.fit = false;
    next.centre_x = std::clamp(view.centre_x - dx / view.zoom, 0.0, static_cast<double>(picture_width));
    next.centre_y = std::clamp(view.centre_y - dy / view.zoom, 0.0, static_cast<double>(picture_height));
    return next;
}

View view_of_region(const Region& region, double pane_width, double pane_height) {
    View view;
    view.fit = false;
    view.centre_x = region.x + region.width / 2.0;
    view.centre_y = region.y + region.height / 2.0;
    const double room = 3.0 / 5.0;
    double zoom =
        room * std::min(pane_width / std::max(region.width, 1), pane_height / std::max(region.height, 1));
    if (zoom > 1) zoom = std::floor(zoom);
    view.zoom = std::clamp(zoom, kMinZoom, kMaxZoom);
    return view;
}

Region visible_region(const View& view, const Box& pane, int picture_width, int picture_height) {
    const Point first = to_picture(view, pane, {pane.x, pane.y});
    const Point last = to_picture(view, pane, {pane.x + pane.width, pane.y + pane.height});
    const auto inside = [](double value, int limit) {
        return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(limit)));
    };
    Region region;
    region.x = inside(std::floor(first.x), picture_width);
    region.y = inside(std::floor(first.y), picture_height);
    region.width = inside(std::ceil(last.x), picture_width) - region.x;
    region.height = inside(std::ceil(last.y), picture_height) - region.y;
    return region;
}

}  // namespace nae
