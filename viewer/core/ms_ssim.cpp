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

constexpr int kSmallest = kSsimWindow << (kExponents.size() - 1);

Status check_shapes(const Picture& a, const Picture& b) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "MS-SSIM: the pictures differ in size or bands");
    if (a.width < kSmallest || a.height < kSmallest)
        return Status(ErrorCode::invalid_argument, "MS-SSIM: the picture is smaller than 176x176");
    return Status();
}

// Where the middle of a pixel lies between the windows of a scale: the index of the left or upper one, and how far
// it is on the way to the next.
struct Place {
    int index = 0;
    float part = 0;
};

std::vector<Place> places(int pixels, int windows, size_t scale) {
    std::vector<Place> all;
    all.reserve(static_cast<size_t>(pixels));
    const float step = static_cast<float>(1 << scale);
    for (int i = 0; i < pixels; ++i) {
        const float at = (static_cast<float>(i) + 0.5f) / step - 0.5f - static_cast<float>(kSsimWindow / 2);
        const float inside = std::clamp(at, 0.0f, static_cast<float>(windows - 1));
        const int index = std::min(static_cast<int>(inside), std::max(windows - 2, 0));
        all.push_back({index, inside - static_cast<float>(index)});
    }
    return all;
}

// product *= factors, enlarged to the size of product.
void multiply_enlarged(const SsimMap& factors, size_t scale, int width, std::vector<float>& product) {
    const auto height = static_cast<int>(product.size() / static_cast<size_t>(width));
    const std::vector<Place> columns = places(width, factors.width, scale);
    const std::vector<Place> rows = places(height, factors.height, scale);
    const int right = factors.width > 1 ? 1 : 0;
    float* out = product.data();
    for (const Place& row : rows) {
        const double* above = factors.values.data() + static_cast<ptrdiff_t>(row.index) * factors.width;
        const double* below = factors.height > 1 ? above + factors.width : above;
        for (const Place& column : columns) {
            const auto mix = [&](const double* from) {
                const auto left = static_cast<float>(from[column.index]);
                return left + column.part * (static_cast<float>(from[column.index + right]) - left);
            };
            const float upper = mix(above);
            *out++ *= upper + row.part * (mix(below) - upper);
        }
    }
}

}  // namespace

Result<double> ms_ssim(const Picture& a, const Picture& b) {
    NAE_RETURN_IF_ERROR(check_shapes(a, b));
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

Result<ErrorMap> ms_ssim_heat(const Picture& a, const Picture& b, const std::function<bool(double)>& go_on) {
    NAE_RETURN_IF_ERROR(check_shapes(a, b));
    ErrorMap heat;
    heat.width = a.width;
    heat.height = a.height;
    heat.values.assign(static_cast<size_t>(a.pixel_count()), 1.0f);
    std::vector<float> product(heat.values.size());
    for (int band = 0; band < a.bands; ++band) {
        SamplePlane plane_a = band_plane(a, band);
        SamplePlane plane_b = band_plane(b, band);
        std::fill(product.begin(), product.end(), 1.0f);
        for (size_t scale = 0; scale < kExponents.size(); ++scale) {
            if (scale > 0) {
                plane_a = halved(plane_a);
                plane_b = halved(plane_b);
            }
            const bool coarsest = scale + 1 == kExponents.size();
            NAE_ASSIGN_OR_RETURN(
                SsimMap factors,
                ssim_map(plane_a, plane_b, coarsest ? SsimPart::whole : SsimPart::contrast_structure));
            for (double& value : factors.values) value = std::pow(std::max(value, 0.0), kExponents[scale]);
            multiply_enlarged(factors, scale, a.width, product);
            const double done = band + static_cast<double>(scale + 1) / kExponents.size();
            if (go_on && !go_on(done / a.bands)) return Status(ErrorCode::cancelled, "cancelled");
        }
        for (size_t i = 0; i < product.size(); ++i)
            heat.values[i] -= product[i] / static_cast<float>(a.bands);
    }
    return heat;
}

}  // namespace nae
