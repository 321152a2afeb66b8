// The laboratory's window: training, its results, its graphs. The logic is in viewer/core/laboratory.h.
#ifndef NAE_VIEWER_APP_LAB_WINDOW_H_
#define NAE_VIEWER_APP_LAB_WINDOW_H_

#include <string>

#include "viewer/core/laboratory.h"

namespace nae {

class Viewer;

enum class LabTab { train, results, graphs };

struct LabWindow {
    Laboratory laboratory;
    bool show = false;
    bool choose_tab = false;  // `tab` was asked for and is not shown yet
    LabTab tab = LabTab::train;
    std::string error;  // of the Train tab
    std::string table;  // shown in the Results tab
    int sorted_by = -1;
    bool descending = false;
    int graph = 0;  // shown in the Graphs tab
    bool held_out = true;
    bool coded_data_only = false;
    std::string measure = "ssim";
    int bins = 20;
};

void draw_laboratory(Viewer& viewer);
void draw_lab_train(Viewer& viewer);
void draw_lab_results(Viewer& viewer);
void draw_lab_graphs(Viewer& viewer);
// A line of text to edit. True when it changed.
bool edit_text(const char* label, std::string& text);

}  // namespace nae

#endif  // NAE_VIEWER_APP_LAB_WINDOW_H_
