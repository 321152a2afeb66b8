#include "viewer/core/worst_regions.h"

#include <algorithm>
#include <cmath>

namespace nae {

std::vector<WorstRegion> worst_regions(const ErrorMap& map, int side, int count) {
    std::vector<WorstRegion> found;
    const int width = std::min(side, map.width);
    const int height = std::min(side, map.height);
    if (width < 1 || height < 1) return found;
    const int step = std::max(1, side / 4);
    // Sums over cells of `step` pixels first: a candidate is then a few cells, not thousands of pixels.
    const int columns = (map.width + step - 1) / step;
    const int rows = (map.height + step - 1) / step;
    std::vector<double> cells(static_cast<size_t>(columns) * static_cast<size_t>(rows));
    size_t at = 0;
    for (int y = 0; y < map.height; ++y)
        for (int x = 0; x < map.width; ++x, ++at)
            cells[static_cast<size_t>(y / step) * static_cast<size_t>(columns) +
                  static_cast<size_t>(x / step)] += std::abs(static_cast<double>(map.values[at]));

    const int across = (width + step - 1) / step;
    const int down = (height + step - 1) / step;
    std::vector<WorstRegion> candidates;
    for (int row = 0; row + down <= rows; ++row)
        for (int column = 0; column + across <= columns; ++column) {
            double sum = 0;
            for (int y = 0; y < down; ++y)
                for (int x = 0; x < across; ++x)
                    sum += cells[static_cast<size_t>(row + y) * static_cast<size_t>(columns) +
                                 static_cast<size_t>(column + x)];
            const Region region = intersection({column * step, row * step, across * step, down * step},
                                               {0, 0, map.width, map.height});
            candidates.push_back({region, sum / (static_cast<double>(region.width) * region.height)});
        }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const WorstRegion& a, const WorstRegion& b) { return a.mean > b.mean; });
    for (const WorstRegion& candidate : candidates) {
        if (static_cast<int>(found.size()) == count || candidate.mean <= 0) break;
        const bool free = std::all_of(found.begin(), found.end(), [&](const WorstRegion& other) {
            return intersection(candidate.region, other.region).empty();
        });
        if (free) found.push_back(candidate);
    }
    return found;
}

}  // namespace nae
