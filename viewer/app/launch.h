// How the window is started: from the command line to a shell.
#ifndef NAE_VIEWER_APP_LAUNCH_H_
#define NAE_VIEWER_APP_LAUNCH_H_

#include <optional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/codec_run.h"
#include "viewer/core/heat_map.h"
#include "viewer/core/pane_layout.h"

namespace nae {

struct LaunchOptions {
    std::vector<std::string> paths;
    int width = 1280;
    int height = 800;
    bool size_given = false;
    float scale = 0;  // 0: the display's
    JpegSettings jpeg;
    std::optional<double> quality;  // NAE is encoded anew with it
    std::optional<int> effort;
    std::optional<Tune> tune;
    std::optional<HeatKind> heat;
    std::optional<CompareMode> mode;
    std::vector<std::string> actions;  // done one after the other, each when all is settled
    std::string screenshot;            // with it the program ends once it is written
    std::string csv;
    std::string session;  // file; "" for none
};

// In a window, until the user closes it. Errors: io when none can be opened, or a file cannot be written.
Status run_window(const LaunchOptions& options);
// Without any display: does the actions, writes screenshot and CSV. Errors: the first thing that went wrong.
Status run_headless(const LaunchOptions& options);

}  // namespace nae

#endif  // NAE_VIEWER_APP_LAUNCH_H_
