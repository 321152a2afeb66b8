// How panes share the window.
#ifndef NAE_VIEWER_CORE_PANE_LAYOUT_H_
#define NAE_VIEWER_CORE_PANE_LAYOUT_H_

#include <vector>

#include "viewer/core/view_transform.h"

namespace nae {

enum class CompareMode {
    single,    // one pane; flicker shows the other
    two_up,    // side by side, or one above the other for wide pictures
    three_up,  // the default: original, NAE, JPEG
    four_up,   // 2 x 2, or four in a row where that shows more
    wipe,      // two pictures in one pane, a divider between them
};

// "single", "2-up", "3-up", "4-up", "wipe": for the session file and the command line.
const char* compare_mode_name(CompareMode mode);
// False, and the mode left alone, for a name that is none.
bool compare_mode_of(const char* name, CompareMode& mode);

// How many panes a mode shows. The wipe counts as one.
int pane_count(CompareMode mode);

// The rectangles of `count` panes of equal size in `area`, left to right and top to bottom, `gap` apart; of
// all arrangements in rows the one that shows a picture of this shape largest. `header` is what each pane
// loses at its top to its title.
std::vector<Box> pane_boxes(int count, const Box& area, double gap, double header, double picture_aspect);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_PANE_LAYOUT_H_
