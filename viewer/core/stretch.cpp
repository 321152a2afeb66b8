#include "viewer/core/stretch.h"

#include <algorithm>
#include <cstddef>

namespace nae {

const char* stretch_mode_name(StretchMode mode) {
    switch (mode) {
        case StretchMode::min_max:
            return "min-max";
        case StretchMode::percentile:
            return "2-98 %";
        case StretchMode::none:
            break;
    }
    return "none";
}

ValueRange stretch_range(StretchMode mode, const std::vector<float>& samples, const ValueRange& type_range) {
    if (mode == StretchMode::none) return type_range;
    std::vector<float> finite;
    finite.reserve(samples.size());
    for (const float value : samples)
        if (std::isfinite(value)) finite.push_back(value);
    if (finite.empty()) return type_range;
    const auto at = [&finite](double fraction) {
        const auto index =
            static_cast<ptrdiff_t>(std::lround(fraction * static_cast<double>(finite.size() - 1)));
        std::nth_element(finite.begin(), finite.begin() + index, finite.end());
        return static_cast<double>(finite[static_cast<size_t>(index)]);
    };
    ValueRange range;
    const double cut = mode == StretchMode::percentile ? 0.02 : 0;
    range.low = at(cut);
    range.high = at(1 - cut);
    if (!(range.high > range.low)) {
        range.low -= 0.5;
        range.high = range.low + 1;
    }
    return range;
}

}  // namespace nae
