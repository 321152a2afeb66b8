// How things are shown: what the session remembers besides the files.
#ifndef NAE_VIEWER_CORE_VIEW_STATE_H_
#define NAE_VIEWER_CORE_VIEW_STATE_H_

#include <array>

#include "viewer/core/heat_map.h"
#include "viewer/core/pane_layout.h"
#include "viewer/core/session.h"
#include "viewer/core/view_transform.h"
#include "viewer/core/workbench.h"

namespace nae {

struct PaneState {
    Entry entry = Entry::original;
    bool heat = false;  // its heatmap laid over it
    // What panning and zooming this pane alone has changed against the common view.
    double shift_x = 0;
    double shift_y = 0;
    double zoom = 1;
};

struct ViewState {
    CompareMode mode = CompareMode::three_up;
    std::array<PaneState, 4> panes{};  // single and wipe use the first two
    View view;
    double wipe = 0.5;  // the divider's place, 0 left to 1 right
    HeatKind heat_kind = HeatKind::absolute;
    double heat_blend = 1;
    ColourMap colours = ColourMap::viridis;
    bool heat_auto_range = true;
    HeatRange heat_range{0, 32};  // when not automatic
    bool sidebar = true;
    Region selection;  // empty: none

    // The panes that a mode starts with: original, NAE, JPEG; of four both codecs above their heatmaps; of one,
    // and under the wipe, what is most worth flickering between.
    void reset_panes();
    // The view of one pane: the common one, with the pane's own change.
    View pane_view(const PaneState& pane) const;
    // Whether any shown codec pane has its heatmap on.
    bool any_heat() const;
    // Over every codec; of four panes only the lower two.
    void set_all_heat(bool on);
    void relink();

    void write_to(Settings& settings) const;
    // What is missing or out of range stays as it is.
    void read_from(const Settings& settings);
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_VIEW_STATE_H_
