// Where a picture's pixels fall in a pane: pan and zoom without any window.
#ifndef NAE_VIEWER_CORE_VIEW_TRANSFORM_H_
#define NAE_VIEWER_CORE_VIEW_TRANSFORM_H_

#include "viewer/core/region.h"

namespace nae {

struct Point {
    double x = 0;
    double y = 0;
};

// A rectangle in screen pixels.
struct Box {
    double x = 0;
    double y = 0;
    double width = 0;
    double height = 0;

    bool contains(Point p) const { return p.x >= x && p.y >= y && p.x < x + width && p.y < y + height; }
};

constexpr double kMinZoom = 1.0 / 256;
constexpr double kMaxZoom = 128;

// The picture's point in the middle of the pane, and screen pixels per picture pixel. The same view serves
// panes of any size, which is what keeps them in step.
struct View {
    double centre_x = 0;
    double centre_y = 0;
    double zoom = 1;
    bool fit = true;  // follow the pane's size until the user zooms or pans
};

// The whole picture, as large as the pane allows; small pictures are enlarged by whole factors only.
View fitted_view(int picture_width, int picture_height, double pane_width, double pane_height);

Point to_screen(const View& view, const Box& pane, Point picture_point);
Point to_picture(const View& view, const Box& pane, Point screen_point);

// The same view with the picture's corner on a whole screen pixel: at 1:1 each picture pixel is then one screen
// pixel and not the border of two.
View snapped(const View& view, const Box& pane);

// Zoomed by `factor` (limits kept), the picture's point under `cursor` staying where it is.
View zoomed_about(const View& view, const Box& pane, Point cursor, double factor);

// Moved with the mouse by screen pixels; the centre never leaves the picture.
View panned(const View& view, double dx, double dy, int picture_width, int picture_height);

// The region in the middle of the pane, with a margin of a third around it.
View view_of_region(const Region& region, double pane_width, double pane_height);

// The pixels of the picture that a pane shows, at least in part.
Region visible_region(const View& view, const Box& pane, int picture_width, int picture_height);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_VIEW_TRANSFORM_H_
