#include "viewer/core/region_stats.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "viewer/core/psnr.h"
#include "viewer/core/ssim.h"

namespace nae {

std::vector<BandStats> band_stats(const Picture& picture, const Region& region) {
    const Region inside = intersection(region, {0, 0, picture.width, picture.height});
    std::vector<BandStats> all;
    if (inside.empty()) return all;
    const double count = static_cast<double>(inside.width) * inside.height;
    for (int band = 0; band < picture.bands; ++band) {
        BandStats stats;
        stats.lowest = 255;
        double sum = 0;
        double squares = 0;
        for (int y = inside.y; y < inside.y + inside.height; ++y)
            for (int x = inside.x; x < inside.x + inside.width; ++x) {
                const int value = picture.pixel(x, y)[band];
                sum += value;
                squares += value * value;
                stats.lowest = std::min(stats.lowest, value);
                stats.highest = std::max(stats.highest, value);
            }
        stats.mean = sum / count;
        stats.deviation = std::sqrt(std::max(0.0, squares / count - stats.mean * stats.mean));
        all.push_back(stats);
    }
    return all;
}

Result<RegionQuality> region_quality(const Picture& original, const Picture& coded, const Region& region) {
    if (!original.same_shape(coded))
        return Status(ErrorCode::invalid_argument, "region: the pictures differ in size or bands");
    const Region inside = intersection(region, {0, 0, original.width, original.height});
    if (inside.empty()) return Status(ErrorCode::invalid_argument, "region: it lies outside of the picture");
    const Picture a = crop(original, inside.x, inside.y, inside.width, inside.height);
    const Picture b = crop(coded, inside.x, inside.y, inside.width, inside.height);
    RegionQuality quality;
    NAE_ASSIGN_OR_RETURN(quality.psnr, psnr(a, b));
    const Result<double> similarity = ssim(a, b);
    if (similarity.ok()) quality.ssim = similarity.value();
    double sum = 0;
    for (size_t i = 0; i < a.samples.size(); ++i) {
        const int error = int{b.samples[i]} - int{a.samples[i]};
        sum += error;
        quality.largest_error = std::max(quality.largest_error, std::abs(error));
    }
    quality.mean_error = sum / static_cast<double>(a.samples.size());
    return quality;
}

}  // namespace nae
