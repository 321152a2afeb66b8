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
    NativeAnalysis(const Model& model, FloatEngine analysis, FloatEngine hyper_analysis, int halo_px,
                   int threads, const FloatGraph* synthesis)
        : model_(model),
          engines_{std::move(analysis), std::move(hyper_analysis)},
          halo_px_(halo_px),
          threads_(threads),
          pool_(threads),
          synthesis_(synthesis != nullptr ? *synthesis : FloatGraph()) {}

    int halo_px() const override { return halo_px_; }

    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        const auto number = static_cast<size_t>(graph);
        if (number > 1) return Status(ErrorCode::internal, "no such graph");
        if (c != engines_[number].input_channels())
            return Status(ErrorCode::internal, cat(c, " channels of input"));
        NAE_ASSIGN_OR_RETURN(const FloatTensor made, engines_[number].run(in, h, w, pool_));
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
    const FloatEngine engines_[2];
    const int halo_px_, threads_;
    ThreadPool pool_;
    const FloatGraph synthesis_;  // may be empty
    std::unique_ptr<AnalysisBackend> gradients_;
};

}  // namespace

Result<std::unique_ptr<AnalysisBackend>> make_native_analysis(const Model& model, int threads,
                                                              const FloatGraph* synthesis) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(model.analysis));
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    NAE_ASSIGN_OR_RETURN(FloatEngine analysis, FloatEngine::create(model.analysis, precision));
    NAE_ASSIGN_OR_RETURN(FloatEngine hyper, FloatEngine::create(model.hyper_analysis, precision));
    const auto halo = static_cast<int>(std::min<int64_t>(info.halo, 1 << 16));
    return std::unique_ptr<AnalysisBackend>(
        new NativeAnalysis(model, std::move(analysis), std::move(hyper), halo, threads, synthesis));
}

}  // namespace nae
