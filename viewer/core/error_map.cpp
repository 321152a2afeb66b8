#include "viewer/core/error_map.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace nae {

Result<ErrorMap> absolute_error_map(const Picture& a, const Picture& b) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "error map: the pictures differ in size or bands");
    ErrorMap map;
    map.width = a.width;
    map.height = a.height;
    map.values.resize(static_cast<size_t>(a.pixel_count()));
    const auto bands = static_cast<size_t>(a.bands);
    for (size_t i = 0; i < map.values.size(); ++i) {
        int sum = 0;
        for (size_t band = 0; band < bands; ++band)
            sum += std::abs(int{a.samples[i * bands + band]} - int{b.samples[i * bands + band]});
        map.values[i] = static_cast<float>(sum) / static_cast<float>(a.bands);
    }
    return map;
}

float error_percentile(const ErrorMap& map, double fraction) {
    if (map.values.empty()) return 0;
    std::vector<float> sorted = map.values;
    const auto last = static_cast<double>(sorted.size() - 1);
    const auto index = static_cast<ptrdiff_t>(std::ceil(std::clamp(fraction, 0.0, 1.0) * last));
    std::nth_element(sorted.begin(), sorted.begin() + index, sorted.end());
    return sorted[static_cast<size_t>(index)];
}

int common_error_range(const std::vector<const ErrorMap*>& maps) {
    float needed = 0;
    for (const ErrorMap* map : maps) needed = std::max(needed, error_percentile(*map, 0.995));
    for (const int range : {4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192})
        if (needed <= static_cast<float>(range)) return range;
    return 255;
}

Picture paint_error_map(const ErrorMap& map, double range, ColourMap colours) {
    Picture out(map.width, map.height, 3);
    // The map has few distinct values worth telling apart; a table is much quicker than polynomials per
    // pixel.
    constexpr int kSteps = 1024;
    std::vector<Rgb> table;
    for (int i = 0; i <= kSteps; ++i) table.push_back(map_colour(colours, double{1.0} * i / kSteps));
    for (size_t i = 0; i < map.values.size(); ++i) {
        const double t = std::clamp(static_cast<double>(map.values[i]) / range, 0.0, 1.0);
        const Rgb& colour = table[static_cast<size_t>(std::lround(t * kSteps))];
        std::copy(colour.begin(), colour.end(), out.samples.begin() + static_cast<ptrdiff_t>(3 * i));
    }
    return out;
}

Region worst_region(const ErrorMap& map, int width, int height) {
    Region best{0, 0, std::min(width, map.width), std::min(height, map.height)};
    constexpr int kStep = 8;
    // Summed-area table of squared errors: sums[y][x] covers everything above and to the left.
    const size_t stride = static_cast<size_t>(map.width) + 1;
    std::vector<double> sums(stride * (static_cast<size_t>(map.height) + 1));
    for (int y = 0; y < map.height; ++y) {
        double row = 0;
        for (int x = 0; x < map.width; ++x) {
            const auto value = static_cast<double>(
                map.values[static_cast<size_t>(y) * (stride - 1) + static_cast<size_t>(x)]);
            row += value * value;
            const size_t at = (static_cast<size_t>(y) + 1) * stride + static_cast<size_t>(x) + 1;
            sums[at] = sums[at - stride] + row;
        }
    }
    const auto sum_at = [&](int x, int y) {
        return sums[static_cast<size_t>(y) * stride + static_cast<size_t>(x)];
    };
    double worst = -1;
    for (int y = 0; y + best.height <= map.height; y += kStep)
        for (int x = 0; x + best.width <= map.width; x += kStep) {
            const double sum = sum_at(x + best.width, y + best.height) - sum_at(x, y + best.height) -
                               sum_at(x + best.width, y) + sum_at(x, y);
            if (sum > worst) {
                worst = sum;
                best.x = x;
                best.y = y;
            }
        }
    return best;
}

}  // namespace nae
