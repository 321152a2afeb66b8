// The places a person should look at first.
#ifndef NAE_VIEWER_CORE_WORST_REGIONS_H_
#define NAE_VIEWER_CORE_WORST_REGIONS_H_

#include <vector>

#include "viewer/core/error_map.h"
#include "viewer/core/region.h"

namespace nae {

struct WorstRegion {
    Region region;
    double mean = 0;  // of the map's magnitudes in it
};

// Up to `count` squares of `side` pixels (cut to the map where that is smaller), the worst first: the largest
// mean magnitude, searched in steps of a quarter side, none overlapping one before it.
std::vector<WorstRegion> worst_regions(const ErrorMap& map, int side, int count);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_WORST_REGIONS_H_
