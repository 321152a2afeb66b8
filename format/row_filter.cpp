#include "format/row_filter.h"

#include <algorithm>
#include <cstdlib>

#include "format/text.h"

namespace nae {

namespace {

constexpr int kFilterCount = 5;

// PNG's predictor (RFC 2083, section 6.6): whichever of left, above, above-left is nearest to left + above -
// corner.
int paeth(int left, int above, int corner) {
    const int estimate = left + above - corner;
    const int d_left = std::abs(estimate - left);
    const int d_above = std::abs(estimate - above);
    const int d_corner = std::abs(estimate - corner);
    if (d_left <= d_above && d_left <= d_corner) return left;
    return d_above <= d_corner ? above : corner;
}

int predict(int filter, int left, int above, int corner) {
    switch (filter) {
        case 1:
            return left;
        case 2:
            return above;
        case 3:
            return (left + above) / 2;
        case 4:
            return paeth(left, above, corner);
        default:
            return 0;
    }
}

// Samples outside the picture count as 0. `above` is null for the first row.
void filter_row(int filter, const uint8_t* row, const uint8_t* above, size_t size, size_t pixel,
                uint8_t* out) {
    for (size_t i = 0; i < size; ++i) {
        const int left = i >= pixel ? row[i - pixel] : 0;
        const int up = above != nullptr ? above[i] : 0;
        const int corner = above != nullptr && i >= pixel ? above[i - pixel] : 0;
        out[i] = static_cast<uint8_t>(row[i] - predict(filter, left, up, corner));
    }
}

void unfilter_row(int filter, const uint8_t* in, const uint8_t* above, size_t size, size_t pixel,
                  uint8_t* row) {
    for (size_t i = 0; i < size; ++i) {
        const int left = i >= pixel ? row[i - pixel] : 0;
        const int up = above != nullptr ? above[i] : 0;
        const int corner = above != nullptr && i >= pixel ? above[i - pixel] : 0;
        row[i] = static_cast<uint8_t>(in[i] + predict(filter, left, up, corner));
    }
}

}  // namespace

std::vector<uint8_t> filter_rows(ByteSpan rows, size_t stride, size_t pixel) {
    std::vector<uint8_t> out;
    out.reserve(rows.size() + rows.size() / stride);
    std::vector<uint8_t> candidate(stride);
    std::vector<uint8_t> best(stride);
    for (size_t at = 0; at < rows.size(); at += stride) {
        const uint8_t* row = rows.data() + at;
        const uint8_t* above = at > 0 ? row - stride : nullptr;
        // PNG's usual heuristic: the filter with the smallest sum of absolute residuals.
        int best_filter = 0;
        uint64_t best_sum = ~uint64_t{0};
        for (int filter = 0; filter < kFilterCount; ++filter) {
            filter_row(filter, row, above, stride, pixel, candidate.data());
            uint64_t sum = 0;
            for (const uint8_t v : candidate) sum += static_cast<uint64_t>(std::min<int>(v, 256 - v));
            if (sum < best_sum) {
                best_sum = sum;
                best_filter = filter;
                best.swap(candidate);
            }
        }
        out.push_back(static_cast<uint8_t>(best_filter));
        out.insert(out.end(), best.begin(), best.end());
    }
    return out;
}

Result<std::vector<uint8_t>> unfilter_rows(ByteSpan filtered, size_t stride, size_t pixel) {
    const size_t rows = filtered.size() / (stride + 1);
    std::vector<uint8_t> out(rows * stride);
    for (size_t y = 0; y < rows; ++y) {
        const uint8_t* in = filtered.data() + y * (stride + 1);
        if (in[0] >= kFilterCount) {
            return Status(ErrorCode::corrupt, cat("row ", y, ": filter ", int{in[0]}, ", allowed: 0..4"));
        }
        uint8_t* row = out.data() + y * stride;
        unfilter_row(in[0], in + 1, y > 0 ? row - stride : nullptr, stride, pixel, row);
    }
    return out;
}

}  // namespace nae
