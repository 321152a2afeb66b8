// Fonts and colours of the window.
#ifndef NAE_VIEWER_APP_UI_STYLE_H_
#define NAE_VIEWER_APP_UI_STYLE_H_

#include <imgui.h>

#include "viewer/core/workbench.h"

namespace nae {

struct Fonts {
    ImFont* regular = nullptr;
    ImFont* bold = nullptr;
    ImFont* small = nullptr;  // pixel values, axis labels
};

// Loads the fonts at `scale` (1: 96 dpi) and sets sizes and colours. Error: io when a font is missing.
Status set_up_style(float scale, Fonts& fonts);

// What a codec is drawn in everywhere: pane titles, plots.
ImU32 entry_colour(Entry entry);
constexpr ImU32 kTextDim = IM_COL32(158, 162, 170, 255);
constexpr ImU32 kWarning = IM_COL32(255, 196, 84, 255);
constexpr ImU32 kPaneBackground = IM_COL32(24, 25, 27, 255);
constexpr ImU32 kHeaderBackground = IM_COL32(43, 45, 49, 255);
constexpr ImU32 kAccent = IM_COL32(96, 165, 250, 255);
constexpr ImU32 kRuleColour = IM_COL32(70, 73, 79, 255);

}  // namespace nae

#endif  // NAE_VIEWER_APP_UI_STYLE_H_
