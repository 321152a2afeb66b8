// Peak signal-to-noise ratio, as the compression literature reports it for 8-bit pictures.
#ifndef NAE_VIEWER_CORE_PSNR_H_
#define NAE_VIEWER_CORE_PSNR_H_

#include "format/status.h"
#include "viewer/core/picture.h"

namespace nae {

// Mean of the squared differences over all pixels and bands, in squared gray levels.
// Error: invalid_argument when the shapes differ or a picture is empty.
Result<double> mean_squared_error(const Picture& a, const Picture& b);

// 10 log10(255^2 / mse) in dB; infinity for 0.
double psnr_of_mse(double mse);

// Both of the above: for RGB the MSE is averaged over the bands before the logarithm ("RGB PSNR").
Result<double> psnr(const Picture& a, const Picture& b);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_PSNR_H_
