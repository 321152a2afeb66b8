#include "codec/analysis_column.h"

#include <algorithm>
#include <utility>

#include "codec/cell_rows.h"
#include "codec/model.h"

namespace nae {
namespace {

// Rows are fed in so many, whole tiles of convolutions at a sixteenth of the resolution: then none waits for the next ones.
constexpr int64_t kUnit = 4 * kLatentStride;

}  // namespace

AnalysisColumn::AnalysisColumn(std::unique_ptr<AnalysisStream> stream, const Rect& cells, int left, int right,
                               int channels, const AnalysisLap& lap, ThreadPool& pool)
    : stream_(std::move(stream)), cells_(cells), lap_(lap), pool_(pool) {
    part_.h = static_cast<int>(cells.h);
    part_.w = static_cast<int>(cells.w);
    part_.c = channels;
    part_.left = left;
    part_.right = right;
}

int64_t AnalysisColumn::pixels_end(int64_t bottom) const {
    const int64_t read =
        div_up(stream_->input_end(bottom), kUnit) * kUnit + (lap_.empty() ? 0 : kLatentStride);
    return std::min(read, cells_.h * kLatentStride);
}

void AnalysisColumn::read_until(int64_t end, const Fill& fill) {
    const int64_t line = cells_.w * kLatentStride * kPixelChannels;
    // What nobody reads any more makes room.
    const int64_t first = std::min(stream_->input_first(), lapped_);
    std::copy(pixels_.begin() + (first - first_) * line, pixels_.begin() + (end_ - first_) * line,
              pixels_.begin());
    first_ = first;
    if (end <= end_) return;
    pixels_.resize(static_cast<size_t>((end - first_) * line));
    float* const fresh = pixels_.data() + (end_ - first_) * line;
    fill(Rect{cells_.x * kLatentStride, end_, cells_.w * kLatentStride, end - end_}, fresh);
    if (lap_.empty()) {
        lapped_ = end;
    } else {
        // The last half of a block waits for the block below, if there is one.
        const int64_t done = end < cells_.h * kLatentStride ? end - kLapReach : end;
        float* const from = pixels_.data() + (lapped_ - first_) * line;
        const int64_t border = end_ > 0 ? end_ - lapped_ : kLapSide;
        const auto width = static_cast<ptrdiff_t>(cells_.w * kLatentStride);
        lap_floats_down(lap_, false, from, static_cast<ptrdiff_t>(border),
                        static_cast<ptrdiff_t>(end - lapped_), width, &pool_);
        lap_floats_along(lap_, false, from, static_cast<ptrdiff_t>(done - lapped_), width, &pool_);
        lapped_ = done;
    }
    end_ = end;
}

Status AnalysisColumn::advance(int64_t bottom, const Fill& fill, float* out, ptrdiff_t out_row) {
    const int64_t end = cells_.h * kLatentStride, needed = std::max(stream_->input_end(bottom), fed_);
    const int64_t waves = div_up(needed - fed_, std::max(stream_->rows_at_once(), kUnit));
    if (waves > 0) fed_ = std::min(fed_ + div_up(needed - fed_, waves * kUnit) * kUnit, end);
    read_until(lap_.empty() ? fed_ : std::min(fed_ + kLatentStride, end), fill);
    part_.top = static_cast<int>(done());
    part_.bottom = static_cast<int>(bottom);
    NAE_RETURN_IF_ERROR(stream_->advance(pixels_.data(), first_, fed_, part_, out, out_row));
    if (waves == 0 && done() == part_.top) return Status(ErrorCode::internal, "the analysis stands still");
    return Status();
}

}  // namespace nae
