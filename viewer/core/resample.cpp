#include "viewer/core/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace nae {
namespace {

// For each new pixel: the first old one it covers and the weight of each covered one; weights sum to 1.
struct Coverage {
    int first = 0;
    std::vector<float> weights;
};

std::vector<Coverage> cover(int old_size, int new_size) {
    std::vector<Coverage> result(static_cast<size_t>(new_size));
    const double scale = double{1.0} * old_size / new_size;
    for (int i = 0; i < new_size; ++i) {
        Coverage& coverage = result[static_cast<size_t>(i)];
        const double from = i * scale;
        const double to = std::min((i + 1) * scale, double{1.0} * old_size);
        coverage.first = static_cast<int>(from);
        for (int k = coverage.first; k < to; ++k) {
            const double overlap = std::min(to, k + 1.0) - std::max(from, double{1.0} * k);
            if (overlap > 1e-9 || k == coverage.first)
                coverage.weights.push_back(static_cast<float>(std::max(overlap, 0.0) / (to - from)));
        }
    }
    return result;
}

}  // namespace

Picture reduce_by_area(const Picture& picture, int width, int height) {
    if (width == picture.width && height == picture.height) return picture;
    const std::vector<Coverage> columns = cover(picture.width, width);
    const std::vector<Coverage> rows = cover(picture.height, height);
    const auto bands = static_cast<size_t>(picture.bands);
    Picture out(width, height, picture.bands);
    std::vector<float> row(picture.row_bytes());
    for (int y = 0; y < height; ++y) {
        const Coverage& down = rows[static_cast<size_t>(y)];
        std::fill(row.begin(), row.end(), 0.0f);
        for (size_t k = 0; k < down.weights.size(); ++k) {
            const uint8_t* source = picture.row(down.first + static_cast<int>(k));
            for (size_t i = 0; i < row.size(); ++i) row[i] += down.weights[k] * static_cast<float>(source[i]);
        }
        for (int x = 0; x < width; ++x) {
            const Coverage& across = columns[static_cast<size_t>(x)];
            for (size_t band = 0; band < bands; ++band) {
                float sum = 0;
                for (size_t k = 0; k < across.weights.size(); ++k)
                    sum += across.weights[k] * row[(static_cast<size_t>(across.first) + k) * bands + band];
                out.pixel(x, y)[band] = static_cast<uint8_t>(std::clamp(std::lround(sum), 0L, 255L));
            }
        }
    }
    return out;
}

Picture enlarge(const Picture& picture, int factor) {
    Picture out(picture.width * factor, picture.height * factor, picture.bands);
    for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x)
            std::copy_n(picture.pixel(x / factor, y / factor), picture.bands, out.pixel(x, y));
    return out;
}

}  // namespace nae
