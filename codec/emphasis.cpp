#include "codec/emphasis.h"

#include <algorithm>
#include <cmath>

namespace nae {
namespace {

constexpr ptrdiff_t kCell = 16, kWindow = 8;  // pixels a side; a window is about as large as SSIM's
constexpr ptrdiff_t kChannels = 3;
constexpr double kGreyLevels = 128;  // of the pixels' unit
// ((kUsual + kFloor) / (variance + kFloor)) ^ kPower, variances in squared grey levels. SSIM itself would have C2 / 2 = 29 and 1;
// but steps are the same everywhere, so where errors should be several times larger than a step makes them, symbols can only be
// left out. Fitted to MS-SSIM and PSNR of six training pictures, kUsual so that sizes stay about the same.
constexpr double kFloor = 60, kUsual = 200, kPower = 0.6;

// The mean over the channels of a window.
double emphasis_of(const float* window, ptrdiff_t row_stride) {
    double sums[kChannels] = {}, squares[kChannels] = {};
    for (ptrdiff_t y = 0; y < kWindow; ++y) {
        const float* row = window + y * row_stride;
        for (ptrdiff_t i = 0; i < kWindow * kChannels; ++i) {
            const double v = static_cast<double>(row[i]) * kGreyLevels;
            sums[i % kChannels] += v;
            squares[i % kChannels] += v * v;
        }
    }
    double sum = 0;
    for (int c = 0; c < kChannels; ++c) {
        constexpr double kCount = kWindow * kWindow;
        const double variance = std::max(0.0, squares[c] / kCount - sums[c] / kCount * (sums[c] / kCount));
        sum += std::pow((kUsual + kFloor) / (variance + kFloor), kPower);
    }
    return sum / kChannels;
}

}  // namespace

void structural_emphasis(const float* pixels, ptrdiff_t row_stride, ptrdiff_t cells, float* out) {
    for (ptrdiff_t cell = 0; cell < cells; ++cell) {
        double sum = 0;
        for (ptrdiff_t y = 0; y < kCell; y += kWindow)
            for (ptrdiff_t x = 0; x < kCell; x += kWindow)
                sum += emphasis_of(pixels + y * row_stride + (cell * kCell + x) * kChannels, row_stride);
        constexpr double kWindows = (kCell / kWindow) * (kCell / kWindow);
        out[cell] = std::max(static_cast<float>(sum / kWindows), kLeastEmphasis);
    }
}

}  // namespace nae
