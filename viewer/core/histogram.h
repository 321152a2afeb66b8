// How often each gray level occurs, band by band.
#ifndef NAE_VIEWER_CORE_HISTOGRAM_H_
#define NAE_VIEWER_CORE_HISTOGRAM_H_

#include <array>
#include <cstdint>
#include <vector>

#include "viewer/core/picture.h"
#include "viewer/core/region.h"

namespace nae {

using Histogram = std::array<uint64_t, 256>;

// One per band, over the part of `region` that lies inside the picture.
std::vector<Histogram> histograms(const Picture& picture, const Region& region);

// The count that a plot's axis should end at: the largest one, but a lone spike (black borders, clipped
// whites) does not flatten all the rest. At least 1.
uint64_t histogram_axis_end(const std::vector<Histogram>& all);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_HISTOGRAM_H_
