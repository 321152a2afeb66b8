// Structural similarity: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment:
// from error visibility to structural similarity", IEEE Trans. Image Processing 13(4), 2004, with the paper's
// constants: 11x11 Gaussian window of sigma 1.5 (weights normalised to sum 1), K1 = 0.01, K2 = 0.03, L = 255,
// and the weighted (not the sample) variances. Only windows that lie inside the picture count.
#ifndef NAE_VIEWER_CORE_SSIM_H_
#define NAE_VIEWER_CORE_SSIM_H_

#include <vector>

#include "format/status.h"
#include "viewer/core/picture.h"

namespace nae {

constexpr int kSsimWindow = 11;

// One band of a picture, or what became of it.
struct SamplePlane {
    int width = 0;
    int height = 0;
    std::vector<float> values;

    const float* row(int y) const {
        return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width);
    }
};

// `band` counts from 0.
SamplePlane band_plane(const Picture& picture, int band);

// SSIM of every window of one band. Value (x, y) belongs to the window centred on pixel (x + 5, y + 5), so
// the map is 10 narrower and lower than the picture.
struct SsimMap {
    int width = 0;
    int height = 0;
    std::vector<double> values;
    double mean = 0;
};

// `band` counts from 0. Errors: invalid_argument when the shapes differ or a side is shorter than the window.
Result<SsimMap> ssim_map(const Picture& a, const Picture& b, int band);

// Of SSIM whole, or its contrast and structure factor alone, which is what multi-scale SSIM is made of.
enum class SsimPart { whole, contrast_structure };
Result<SsimMap> ssim_map(const SamplePlane& a, const SamplePlane& b, SsimPart part);

// Mean over all windows and all bands (for RGB: each of R, G and B by itself, then averaged; no conversion to
// luma).
Result<double> ssim(const Picture& a, const Picture& b);

// Means over all windows of two planes: of SSIM, and of its contrast and structure factor. Errors as for ssim_map().
struct SsimMeans {
    double ssim = 0;
    double contrast_structure = 0;
};
Result<SsimMeans> ssim_means(const SamplePlane& a, const SamplePlane& b);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_SSIM_H_
