#include "codec/float_raster.h"

#include <algorithm>
#include <utility>

namespace nae {
namespace {

int64_t framed(int extent, int border) {
    if (border == 0) return extent;
    return (int64_t{extent} + kFloatTile - 1) / kFloatTile * kFloatTile + 2 * int64_t{border};
}

}  // namespace

size_t FloatRaster::values(int height, int width, int channels, int border) {
    return static_cast<size_t>(framed(height, border)) * static_cast<size_t>(framed(width, border)) *
           static_cast<size_t>(channels);
}

void FloatRaster::create(int height, int width, int channels, int border, AlignedFloats memory) {
    h = height;
    w = width;
    c = channels;
    border_ = border;
    stride_ = framed(width, border) * channels;
    origin_ = border * (stride_ + channels);
    data_ = std::move(memory);
    data_.resize(values(height, width, channels, border));
    if (border == 0) return;
    float* const first = data_.data();
    float* const end = first + data_.size();
    std::fill(first, row(0) - ptrdiff_t{border} * c, 0.0F);
    for (int64_t y = 0; y < h; ++y) {
        std::fill(row(y) - ptrdiff_t{border} * c, row(y), 0.0F);
        float* const right = row(y) + ptrdiff_t{w} * c;
        std::fill(right, y + 1 < h ? row(y + 1) - ptrdiff_t{border} * c : end, 0.0F);
    }
}

AlignedFloats SpareFloats::take(size_t values) {
    AlignedFloats out;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        // The smallest that is large enough.
        auto best = spare_.end();
        for (auto i = spare_.begin(); i != spare_.end(); ++i)
            if (i->capacity() >= values && (best == spare_.end() || i->capacity() < best->capacity()))
                best = i;
        if (best != spare_.end()) {
            out = std::move(*best);
            spare_.erase(best);
        }
    }
    out.resize(values);
    return out;
}

void SpareFloats::give(AlignedFloats memory) {
    if (memory.empty()) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    spare_.push_back(std::move(memory));
}

}  // namespace nae
