// The analysis by this library itself (float_engine.h): writing a picture then needs nothing but a model.
#ifndef NAE_CODEC_NATIVE_ANALYSIS_H_
#define NAE_CODEC_NATIVE_ANALYSIS_H_

#include <memory>
#include <mutex>

#include "codec/analysis_backend.h"
#include "codec/float_engine.h"
#include "codec/float_graph.h"
#include "codec/model.h"

namespace nae {

// The networks of a model's encoding part, arranged for the kernels: four times the size of the weights, and ten
// milliseconds of work.
struct AnalysisEngines {
    FloatEngine analysis, hyper_analysis;
    int halo_px = 0;
};

// Those of one model, made when they are first asked for and kept as long as this lives. What depends on the quality is
// kept for the last one. Thread-safe.
class AnalysisEnginesCache {
  public:
    // model: the same at every call. Errors: those of FloatEngine::create().
    Result<std::shared_ptr<const AnalysisEngines>> get(const Model& model, int quality_centi);

  private:
    std::mutex mutex_;
    std::shared_ptr<const AnalysisEngines> engines_;
    int quality_centi_ = 0;
};

// A run of the analysis down a raster of h x w pixels. pool: must outlive it. Null where there is no such thing: tensors of a
// thousand rows would be over Limits, or the network does not read pixels of three channels.
std::unique_ptr<AnalysisStream> native_stream(std::shared_ptr<const AnalysisEngines> engines, ThreadPool& pool,
                                              int64_t h, int64_t w);

// With the engines of the model's cache where there is one.
// Errors: as load_analysis_backend().
Result<std::unique_ptr<AnalysisBackend>> make_native_analysis(const Model& model, int quality_centi,
                                                              int threads,
                                                              AnalysisEnginesCache* cache = nullptr);

}  // namespace nae

#endif  // NAE_CODEC_NATIVE_ANALYSIS_H_
