// Colour maps for heatmaps: a value from 0 to 1 becomes a colour.
#ifndef NAE_VIEWER_CORE_COLOUR_MAP_H_
#define NAE_VIEWER_CORE_COLOUR_MAP_H_

#include <array>
#include <cstdint>

namespace nae {

enum class ColourMap {
    viridis,   // perceptually uniform, safe for colour-blind readers; N. Smith, S. van der Walt, E. Firing,
               // 2015
    turbo,     // more steps to tell apart; A. Mikhailov, 2019
    grey,      // black to white
    blue_red,  // diverging, light gray in the middle, for signed values; K. Moreland's cool-warm, 2009
};

using Rgb = std::array<uint8_t, 3>;

// Values below 0 and above 1 (and NaN, as 0) take the end colours. viridis and turbo are at most 4 of 255
// away from the published tables.
Rgb map_colour(ColourMap map, double value);

// "viridis", "turbo", "grey".
const char* colour_map_name(ColourMap map);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_COLOUR_MAP_H_
