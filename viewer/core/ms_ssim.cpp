#include "viewer/core/ms_ssim.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "viewer/core/ssim.h"

namespace nae {
namespace {

constexpr std::array<double, 5> kExponents{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

SamplePlane halved(const SamplePlane& plane) {
    SamplePlane half;
    half.width = plane.width / 2;
    half.height = plane.height / 2;
    half.values.reserve(static_cast<size_t>(half.width) * static_cast<size_t>(half.height));
    for (int y = 0; y < half.height; ++y) {
        const float* above = plane.row(2 * y);
        const float* below = plane.row(2 * y + 1);
        for (int x = 0; x < half.width; ++x)
            half.values.push_back((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]) / 4);
    }
    return half;
}

}  // namespace

Result<double> ms_ssim(const Picture& a, const Picture& b) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "MS-SSIM: the pictures differ in size or bands");
    constexpr int kSmallest = kSsimWindow << (kExponents.size() - 1);
    if (a.width < kSmallest || a.height < kSmallest)
        return Status(ErrorCode::invalid_argument, "MS-SSIM: the picture is smaller than 176x176");
    double sum = 0;
    for (int band = 0; band < a.bands; ++band) {
        SamplePlane plane_a = band_plane(a, band);
        SamplePlane plane_b = band_plane(b, band);
        double product = 1;
        for (size_t scale = 0; scale < kExponents.size(); ++scale) {
            if (scale > 0) {
                plane_a = halved(plane_a);
                plane_b = halved(plane_b);
            }
            NAE_ASSIGN_OR_RETURN(const SsimMeans means, ssim_means(plane_a, plane_b));
            const bool coarsest = scale + 1 == kExponents.size();
            const double term = coarsest ? means.ssim : means.contrast_structure;
            product *= std::pow(std::max(term, 0.0), kExponents[scale]);
        }
        sum += product;
    }
    return sum / a.bands;
}

}  // namespace nae
