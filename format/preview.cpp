#include "format/preview.h"

#include <algorithm>
#include <cstdlib>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

constexpr int kFilterCount = 5;

Status check_shape(const Preview& p) {
    if (p.width == 0 || p.width > kPreviewMaxSide || p.height == 0 || p.height > kPreviewMaxSide ||
        (p.bands != 1 && p.bands != 3)) {
        return Status(ErrorCode::corrupt,
                      cat("preview of ", p.width, "x", p.height, ", ", int{p.bands}, " bands"));
    }
    return {};
}

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
void filter_row(int filter, const uint8_t* row, const uint8_t* above, size_t size, size_t bands,
                uint8_t* out) {
    for (size_t i = 0; i < size; ++i) {
        const int left = i >= bands ? row[i - bands] : 0;
        const int up = above != nullptr ? above[i] : 0;
        const int corner = above != nullptr && i >= bands ? above[i - bands] : 0;
        out[i] = static_cast<uint8_t>(row[i] - predict(filter, left, up, corner));
    }
}

void unfilter_row(int filter, const uint8_t* in, const uint8_t* above, size_t size, size_t bands,
                  uint8_t* row) {
    for (size_t i = 0; i < size; ++i) {
        const int left = i >= bands ? row[i - bands] : 0;
        const int up = above != nullptr ? above[i] : 0;
        const int corner = above != nullptr && i >= bands ? above[i - bands] : 0;
        row[i] = static_cast<uint8_t>(in[i] + predict(filter, left, up, corner));
    }
}

uint16_t scaled_side(uint32_t side, uint32_t longest) {
    if (longest <= kPreviewMaxSide) return static_cast<uint16_t>(side);
    const uint64_t scaled = (uint64_t{side} * kPreviewMaxSide + longest / 2) / longest;
    return static_cast<uint16_t>(std::max<uint64_t>(1, scaled));
}

}  // namespace

Result<std::vector<uint8_t>> serialise_preview(const Preview& p) {
    NAE_RETURN_IF_ERROR(check_shape(p));
    const size_t stride = size_t{p.width} * p.bands;
    if (p.pixels.size() != stride * p.height) {
        return Status(ErrorCode::invalid_argument, cat("preview with ", p.pixels.size(), " samples"));
    }
    std::vector<uint8_t> rows;
    std::vector<uint8_t> candidate(stride);
    std::vector<uint8_t> best(stride);
    for (size_t y = 0; y < p.height; ++y) {
        const uint8_t* row = p.pixels.data() + y * stride;
        const uint8_t* above = y > 0 ? row - stride : nullptr;
        // PNG's usual heuristic: the filter with the smallest sum of absolute residuals.
        int best_filter = 0;
        uint64_t best_sum = ~uint64_t{0};
        for (int filter = 0; filter < kFilterCount; ++filter) {
            filter_row(filter, row, above, stride, p.bands, candidate.data());
            uint64_t sum = 0;
            for (const uint8_t v : candidate) sum += static_cast<uint64_t>(std::min<int>(v, 256 - v));
            if (sum < best_sum) {
                best_sum = sum;
                best_filter = filter;
                best.swap(candidate);
            }
        }
        rows.push_back(static_cast<uint8_t>(best_filter));
        append_bytes(rows, best.data(), best.size());
    }
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> deflated, deflate_raw(rows));
    std::vector<uint8_t> payload;
    append_le(payload, p.width);
    append_le(payload, p.height);
    append_le(payload, p.bands);
    append_bytes(payload, deflated.data(), deflated.size());
    return payload;
}

Result<Preview> parse_preview(ByteSpan payload) {
    Preview p;
    ByteReader in(payload);
    NAE_RETURN_IF_ERROR(in.read("width", &p.width));
    NAE_RETURN_IF_ERROR(in.read("height", &p.height));
    NAE_RETURN_IF_ERROR(in.read("bands", &p.bands));
    NAE_RETURN_IF_ERROR(check_shape(p));
    const size_t stride = size_t{p.width} * p.bands;
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> rows,
                         inflate_raw(payload.subspan(in.position()), (stride + 1) * p.height));
    p.pixels.resize(stride * p.height);
    for (size_t y = 0; y < p.height; ++y) {
        const uint8_t* filtered = rows.data() + y * (stride + 1);
        if (filtered[0] >= kFilterCount) {
            return Status(ErrorCode::corrupt,
                          cat("row ", y, ": filter ", int{filtered[0]}, ", allowed: 0..4"));
        }
        uint8_t* row = p.pixels.data() + y * stride;
        unfilter_row(filtered[0], filtered + 1, y > 0 ? row - stride : nullptr, stride, p.bands, row);
    }
    return p;
}

PreviewBuilder::PreviewBuilder(uint32_t width, uint32_t height, uint8_t bands)
    : width_(width), height_(height) {
    const uint32_t longest = std::max(width, height);
    shape_.width = scaled_side(width, longest);
    shape_.height = scaled_side(height, longest);
    shape_.bands = bands;
    counts_.resize(size_t{shape_.width} * shape_.height);
    sums_.resize(counts_.size() * bands);
}

void PreviewBuilder::add_row(uint32_t y, const uint8_t* row) {
    if (y >= height_) return;
    const auto cell_y = static_cast<size_t>(uint64_t{y} * shape_.height / height_);
    for (uint32_t x = 0; x < width_; ++x) {
        const size_t cell = cell_y * shape_.width + static_cast<size_t>(uint64_t{x} * shape_.width / width_);
        ++counts_[cell];
        for (size_t b = 0; b < shape_.bands; ++b) sums_[cell * shape_.bands + b] += *row++;
    }
}

Preview PreviewBuilder::finish() const {
    Preview preview = shape_;
    preview.pixels.resize(sums_.size());
    for (size_t i = 0; i < sums_.size(); ++i) {
        const uint64_t count = counts_[i / shape_.bands];
        if (count != 0) preview.pixels[i] = static_cast<uint8_t>((sums_[i] + count / 2) / count);
    }
    return preview;
}

}  // namespace nae
