#include "viewer/core/ssim.h"

#include <algorithm>
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

// The five local moments the formula needs, each a row of windows.
enum Moment { kMeanA, kMeanB, kSquareA, kSquareB, kProduct, kMoments };
using MomentRow = std::array<std::vector<double>, kMoments>;

// The window is separable. One output row needs kSsimWindow rows of horizontally filtered moments; they are
// kept in a ring, so memory is a few rows whatever the picture's height.
class MomentRows {
  public:
    MomentRows(const SamplePlane& a, const SamplePlane& b)
        : a_(a),
          b_(b),
          weights_(gaussian_window()),
          columns_(static_cast<size_t>(a.width - kSsimWindow + 1)) {
        for (MomentRow& row : ring_)
            for (auto& moment : row) moment.resize(columns_);
        for (auto& moment : result_) moment.resize(columns_);
        for (auto& products : products_) products.resize(static_cast<size_t>(a.width));
        for (int y = 0; y < kSsimWindow - 1; ++y) filter_row(y);
    }

    // Moments of the windows whose top row is y; must be called with y = 0, 1, 2, …
    const MomentRow& next(int y) {
        filter_row(y + kSsimWindow - 1);
        for (size_t m = 0; m < kMoments; ++m) {
            double* out = result_[m].data();
            std::fill(out, out + columns_, 0.0);
            for (int k = 0; k < kSsimWindow; ++k) {
                const double weight = weights_[static_cast<size_t>(k)];
                const double* in = ring_[static_cast<size_t>((y + k) % kSsimWindow)][m].data();
                for (size_t x = 0; x < columns_; ++x) out[x] += weight * in[x];
            }
        }
        return result_;
    }

  private:
    void filter_row(int y) {
        const float* row_a = a_.row(y);
        const float* row_b = b_.row(y);
        for (size_t x = 0; x < products_[0].size(); ++x) {
            const auto value_a = static_cast<double>(row_a[x]);
            const auto value_b = static_cast<double>(row_b[x]);
            products_[kMeanA][x] = value_a;
            products_[kMeanB][x] = value_b;
            products_[kSquareA][x] = value_a * value_a;
            products_[kSquareB][x] = value_b * value_b;
            products_[kProduct][x] = value_a * value_b;
        }
        MomentRow& row = ring_[static_cast<size_t>(y % kSsimWindow)];
        for (size_t m = 0; m < kMoments; ++m) {
            double* out = row[m].data();
            std::fill(out, out + columns_, 0.0);
            for (size_t k = 0; k < kSsimWindow; ++k) {
                const double weight = weights_[k];
                const double* in = products_[m].data() + k;
                for (size_t x = 0; x < columns_; ++x) out[x] += weight * in[x];
            }
        }
    }

    const SamplePlane& a_;
    const SamplePlane& b_;
    const Window weights_;
    const size_t columns_;
    std::array<MomentRow, kSsimWindow> ring_;
    MomentRow products_;
    MomentRow result_;
};

// Calls use(ssim, contrast_structure) for every window, row by row.
template <class Use>
Status for_each_window(const SamplePlane& a, const SamplePlane& b, Use use) {
    if (a.width != b.width || a.height != b.height)
        return Status(ErrorCode::invalid_argument, "SSIM: the pictures differ in size or bands");
    if (a.width < kSsimWindow || a.height < kSsimWindow)
        return Status(ErrorCode::invalid_argument, "SSIM: the picture is smaller than the 11x11 window");
    MomentRows rows(a, b);
    for (int y = 0; y + kSsimWindow <= a.height; ++y) {
        const MomentRow& m = rows.next(y);
        for (size_t x = 0; x < m[0].size(); ++x) {
            const double mean_a = m[kMeanA][x];
            const double mean_b = m[kMeanB][x];
            const double variances = m[kSquareA][x] - mean_a * mean_a + m[kSquareB][x] - mean_b * mean_b;
            const double covariance = m[kProduct][x] - mean_a * mean_b;
            const double contrast_structure = (2 * covariance + kC2) / (variances + kC2);
            const double luminance = (2 * mean_a * mean_b + kC1) / (mean_a * mean_a + mean_b * mean_b + kC1);
            use(luminance * contrast_structure, contrast_structure);
        }
    }
    return Status();
}

}  // namespace

SamplePlane band_plane(const Picture& picture, int band) {
    SamplePlane plane;
    plane.width = picture.width;
    plane.height = picture.height;
    plane.values.resize(static_cast<size_t>(picture.pixel_count()));
    const auto step = static_cast<size_t>(picture.bands);
    for (size_t i = 0; i < plane.values.size(); ++i)
        plane.values[i] = picture.samples[i * step + static_cast<size_t>(band)];
    return plane;
}

Result<SsimMeans> ssim_means(const SamplePlane& a, const SamplePlane& b) {
    SsimMeans means;
    double count = 0;
    NAE_RETURN_IF_ERROR(for_each_window(a, b, [&](double similarity, double contrast_structure) {
        means.ssim += similarity;
        means.contrast_structure += contrast_structure;
        ++count;
    }));
    means.ssim /= count;
    means.contrast_structure /= count;
    return means;
}

Result<SsimMap> ssim_map(const Picture& a, const Picture& b, int band) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "SSIM: the pictures differ in size or bands");
    return ssim_map(band_plane(a, band), band_plane(b, band), SsimPart::whole);
}

Result<SsimMap> ssim_map(const SamplePlane& a, const SamplePlane& b, SsimPart part) {
    SsimMap map;
    map.width = a.width - kSsimWindow + 1;
    map.height = a.height - kSsimWindow + 1;
    NAE_RETURN_IF_ERROR(for_each_window(a, b, [&](double similarity, double contrast_structure) {
        map.values.push_back(part == SsimPart::whole ? similarity : contrast_structure);
    }));
    map.mean =
        std::accumulate(map.values.begin(), map.values.end(), 0.0) / static_cast<double>(map.values.size());
    return map;
}

Result<double> ssim(const Picture& a, const Picture& b) {
    if (!a.same_shape(b))
        return Status(ErrorCode::invalid_argument, "SSIM: the pictures differ in size or bands");
    double sum = 0;
    for (int band = 0; band < a.bands; ++band) {
        NAE_ASSIGN_OR_RETURN(const SsimMeans means, ssim_means(band_plane(a, band), band_plane(b, band)));
        sum += means.ssim;
    }
    return sum / a.bands;
}

}  // namespace nae
