// The rows of a picture that the encoder needs at the moment: a window that slides down.
#ifndef NAE_CODEC_ROW_WINDOW_H_
#define NAE_CODEC_ROW_WINDOW_H_

#include <algorithm>
#include <cstdint>
#include <utility>

#include "codec/sample_rows.h"
#include "codec/tensor.h"

namespace nae {

class RowWindow {
  public:
    RowWindow(RowShape shape, int64_t width, int64_t height)
        : shape_(std::move(shape)), width_(width), height_(height), row_bytes_(shape_.row_bytes(width)) {}

    const RowShape& shape() const { return shape_; }
    int64_t width() const { return width_; }
    int64_t height() const { return height_; }
    // Rows [first(), next()) are here.
    int64_t first() const { return first_; }
    int64_t next() const { return next_; }
    bool complete() const { return next_ == height_; }

    const uint8_t* row(int64_t y) const {
        return rows_.data() + static_cast<size_t>(y - first_) * row_bytes_;
    }
    // Room for the next `count` rows, which the caller fills before anything else.
    uint8_t* append(int64_t count) {
        const size_t at = rows_.size(), end = at + static_cast<size_t>(count) * row_bytes_;
        rows_.reserve(end);  // not twice that
        rows_.resize(end);
        next_ += count;
        return rows_.data() + at;
    }
    // Drops rows above `y`, but never the last one: edge replication needs it.
    void forget_before(int64_t y) {
        y = std::min(y, next_ - 1);
        if (y <= first_) return;
        rows_.erase(rows_.begin(), rows_.begin() + (y - first_) * static_cast<int64_t>(row_bytes_));
        first_ = y;
    }

  private:
    RowShape shape_;
    int64_t width_, height_;
    size_t row_bytes_;
    int64_t first_ = 0, next_ = 0;
    AlignedVector8 rows_;
};

}  // namespace nae

#endif  // NAE_CODEC_ROW_WINDOW_H_
