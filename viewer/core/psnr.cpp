#include "viewer/core/psnr.h"

#include <cmath>
#include <limits>

namespace nae {

Result<double> mean_squared_error(const Picture& a, const Picture& b) {
    if (!a.same_shape(b) || a.empty())
        return Status(ErrorCode::invalid_argument, "PSNR: the pictures differ in size or bands");
    uint64_t sum = 0;  // at most 2^30 samples of 255^2 each: far below 2^64
    for (size_t i = 0; i < a.samples.size(); ++i) {
        const int difference = int{a.samples[i]} - int{b.samples[i]};
        sum += static_cast<uint64_t>(difference * difference);
    }
    return static_cast<double>(sum) / static_cast<double>(a.samples.size());
}

double psnr_of_mse(double mse) {
    if (mse <= 0) return std::numeric_limits<double>::infinity();
    return 10.0 * std::log10(255.0 * 255.0 / mse);
}

Result<double> psnr(const Picture& a, const Picture& b) {
    NAE_ASSIGN_OR_RETURN(const double mse, mean_squared_error(a, b));
    return psnr_of_mse(mse);
}

}  // namespace nae
