#include "codec/level_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "codec/halve_rows.h"
#include "codec/lossless_tile.h"
#include "codec/sample_table.h"
#include "format/text.h"

namespace nae {
namespace {

// The picture is worked through in strips of whole rows of tiles, at least this high: lower ones would spend
// their time on halos.
constexpr int64_t kStripRows = 1024;
// Of very wide pictures half as high: with their latents a strip takes as much memory as one of half the width.
constexpr int64_t kWide = 8192, kStripRowsOfWide = 512;
// Work of a lossless plane in proportion to one that the model codes.
constexpr double kLosslessWork = 0.05;

}  // namespace

LevelEncoder::LevelEncoder(EncodeJob& job, int level, int levels, const std::vector<size_t>& planes,
                           const RowShape& shape, PreviewBuilder* preview)
    : job_(job),
      level_(level),
      tiles_(job.header.level_width(level), job.header.level_height(level), job.header.tile_size_px),
      rows_(shape, job.header.level_width(level), job.header.level_height(level)),
      preview_(nullptr) {
    coded_.reserve(planes.size());
    for (const size_t plane : planes) {
        if (!job.plan.table.planes[plane].coded_by_model()) {
            lossless_.push_back(plane);
            continue;
        }
        coded_.emplace_back(job, level, plane, tiles_, rows_);
        halo_ = coded_.back().halo();
        if (plane == 0) preview_ = preview;
    }
    std::sort(lossless_.begin(), lossless_.end());  // a tile may only refer to planes before its own
    if (levels > 1)
        next_ = std::make_unique<LevelEncoder>(job, level + 1, levels - 1, planes, shape, nullptr);
}

Rect LevelEncoder::strip() const {
    const int64_t rows = tiles_.picture().w > kWide ? kStripRowsOfWide : kStripRows;
    const int64_t height = div_up(rows, tiles_.tile_pixels()) * tiles_.tile_side();
    return intersect(Rect{0, done_, tiles_.latent().w, height}, whole(tiles_.latent()));
}

int64_t LevelEncoder::rows_wanted() const {
    const int64_t bottom = strip().bottom();
    int64_t end = bottom * kLatentStride;
    for (const PlaneEncoder& plane : coded_) end = std::max(end, plane.pixels_end(bottom));
    return std::min(end, rows_.height()) - rows_.next();
}

Status LevelEncoder::encode_ready() {
    feed_preview();
    NAE_RETURN_IF_ERROR(job_.progress(0));  // reducing a strip of a wide picture takes a while
    NAE_RETURN_IF_ERROR(feed_next_level());
    while (done_ < tiles_.latent().h && rows_wanted() <= 0) {
        const Rect now = strip();
        NAE_RETURN_IF_ERROR(encode_strip(now));
        done_ = now.bottom();
        const int64_t needed = next_ != nullptr ? 2 * passed_on_ : rows_.next();
        rows_.forget_before(std::min(done_ * kLatentStride - halo_, needed));
    }
    return Status();
}

Status LevelEncoder::encode_strip(const Rect& strip) {
    for (PlaneEncoder& plane : coded_) NAE_RETURN_IF_ERROR(plane.encode(strip));
    return encode_lossless(strip);
}

Status LevelEncoder::encode_lossless(const Rect& strip) {
    if (lossless_.empty()) return Status();
    const TileRange range = tiles_.tiles_touching(strip);
    const int64_t first = tiles_.number(range.x0, range.y0);
    NAE_RETURN_IF_ERROR(job_.pool.parallel_for((range.x1 - range.x0) * (range.y1 - range.y0), [&](int64_t i) {
        return encode_lossless_tile_of(first + i);
    }));
    return job_.progress(kLosslessWork * static_cast<double>(strip.w * strip.h) *
                         static_cast<double>(lossless_.size()));
}

Status LevelEncoder::encode_lossless_tile_of(int64_t tile) {
    const Rect latents = tiles_.latent_rect(tile);
    const Rect rect = intersect(Rect{latents.x * kLatentStride, latents.y * kLatentStride,
                                     latents.w * kLatentStride, latents.h * kLatentStride},
                                whole(tiles_.picture()));
    // The codes of several bands are often the same: then one tile has them and the others refer to it.
    std::vector<std::pair<size_t, std::vector<uint8_t>>> codes;
    for (const size_t index : lossless_) {
        const Plane& plane = job_.plan.table.planes[index];
        LosslessShape shape{static_cast<size_t>(rect.h), static_cast<size_t>(rect.w),
                            BandTable::plane_sample_bytes(plane, job_.header.data_type)};
        std::vector<uint8_t> samples = samples_of(plane, rect);
        std::vector<uint8_t>& payload = job_.payload(level_, static_cast<uint64_t>(tile), index);
        if (plane.kind == PlaneKind::codes) {
            const auto same = std::find_if(codes.begin(), codes.end(),
                                           [&](const auto& other) { return other.second == samples; });
            if (same != codes.end()) {
                payload = lossless_reference(static_cast<uint32_t>(same->first));
                continue;
            }
        }
        NAE_ASSIGN_OR_RETURN(payload, encode_lossless_tile(samples, shape, plane.kind));
        if (plane.kind == PlaneKind::codes && payload.size() > lossless_reference(0).size())
            codes.emplace_back(index, std::move(samples));
    }
    return Status();
}

std::vector<uint8_t> LevelEncoder::samples_of(const Plane& plane, const Rect& rect) const {
    const RowShape& shape = rows_.shape();
    const size_t size = BandTable::plane_sample_bytes(plane, shape.type);
    const size_t stride = static_cast<size_t>(rect.w) * size;
    std::vector<uint8_t> samples(static_cast<size_t>(rect.h) * stride);
    for (int64_t y = 0; y < rect.h; ++y) {
        const uint8_t* row = rows_.row(rect.y + y);
        uint8_t* out = samples.data() + static_cast<size_t>(y) * stride;
        if (plane.kind == PlaneKind::mask) {
            std::memcpy(out, shape.mask_of(row, rows_.width()) + rect.x, stride);
            continue;
        }
        const int band = plane.bands.front();
        const uint8_t* from =
            shape.samples(row, rows_.width(), band) + static_cast<size_t>(rect.x) * sample_bytes(shape.type);
        if (plane.kind == PlaneKind::lossless) {
            std::memcpy(out, from, stride);
        } else {
            find_codes(from, rect.w, shape.type, job_.plan.table.bands[static_cast<size_t>(band)].specials,
                       out);
        }
    }
    return samples;
}

Status LevelEncoder::feed_next_level() {
    if (next_ == nullptr) return Status();
    const int64_t height = rows_.height();
    while (!next_->complete()) {
        // Pairs of rows that are here, the last one alone in a picture of odd height.
        const int64_t end = rows_.complete() ? div_up(height, 2) : rows_.next() / 2;
        const int64_t count = std::min(end - passed_on_, next_->rows_wanted());
        if (count <= 0) break;
        const size_t bytes = rows_.shape().row_bytes(div_up(rows_.width(), 2));
        uint8_t* out = next_->append(count);
        NAE_RETURN_IF_ERROR(job_.pool.parallel_for(count, [&](int64_t i) {
            const int64_t y = 2 * (passed_on_ + i);
            halve_rows(rows_.shape(), job_.plan, rows_.row(y), rows_.row(std::min(y + 1, height - 1)),
                       rows_.width(), out + static_cast<size_t>(i) * bytes);
            return Status();
        }));
        passed_on_ += count;
        NAE_RETURN_IF_ERROR(next_->encode_ready());
    }
    return Status();
}

void LevelEncoder::feed_preview() {
    if (preview_ == nullptr) return;
    const Plane& plane = job_.plan.table.planes.front();
    const RowShape& shape = rows_.shape();
    const size_t n = plane.bands.size();
    const auto width = static_cast<size_t>(rows_.width());
    std::vector<float> values(width);
    std::vector<uint8_t> row(width);
    for (; previewed_ < rows_.next(); ++previewed_) {
        const auto y = static_cast<uint32_t>(previewed_);
        for (size_t b = 0; b < n; ++b) {
            const uint8_t* samples = shape.samples(rows_.row(previewed_), rows_.width(), plane.bands[b]);
            if (is_plain_range(job_.plan.table.bands[plane.bands[b]], shape.type)) {
                preview_->add_row(y, b, samples);
                continue;
            }
            to_model_scale(samples, rows_.width(), shape.type, job_.plan.table.bands[plane.bands[b]],
                           values.data(), 1);
            for (size_t x = 0; x < width; ++x)
                row[x] = static_cast<uint8_t>(std::lround(values[x] * 128 + 128));
            preview_->add_row(y, b, row.data());
        }
    }
}

}  // namespace nae
