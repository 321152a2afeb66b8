#include "codec/picture_rows.h"

#include <algorithm>

namespace nae {

Status PictureRows::advance(int64_t begin, int64_t end) {
    end = std::min(end, height_);
    // The bottom row stays: edge replication needs it.
    begin = std::min({begin, height_ - 1, next_});
    if (begin > first_) {
        rows_.erase(rows_.begin(), rows_.begin() + static_cast<ptrdiff_t>((begin - first_)) *
                                                       static_cast<ptrdiff_t>(row_bytes_));
        first_ = begin;
    }
    if (end <= next_) return Status();
    const int64_t count = end - next_;
    const size_t at = rows_.size();
    rows_.resize(at + static_cast<size_t>(count) * row_bytes_);
    NAE_RETURN_IF_ERROR(
        image_.read_rows(static_cast<uint32_t>(next_), static_cast<uint32_t>(count), rows_.data() + at));
    for (int64_t i = 0; preview_ != nullptr && i < count; ++i) {
        preview_->add_row(static_cast<uint32_t>(next_ + i),
                          rows_.data() + at + static_cast<size_t>(i) * row_bytes_);
    }
    next_ = end;
    return Status();
}

void PictureRows::fill(const Rect& rect, float* out) const {
    for (int64_t y = rect.y; y < rect.bottom(); ++y) {
        const uint8_t* row =
            rows_.data() + static_cast<size_t>(std::min(y, height_ - 1) - first_) * row_bytes_;
        for (int64_t x = rect.x; x < rect.right(); ++x) {
            const uint8_t* pixel = row + std::min(x, width_ - 1) * bands_;
            for (int b = 0; b < 3; ++b) {
                *out++ = static_cast<float>(pixel[bands_ == 3 ? b : 0] - 128) * (1.0f / 128.0f);
            }
        }
    }
}

}  // namespace nae
