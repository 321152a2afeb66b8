// Multi-scale structural similarity: Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multiscale structural similarity
// for image quality assessment", Asilomar 2003.
#ifndef NAE_VIEWER_CORE_MS_SSIM_H_
#define NAE_VIEWER_CORE_MS_SSIM_H_

#include "format/status.h"
#include "viewer/core/picture.h"

namespace nae {

// Five scales with the paper's exponents, each half the size of the one before (mean of 2 x 2 pixels, an odd
// last row or column left out); contrast and structure at every scale, luminance at the coarsest only; SSIM's
// window and constants. Per band, averaged over the bands. Negative means (opposite structure) count as 0.
// Errors: invalid_argument when the shapes differ or the coarsest scale is smaller than the window, which
// takes pictures of at least 176 x 176.
Result<double> ms_ssim(const Picture& a, const Picture& b);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_MS_SSIM_H_
