// Small charts as SVG files.
#pragma once

#include <string>
#include <vector>

#include "format/status.h"

namespace nae::training {

struct Series {
    std::string name;
    std::vector<double> x, y;  // of one length; values that are not finite are left out
};

// Lines with marks. Error: io.
Status write_line_chart(const std::string& title, const std::string& x_label, const std::string& y_label,
                        const std::vector<Series>& series, const std::string& path);

// The share of values in each of `bins` even intervals, one set of bars for each series (its y; x is not used).
Status write_histograms(const std::string& title, const std::string& x_label,
                        const std::vector<Series>& series, int bins, const std::string& path);

}  // namespace nae::training
