// The analysis by the loadable module nae_torch.so. Internal to codec/: others call load_analysis_backend().
#ifndef NAE_CODEC_MODULE_ANALYSIS_H_
#define NAE_CODEC_MODULE_ANALYSIS_H_

#include <memory>

#include "codec/analysis_backend.h"

namespace nae {

// Arguments and errors as load_analysis_backend()'s.
Result<std::unique_ptr<AnalysisBackend>> load_module_analysis(const Model& model, int quality_centi,
                                                              int threads);

}  // namespace nae

#endif  // NAE_CODEC_MODULE_ANALYSIS_H_
