// Figures of one rectangle: what is in it, and how far a codec's picture is from the original there.
#ifndef NAE_VIEWER_CORE_REGION_STATS_H_
#define NAE_VIEWER_CORE_REGION_STATS_H_

#include <optional>
#include <vector>

#include "format/status.h"
#include "viewer/core/picture.h"
#include "viewer/core/region.h"

namespace nae {

struct BandStats {
    double mean = 0;
    double deviation = 0;  // standard deviation of the population
    int lowest = 0;
    int highest = 0;
};

// One per band, over the part of `region` inside the picture; empty when nothing is.
std::vector<BandStats> band_stats(const Picture& picture, const Region& region);

struct RegionQuality {
    double psnr = 0;             // dB; infinity when equal
    std::optional<double> ssim;  // none below 11 x 11 pixels
    double mean_error = 0;       // codec minus original, gray levels, over all bands
    int largest_error = 0;       // absolute
};

// Errors: invalid_argument when the shapes differ or the region lies outside.
Result<RegionQuality> region_quality(const Picture& original, const Picture& coded, const Region& region);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_REGION_STATS_H_
