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

// A step of descent in the integers. Near the symbols q the error is taken as E + g d + h d²/2 for a change d of one symbol, with g
// its gradient through the synthesis and h its curvature, which is measured once per channel (Hutchinson 1989). Symbols move by
// one where that lowers bits + error: all of them in a task's first round, then only a random share, smaller from round to round,
// since the error of neighbours is not independent. Whether a step was any good is for the caller to judge. Annealed draws from
// both neighbours (Yang, Bamler, Mandt 2020) ended no lower after twenty times as many rounds.
//
// The shares are drawn by a function of round and place: the same task gives the same symbols on the same machine, however
// many threads there are. For the tiles of one picture, one after another: the curvature is measured at the first of them.
class SymbolSearch {
  public:
    // synthesis: float_shadow() of the model's. pixel_unit: of its output, as Refinement's. held: what it makes beyond black and
    // white counts as these; not so where blocks overlap (block_lap.h) before they are pixels. Errors: unsupported
    // (gradient_graph.h, FloatEngine::create()).
    static Result<SymbolSearch> create(const FloatGraph& synthesis, float pixel_unit, bool held);

    // As AnalysisBackend::refine(). Errors: invalid_argument, cancelled (the task's go_on said so), limit_exceeded.
    Status run(const Refinement& task, int16_t* symbols, ThreadPool& pool);

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
