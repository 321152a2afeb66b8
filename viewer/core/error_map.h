// Error maps: where two pictures differ, and by how much.
#ifndef NAE_VIEWER_CORE_ERROR_MAP_H_
#define NAE_VIEWER_CORE_ERROR_MAP_H_

#include <vector>

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/picture.h"
#include "viewer/core/region.h"

namespace nae {

// One value per pixel: the absolute difference in gray levels, averaged over the bands.
struct ErrorMap {
    int width = 0;
    int height = 0;
    std::vector<float> values;
};

// Error: invalid_argument when the shapes differ.
Result<ErrorMap> absolute_error_map(const Picture& a, const Picture& b);

// The value that `fraction` (0..1) of all pixels stay at or below. 0 for an empty map.
float error_percentile(const ErrorMap& map, double fraction);

// A common upper end for the legends of several maps, so that their colours can be compared: the largest of
// their 99.5 % points, rounded up to one of 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 255 gray levels.
int common_error_range(const std::vector<const ErrorMap*>& maps);

// RGB, 0 to `range` gray levels over the whole colour map.
Picture paint_error_map(const ErrorMap& map, double range, ColourMap colours);

// The window of the given size with the largest sum of squared errors, searched in steps of 8 pixels; it lies
// inside the map, and is cut to it where the map is smaller.
Region worst_region(const ErrorMap& map, int width, int height);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_ERROR_MAP_H_
