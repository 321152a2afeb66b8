// Multi-scale structural similarity: Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity
// for image quality assessment", Asilomar 2003.
#ifndef NAE_VIEWER_CORE_MS_SSIM_H_
#define NAE_VIEWER_CORE_MS_SSIM_H_

#include <functional>

#include "format/status.h"
#include "viewer/core/error_map.h"
#include "viewer/core/picture.h"

namespace nae {

// Five scales with the paper's exponents, each half the size of the one before (mean of 2 x 2 pixels, an odd
// last row or column left out); contrast and structure at every scale, luminance at the coarsest only; SSIM's
// window and constants. Per band, averaged over the bands. Negative means (opposite structure) count as 0.
// Errors: invalid_argument when the shapes differ or the coarsest scale is smaller than the window, which
// takes pictures of at least 176 x 176.
Result<double> ms_ssim(const Picture& a, const Picture& b);

// 1 - MS-SSIM around each pixel, mean over the bands: the product of the scales' factors at that place, coarse ones
// interpolated linearly, borders repeating the nearest window. Where ms_ssim() takes the product of means, this has
// no mean to take, so 1 minus the map's mean is near ms_ssim() and not the same. `go_on` is called now and then
// with the fraction done; false cancels. Errors as for ms_ssim().
Result<ErrorMap> ms_ssim_heat(const Picture& a, const Picture& b,
                              const std::function<bool(double)>& go_on = {});

}  // namespace nae

#endif  // NAE_VIEWER_CORE_MS_SSIM_H_
