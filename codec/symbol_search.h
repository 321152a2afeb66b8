// The encoder's search by gradient: symbols that cost less, together with the error that they leave after the decoder,
// than those found by rounding what the analysis says.
#ifndef NAE_CODEC_SYMBOL_SEARCH_H_
#define NAE_CODEC_SYMBOL_SEARCH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/float_engine.h"
#include "codec/float_graph.h"
#include "codec/thread_pool.h"
#include "format/status.h"

namespace nae {

// Near the symbols q the error is taken as E + g d + h d^2 for a change d of one symbol, with g its gradient through the
// synthesis and h half its curvature, which is measured once per channel (Hutchinson 1989). So it is least at q - g / (2 h), and
// a squared distance from there costs h; what is chosen then is for the caller (symbol_choice.h), who also judges whether it was
// any good.
//
// For the tiles of one picture, one after another: the curvature is measured at the first of them. The same task gives the same
// answer on the same machine, however many threads there are.
class SymbolSearch {
  public:
    // synthesis: float_shadow() of the model's. pixel_unit: of its output, as Refinement's. held: what it makes beyond black and
    // white counts as these; not so where blocks overlap (block_lap.h) before they are pixels. Errors: unsupported
    // (gradient_graph.h, FloatEngine::create()).
    static Result<SymbolSearch> create(const FloatGraph& synthesis, float pixel_unit, bool held);

    // As AnalysisBackend::refine(). Errors: invalid_argument, cancelled (the task's go_on said so), limit_exceeded.
    Status run(const Refinement& task, const int16_t* symbols, float* target, float* weight,
               ThreadPool& pool);

  private:
    class Run;
    Result<std::vector<float>> half_curvature(const Refinement& task, const int16_t* symbols,
                                              ThreadPool& pool) const;

    FloatEngine gradient_;
    int channels_ = 0;
    float pixel_unit_ = 1;
    std::vector<float> half_curvature_;  // [channels], in bits; empty before the first task
};

// A backend that is `inner` but for refine(), which searches. The search is made when the first one is asked for.
std::unique_ptr<AnalysisBackend> with_symbol_search(std::unique_ptr<AnalysisBackend> inner,
                                                    const FloatGraph& synthesis, float pixel_unit, bool held,
                                                    int threads);

}  // namespace nae

#endif  // NAE_CODEC_SYMBOL_SEARCH_H_
