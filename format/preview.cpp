#include "format/preview.h"

#include <algorithm>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "format/row_filter.h"
#include "format/text.h"

namespace nae {

namespace {

Status check_shape(const Preview& p) {
    if (p.width == 0 || p.width > kPreviewMaxSide || p.height == 0 || p.height > kPreviewMaxSide ||
        (p.bands != 1 && p.bands != 3)) {
        return Status(ErrorCode::corrupt,
                      cat("preview of ", p.width, "x", p.height, ", ", int{p.bands}, " bands"));
    }
    return {};
}

Result<Preview> read_shape(ByteReader& in) {
    Preview p;
    NAE_RETURN_IF_ERROR(in.read("width", &p.width));
    NAE_RETURN_IF_ERROR(in.read("height", &p.height));
    NAE_RETURN_IF_ERROR(in.read("bands", &p.bands));
    NAE_RETURN_IF_ERROR(check_shape(p));
    return p;
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
    const std::vector<uint8_t> rows = filter_rows(p.pixels, stride, p.bands);
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> deflated, deflate_raw(rows));
    std::vector<uint8_t> payload;
    append_le(payload, p.width);
    append_le(payload, p.height);
    append_le(payload, p.bands);
    append_bytes(payload, deflated.data(), deflated.size());
    return payload;
}

Result<Preview> parse_preview_shape(ByteSpan payload) {
    ByteReader in(payload);
    return read_shape(in);
}

Result<Preview> parse_preview(ByteSpan payload) {
    ByteReader in(payload);
    NAE_ASSIGN_OR_RETURN(Preview p, read_shape(in));
    const size_t stride = size_t{p.width} * p.bands;
    NAE_ASSIGN_OR_RETURN(const std::vector<uint8_t> rows,
                         inflate_raw(payload.subspan(in.position()), (stride + 1) * p.height));
    NAE_ASSIGN_OR_RETURN(p.pixels, unfilter_rows(rows, stride, p.bands));
    return p;
}

Status bound_packed_preview(std::vector<uint8_t>& payload) {
    if (payload.size() <= kMostPackedPreviewBytes) return Status();
    const Result<Preview> parsed = parse_preview(payload);
    if (parsed.ok()) {
        NAE_ASSIGN_OR_RETURN(payload, serialise_preview(parsed.value()));
    } else {
        payload.resize(kMostPackedPreviewBytes);  // no better, but no longer
    }
    payload.shrink_to_fit();
    return Status();
}

PreviewBuilder::PreviewBuilder(uint32_t width, uint32_t height, uint8_t bands)
    : width_(width), height_(height) {
    const uint32_t longest = std::max(width, height);
    shape_.width = scaled_side(width, longest);
    shape_.height = scaled_side(height, longest);
    shape_.bands = bands;
    sums_.resize(size_t{shape_.width} * shape_.height * bands);
    counts_.resize(sums_.size());
}

void PreviewBuilder::add_row(uint32_t y, size_t band, const uint8_t* samples) {
    if (y >= height_ || band >= shape_.bands) return;
    const auto cell_y = static_cast<size_t>(uint64_t{y} * shape_.height / height_);
    for (uint32_t cell_x = 0, x = 0; cell_x < shape_.width; ++cell_x) {
        // Pixel x belongs to cell x * cells / width, rounded down: this is the first one of the next.
        const auto end =
            static_cast<uint32_t>(((uint64_t{cell_x} + 1) * width_ + shape_.width - 1) / shape_.width);
        const size_t cell = (cell_y * shape_.width + cell_x) * shape_.bands + band;
        counts_[cell] += end - x;
        // Sums of 32 bits, which fit more than sixteen million samples, are made many at a time.
        while (x < end) {
            const uint32_t stop = std::min(end, x + (1u << 24));
            uint32_t sum = 0;
            for (; x < stop; ++x) sum += samples[x];
            sums_[cell] += sum;
        }
    }
}

Preview PreviewBuilder::finish() const {
    Preview preview = shape_;
    preview.pixels.resize(sums_.size());
    for (size_t i = 0; i < sums_.size(); ++i) {
        const uint64_t count = counts_[i];
        if (count != 0) preview.pixels[i] = static_cast<uint8_t>((sums_[i] + count / 2) / count);
    }
    return preview;
}

}  // namespace nae
