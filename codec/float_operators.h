// The operators of a float network, on some rows of their rasters. Internal to the float engine.
#ifndef NAE_CODEC_FLOAT_OPERATORS_H_
#define NAE_CODEC_FLOAT_OPERATORS_H_

#include <cstdint>
#include <vector>

#include "codec/engine_kernels.h"
#include "codec/float_engine.h"
#include "codec/float_raster.h"
#include "codec/thread_team.h"

namespace nae {

class FloatOperators {
  public:
    // made: of each node. Nothing is owned.
    FloatOperators(const FloatEngine& engine, const Kernels& kernels, ThreadTeam& team,
                   const std::vector<FloatRaster>& made)
        : engine_(engine), kernels_(kernels), team_(team), made_(made) {}

    // Rows of step.output, from those of `made` that they depend on. Not for the input. Errors: those of memory.
    Status compute(const FloatStep& step, const RowRange& rows, FloatRaster& out) const;

    // body(y), which must not fail, for each of the rows, a few at a time on one thread.
    template <class F>
    void for_each_row(const RowRange& rows, F body) const {
        if (rows.empty()) return;
        const int64_t some = rows_at_once(rows.end - rows.first);
        static_cast<void>(team_.share(div_up(rows.end - rows.first, some), [&](int64_t k) {
            const int64_t first = rows.first + k * some;
            for (int64_t y = first; y < std::min(first + some, rows.end); ++y) body(y);
            return Status();
        }));
    }

  private:
    Status convolve(const FloatStep& step, const RowRange& rows, FloatRaster& out) const;
    template <class Values, class F>
    Values rounded_rows(const FloatStep& step, const RowRange& rows, const FloatRaster& in, F round) const;
    template <class Task>
    Task task_for(const FloatStep& step, const RowRange& rows, FloatRaster& out) const;
    template <class Task, class F>
    Status by_rows(const Task& task, F kernel) const;
    int64_t rows_at_once(int64_t rows) const;

    const FloatEngine& engine_;
    const Kernels& kernels_;
    ThreadTeam& team_;
    const std::vector<FloatRaster>& made_;
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_OPERATORS_H_
