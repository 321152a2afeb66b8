// A float network over a picture, from top to bottom.
//
// It goes in waves: some rows of the input and all that can be computed of them, then the next ones, for which each node keeps
// the rows that are still to be read. Between two operators lie a few dozen rows, which the processor's caches hold, instead of a
// raster that goes to memory and back; no row is computed twice, and results do not depend on where waves end, nor on the number of threads.
#ifndef NAE_CODEC_FLOAT_STREAM_H_
#define NAE_CODEC_FLOAT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/engine_kernels.h"
#include "codec/float_engine.h"
#include "codec/float_raster.h"
#include "codec/thread_team.h"

namespace nae {

class FloatOperators;

// Not thread-safe.
class FloatStream {
  public:
    // engine: must outlive this. h, w: extents of the whole input, for which FloatEngine::check() must hold, but for the limit, which
    // no raster here comes near. first: the first row of the output that is wanted.
    FloatStream(const FloatEngine& engine, int h, int w, int64_t first = 0);

    // Of the input: the first row that is still to be read; the one after the last that rows of the output before `output_end`
    // depend on; and how many make a wave for so many threads.
    int64_t input_first() const;
    int64_t input_end(int64_t output_end) const;
    int64_t wave_rows(int threads) const;
    // Rows of the output before this one are done.
    int64_t done() const { return done_; }

    // A wave: computes what can be computed of an input that has come as far as row `input_end`, of the output no more than rows
    // [done(), part.rows.end). input: dense rows from `input_row` on, which is input_first() or before it. part.rows begins at
    // done(). Errors: those of memory.
    Status advance(const float* input, int64_t input_row, int64_t input_end, const FloatPart& part,
                   const Kernels& kernels, ThreadTeam& team);

  private:
    // What is known of a node's rows between two waves.
    struct Progress {
        int64_t done = 0;     // rows before this one are computed, or needed by nobody
        RowRange kept{0, 0};  // of those, what is still to be read,
        AlignedFloats rows;   // which is here
    };

    int64_t height(size_t node) const { return engine_.info_.nodes[node].resolution.apply(h_); }
    int64_t width(size_t node) const { return engine_.info_.nodes[node].resolution.apply(w_); }
    std::vector<RowRange> needed(int64_t output_end) const;  // of each node's rows
    bool by_tiles(const FloatStep& step) const;
    void shift_tiles();
    // The last row, `row` or above it, at which a whole tile begins; or row 0.
    int64_t tiles_before(size_t node, int64_t row) const;
    Status compute(const FloatOperators& operators, const FloatStep& step, const RowRange& rows,
                   FloatRaster& out) const;
    int64_t first_to_be_read(size_t node) const;
    // A node's kept rows out of the raster of a wave, and into that of the next one, by all threads.
    static void save(const FloatOperators& operators, const FloatRaster& raster, Progress& progress);
    static void restore(const FloatOperators& operators, const Progress& progress, FloatRaster& raster);
    // The row before which a step's output can be computed from what is there of its inputs.
    int64_t computable(const FloatStep& step) const;

    const FloatEngine& engine_;
    const int h_, w_;
    const int64_t first_;
    int64_t done_;                              // of the output, given to whoever asked
    bool input_as_it_is_ = true;                // no operator reads zeros around it
    std::vector<std::vector<size_t>> readers_;  // of each node: steps
    std::vector<Progress> progress_;            // of each node
    std::vector<int> first_tile_;               // of each node: the first row where a whole tile begins
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_STREAM_H_
