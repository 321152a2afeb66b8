// A frame with labelled axes, for the histogram and the rate-distortion plot.
#ifndef NAE_VIEWER_APP_PLOT_H_
#define NAE_VIEWER_APP_PLOT_H_

#include <string>

#include "viewer/app/viewer.h"
#include "viewer/core/axis.h"

namespace nae {

class Plot {
  public:
    // Takes `height` pixels of the panel's width; ticks and labels of both axes are drawn at once.
    Plot(Viewer& viewer, const char* id, float height, const Axis& x, const Axis& y, const char* x_label,
         const char* y_label);

    ImVec2 at(double x, double y) const;
    ImDrawList& list() const { return *ImGui::GetWindowDrawList(); }
    bool hovered() const { return hovered_; }
    bool clicked() const { return clicked_; }
    ImVec2 low() const { return low_; }    // top left of the inner area
    ImVec2 high() const { return high_; }  // bottom right

  private:
    Axis x_;
    Axis y_;
    ImVec2 low_;
    ImVec2 high_;
    bool hovered_ = false;
    bool clicked_ = false;
};

}  // namespace nae

#endif  // NAE_VIEWER_APP_PLOT_H_
