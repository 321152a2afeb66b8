#include "codec/native_analysis.h"

#include <algorithm>
#include <utility>

#include "codec/engine_kernels.h"
#include "codec/float_engine.h"
#include "codec/module_analysis.h"
#include "codec/thread_pool.h"
#include "format/text.h"

namespace nae {
namespace {

class NativeAnalysis : public AnalysisBackend {
  public:
    NativeAnalysis(const Model& model, std::shared_ptr<const AnalysisEngines> engines, int threads,
                   const FloatGraph* synthesis)
        : model_(model),
          engines_(std::move(engines)),
          threads_(threads),
          pool_(threads),
          synthesis_(synthesis != nullptr ? *synthesis : FloatGraph()) {}

    int halo_px() const override { return engines_->halo_px; }

    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        if (graph != AnalysisGraph::analysis && graph != AnalysisGraph::hyper_analysis)
            return Status(ErrorCode::internal, "no such graph");
        const FloatEngine& engine =
            graph == AnalysisGraph::analysis ? engines_->analysis : engines_->hyper_analysis;
        if (c != engine.input_channels()) return Status(ErrorCode::internal, cat(c, " channels of input"));
        NAE_ASSIGN_OR_RETURN(const FloatTensor made, engine.run(in, h, w, pool_));
        if (made.h != out_h || made.w != out_w || made.c != out_c)
            return Status(ErrorCode::internal,
                          cat("the network gave ", made.w, "x", made.h, "x", made.c, " values where ", out_w,
                              "x", out_h, "x", out_c, " were expected"));
        std::copy(made.data.begin(), made.data.end(), out);
        return Status();
    }

    Status refine(const nae_refinement& task, int16_t* symbols) override {
        if (synthesis_.empty()) return AnalysisBackend::refine(task, symbols);
        if (gradients_ == nullptr) {
            auto loaded = load_module_analysis(model_, threads_, &synthesis_);
            if (!loaded.ok())
                return loaded.status().in("EFFORT 6 and above follow gradients, which LibTorch takes");
            gradients_ = std::move(loaded).value();
        }
        return gradients_->refine(task, symbols);
    }

  private:
    const Model& model_;
    const std::shared_ptr<const AnalysisEngines> engines_;
    const int threads_;
    ThreadPool pool_;
    const FloatGraph synthesis_;  // may be empty
    std::unique_ptr<AnalysisBackend> gradients_;
};

Result<std::shared_ptr<const AnalysisEngines>> make_engines(const Model& model) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(model.analysis));
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    auto made = std::make_shared<AnalysisEngines>();
    NAE_ASSIGN_OR_RETURN(made->analysis, FloatEngine::create(model.analysis, precision));
    NAE_ASSIGN_OR_RETURN(made->hyper_analysis, FloatEngine::create(model.hyper_analysis, precision));
    made->halo_px = static_cast<int>(std::min<int64_t>(info.halo, 1 << 16));
    return std::shared_ptr<const AnalysisEngines>(std::move(made));
}

}  // namespace

Result<std::shared_ptr<const AnalysisEngines>> AnalysisEnginesCache::get(const Model& model) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (engines_ == nullptr) {
        NAE_ASSIGN_OR_RETURN(engines_, make_engines(model));
    }
    return engines_;
}

Result<std::unique_ptr<AnalysisBackend>> make_native_analysis(const Model& model, int threads,
                                                              const FloatGraph* synthesis,
                                                              AnalysisEnginesCache* cache) {
    NAE_ASSIGN_OR_RETURN(std::shared_ptr<const AnalysisEngines> engines,
                         cache != nullptr ? cache->get(model) : make_engines(model));
    return std::unique_ptr<AnalysisBackend>(
        new NativeAnalysis(model, std::move(engines), threads, synthesis));
}

}  // namespace nae
