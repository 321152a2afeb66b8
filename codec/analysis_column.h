// Some columns of a plane's analysis, from top to bottom.
#ifndef NAE_CODEC_ANALYSIS_COLUMN_H_
#define NAE_CODEC_ANALYSIS_COLUMN_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "codec/analysis_backend.h"
#include "codec/block_lap.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "codec/thread_pool.h"

namespace nae {

// Asks for each row of pixels once, and lets its blocks overlap before the networks read it. Not thread-safe.
class AnalysisColumn {
  public:
    // The analysis' input for a rectangle of pixels (PlaneEncoder::fill()).
    using Fill = std::function<void(const Rect& pixels, float* out)>;

    // cells: latent positions of all rows, of which the columns [left, right), counted from cells.x, are wanted and the others
    // are their halo. stream: of a raster of these cells' pixels. lap, pool: must outlive this.
    AnalysisColumn(std::unique_ptr<AnalysisStream> stream, const Rect& cells, int left, int right,
                   int channels, const AnalysisLap& lap, ThreadPool& pool);

    // The row of pixels before which all must be there for latent rows before `bottom`; a multiple of 16.
    int64_t pixels_end(int64_t bottom) const;
    int64_t width() const { return part_.right - part_.left; }  // of what is wanted
    int64_t done() const { return stream_->done(); }            // latent rows

    // Takes the next rows of pixels, some hundred, and gives those of the latent rows [done(), bottom) that can be computed then, rows
    // out_row values apart; all of them after a few calls.
    Status advance(int64_t bottom, const Fill& fill, float* out, ptrdiff_t out_row);

  private:
    void read_until(int64_t end, const Fill& fill);

    const std::unique_ptr<AnalysisStream> stream_;
    const Rect cells_;
    const AnalysisLap& lap_;
    ThreadPool& pool_;
    AnalysisPart part_;
    // Rows [first_, end_) of pixels, dense; those from lapped_ on have not been mixed with what comes below them.
    AlignedFloats pixels_;
    int64_t first_ = 0, lapped_ = 0, end_ = 0;
    int64_t fed_ = 0;  // rows before this one have gone to the stream
};

}  // namespace nae

#endif  // NAE_CODEC_ANALYSIS_COLUMN_H_
