// The analysis by this library itself (float_engine.h): writing a picture then needs nothing but a model. Gradients, which
// the higher efforts follow, are LibTorch's business; its module is opened when the first one is asked for.
#ifndef NAE_CODEC_NATIVE_ANALYSIS_H_
#define NAE_CODEC_NATIVE_ANALYSIS_H_

#include <memory>

#include "codec/analysis_backend.h"
#include "codec/float_graph.h"
#include "codec/model.h"

namespace nae {

// Errors: as load_analysis_backend(). model must outlive the backend, if synthesis is given.
Result<std::unique_ptr<AnalysisBackend>> make_native_analysis(const Model& model, int threads,
                                                              const FloatGraph* synthesis);

}  // namespace nae

#endif  // NAE_CODEC_NATIVE_ANALYSIS_H_
