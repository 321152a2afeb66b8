// What panes draw: tiles, values on the pixels, and what stands where there is no picture.
#ifndef NAE_VIEWER_APP_PANE_DRAWING_H_
#define NAE_VIEWER_APP_PANE_DRAWING_H_

#include "viewer/app/viewer.h"

namespace nae {

// The part of a source that `clip` shows, with `opacity`; what is not there yet in the coarser tiles at hand.
void draw_tiles(Viewer& viewer, ImDrawList& list, const TileSourcePtr& source, const View& view,
                const Box& box, const Box& clip, double opacity);
// Each visible pixel's values, when pixels are large enough to read them.
void draw_values(Viewer& viewer, ImDrawList& list, Entry entry, const View& view, const Box& box,
                 const Box& clip);
// Why a pane is empty, and what can be done about it.
void draw_placeholder(Viewer& viewer, Entry entry, const Box& box);
// Instead of panes when nothing is open.
void draw_welcome(Viewer& viewer, const Box& area);

}  // namespace nae

#endif  // NAE_VIEWER_APP_PANE_DRAWING_H_
