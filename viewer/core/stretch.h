// From a raster's own values to the 8 bits a screen shows.
#ifndef NAE_VIEWER_CORE_STRETCH_H_
#define NAE_VIEWER_CORE_STRETCH_H_

#include <cmath>
#include <cstdint>
#include <vector>

namespace nae {

enum class StretchMode {
    none,        // the data type's whole range: what 8-bit pictures want
    min_max,     // the smallest value becomes black, the largest white
    percentile,  // the same between the 2 % and the 98 % point
};

const char* stretch_mode_name(StretchMode mode);

// One band's line: `low` becomes 0, `high` becomes 255.
struct ValueRange {
    double low = 0;
    double high = 255;

    bool identity() const { return low == 0 && high == 255; }
    uint8_t apply(float value) const {
        const double scaled = (static_cast<double>(value) - low) * 255 / (high - low);
        if (!(scaled > 0)) return 0;  // NaN, too
        return scaled >= 255 ? 255 : static_cast<uint8_t>(scaled + 0.5);
    }
    double undo(double shown) const { return low + shown * (high - low) / 255; }
};

// The range that a mode gives for these samples of one band; values that are NaN or infinite do not count.
// `type_range` is the data type's own. A band of one value only gets a range around it.
ValueRange stretch_range(StretchMode mode, const std::vector<float>& samples, const ValueRange& type_range);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_STRETCH_H_
