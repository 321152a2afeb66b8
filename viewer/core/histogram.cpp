#include "viewer/core/histogram.h"

#include <algorithm>

namespace nae {

std::vector<Histogram> histograms(const Picture& picture, const Region& region) {
    std::vector<Histogram> all(static_cast<size_t>(picture.bands), Histogram{});
    const Region inside = intersection(region, {0, 0, picture.width, picture.height});
    for (int y = inside.y; y < inside.y + inside.height; ++y) {
        const uint8_t* sample = picture.pixel(inside.x, y);
        for (int x = 0; x < inside.width; ++x)
            for (Histogram& band : all) ++band[*sample++];
    }
    return all;
}

uint64_t histogram_axis_end(const std::vector<Histogram>& all) {
    std::vector<uint64_t> counts;
    for (const Histogram& band : all) counts.insert(counts.end(), band.begin(), band.end());
    if (counts.empty()) return 1;
    std::sort(counts.begin(), counts.end());
    const uint64_t largest = counts.back();
    const uint64_t usual = counts[counts.size() - 1 - std::min(counts.size() - 1, 3 * all.size())];
    return std::max<uint64_t>(1, largest > 3 * usual && usual > 0 ? usual * 3 / 2 : largest);
}

}  // namespace nae
