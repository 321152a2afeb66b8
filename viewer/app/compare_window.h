// The window of nae-compare: panes side by side, panned and zoomed in step.
#ifndef NAE_VIEWER_APP_COMPARE_WINDOW_H_
#define NAE_VIEWER_APP_COMPARE_WINDOW_H_

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/comparison.h"

namespace nae {

// Whether this build has a window at all.
#ifdef NAE_WITH_VIEWER
constexpr bool kHasWindow = true;
// Opens the window and returns when it is closed. Call from the main thread. Errors: unsupported when the
// display or OpenGL 3 is not to be had.
Status show_comparison_window(const Comparison& comparison, ColourMap colours);
#else
constexpr bool kHasWindow = false;
inline Status show_comparison_window(const Comparison&, ColourMap) {
    return Status(ErrorCode::unsupported, "this build has no window");
}
#endif

}  // namespace nae

#endif  // NAE_VIEWER_APP_COMPARE_WINDOW_H_
