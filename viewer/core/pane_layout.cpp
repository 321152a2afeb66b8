#include "viewer/core/pane_layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nae {

const char* compare_mode_name(CompareMode mode) {
    switch (mode) {
        case CompareMode::single:
            return "single";
        case CompareMode::two_up:
            return "2-up";
        case CompareMode::four_up:
            return "4-up";
        case CompareMode::wipe:
            return "wipe";
        case CompareMode::three_up:
            break;
    }
    return "3-up";
}

bool compare_mode_of(const char* name, CompareMode& mode) {
    for (const CompareMode each : {CompareMode::single, CompareMode::two_up, CompareMode::three_up,
                                   CompareMode::four_up, CompareMode::wipe})
        if (std::strcmp(name, compare_mode_name(each)) == 0) {
            mode = each;
            return true;
        }
    return false;
}

int pane_count(CompareMode mode) {
    switch (mode) {
        case CompareMode::two_up:
            return 2;
        case CompareMode::three_up:
            return 3;
        case CompareMode::four_up:
            return 4;
        case CompareMode::single:
        case CompareMode::wipe:
            break;
    }
    return 1;
}

std::vector<Box> pane_boxes(int count, const Box& area, double gap, double header, double picture_aspect) {
    const double aspect = picture_aspect > 0 ? picture_aspect : 1;
    int best_columns = count;
    double best_width = -1;  // of the picture as shown
    for (int columns = count; columns >= 1; --columns) {
        const int rows = (count + columns - 1) / columns;
        const double width = (area.width - gap * (columns - 1)) / columns;
        const double height = (area.height - gap * (rows - 1)) / rows - header;
        const double shown = std::min(width, height * aspect);
        // A few per cent more are not worth panes that jump about.
        if (shown > best_width * 1.05) {
            best_width = shown;
            best_columns = columns;
        }
    }
    const int rows = (count + best_columns - 1) / best_columns;
    const double width = std::max(1.0, std::floor((area.width - gap * (best_columns - 1)) / best_columns));
    const double height = std::max(1.0, std::floor((area.height - gap * (rows - 1)) / rows));
    std::vector<Box> boxes;
    for (int i = 0; i < count; ++i)
        boxes.push_back({area.x + (width + gap) * (i % best_columns),
                         area.y + (height + gap) * static_cast<double>(i / best_columns), width, height});
    return boxes;
}

}  // namespace nae
