#include "viewer/core/ssim.h"

#include <array>
#include <cmath>
#include <numeric>

namespace nae {
namespace {

constexpr int kCentre = kSsimWindow / 2;
constexpr double kSigma = 1.5;
constexpr double kC1 = (0.01 * 255) * (0.01 * 255);
constexpr double kC2 = (0.03 * 255) * (0.03 * 255);

using Window = std::array<double, kSsimWindow>;

Window gaussian_window() {
    Window weights{};
    for (int i = 0; i < kSsimWindow; ++i) {
        const double t = (i - kCentre) / kSigma;
        weights[static_cast<size_t>(i)] = std::exp(-0.5 * t * t);
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= sum;
    return weights;
}

// The five local moments the formula needs.
enum Moment { kMeanA, kMeanB, kSquareA, kSquareB, kProduct, kMoments };
using Moments = std::array<double, kMoments>;

// The window is separable. One output row needs kSsimWindow rows of horizontally filtered moments; they are
// kept in a ring, so memory is a few rows whatever the picture's height.
class MomentRows {
  public:
    MomentRows(const Picture& a, const Picture& b, int band)
        : a_(a), b_(b), band_(band), weights_(gaussian_window()), columns_(a.width - kSsimWindow + 1) {
        for (auto& row : ring_) row.resize(static_cast<size_t>(columns_));
        for (int y = 0; y < kSsimWindow - 1; ++y) filter_row(y);
    }

    // Moments of the windows whose top row is y; must be called with y = 0, 1, 2, …
    const std::vector<Moments>& next(int y) {
        filter_row(y + kSsimWindow - 1);
        result_.assign(static_cast<size_t>(columns_), Moments{});
        for (int k = 0; k < kSsimWindow; ++k) {
            const double weight = weights_[static_cast<size_t>(k)];
            const auto& row = ring_[static_cast<size_t>((y + k) % kSsimWindow)];
            for (size_t x = 0; x < row.size(); ++x)
                for (size_t m = 0; m < kMoments; ++m) result_[x][m] += weight * row[x][m];
        }
        return result_;
    }

  private:
    void filter_row(int y) {
        const uint8_t* row_a = a_.row(y) + band_;
        const uint8_t* row_b = b_.row(y) + band_;
        auto& out = ring_[static_cast<size_t>(y % kSsimWindow)];
        for (int x = 0; x < columns_; ++x) {
            Moments sums{};
            for (int k = 0; k < kSsimWindow; ++k) {
                const double weight = weights_[static_cast<size_t>(k)];
                const double value_a = row_a[(x + k) * a_.bands];
                const double value_b = row_b[(x + k) * b_.bands];
                sums[kMeanA] += weight * value_a;
                sums[kMeanB] += weight * value_b;
                sums[kSquareA] += weight * value_a * value_a;
                sums[kSquareB] += weight * value_b * value_b;
                sums[kProduct] += weight * value_a * value_b;
            }
            out[static_cast<size_t>(x)] = sums;
        }
    }

    const Picture& a_;
    const Picture& b_;
    const int band_;
    const Window weights_;
    const int columns_;
    std::array<std::vector<Moments>, kSsimWindow> ring_;
    std::vector<Moments> result_;
};

double ssim_of(const Moments& m) {
    const double variance_a = m[kSquareA] - m[kMeanA] * m[kMeanA];
    const double variance_b = m[kSquareB] - m[kMeanB] * m[kMeanB];
    const double covariance = m[kProduct] - m[kMeanA] * m[kMeanB];
    return (2 * m[kMeanA] * m[kMeanB] + kC1) * (2 * covariance + kC2) /
           ((m[kMeanA] * m[kMeanA] + m[kMeanB] * m[kMeanB] + kC1) * (variance_a + variance_b + kC2));
}

}  // namespace

Result<SsimMap> ssim_map(const Picture& a, const Picture& b, int band) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "SSIM: the pictures differ in size or bands");
    if (a.width < kSsimWindow || a.height < kSsimWindow)
        return Status(ErrorCode::invalid_argument, "SSIM: the picture is smaller than the 11x11 window");
    SsimMap map;
    map.width = a.width - kSsimWindow + 1;
    map.height = a.height - kSsimWindow + 1;
    map.values.reserve(static_cast<size_t>(map.width) * static_cast<size_t>(map.height));
    MomentRows rows(a, b, band);
    for (int y = 0; y < map.height; ++y)
        for (const Moments& moments : rows.next(y)) map.values.push_back(ssim_of(moments));
    map.mean =
        std::accumulate(map.values.begin(), map.values.end(), 0.0) / static_cast<double>(map.values.size());
    return map;
}

Result<double> ssim(const Picture& a, const Picture& b) {
    double sum = 0;
    for (int band = 0; band < a.bands; ++band) {
        NAE_ASSIGN_OR_RETURN(const SsimMap map, ssim_map(a, b, band));
        sum += map.mean;
    }
    return sum / a.bands;
}

}  // namespace nae
