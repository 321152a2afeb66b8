#include "codec/native_analysis.h"

#include <algorithm>
#include <utility>

#include "codec/engine_kernels.h"
#include "codec/float_engine.h"
#include "codec/thread_pool.h"
#include "format/text.h"

namespace nae {
namespace {

class NativeAnalysis : public AnalysisBackend {
  public:
    NativeAnalysis(std::shared_ptr<const AnalysisEngines> engines, int threads)
        : engines_(std::move(engines)), pool_(threads) {}

    int halo_px() const override { return engines_->halo_px; }

    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        if (graph != AnalysisGraph::analysis && graph != AnalysisGraph::hyper_analysis)
            return Status(ErrorCode::internal, "no such graph");
        const FloatEngine& engine =
            graph == AnalysisGraph::analysis ? engines_->analysis : engines_->hyper_analysis;
        return compute(engine, in, h, w, c, AnalysisPart{out_h, out_w, out_c, 0, out_h, 0, out_w}, out,
                       ptrdiff_t{out_w} * out_c);
    }

    Status run_part(const float* in, int h, int w, int c, const AnalysisPart& part, float* out,
                    ptrdiff_t out_row) override {
        return compute(engines_->analysis, in, h, w, c, part, out, out_row);
    }

  private:
    Status compute(const FloatEngine& engine, const float* in, int h, int w, int c, const AnalysisPart& part,
                   float* out, ptrdiff_t out_row) {
        if (c != engine.input_channels()) return Status(ErrorCode::internal, cat(c, " channels of input"));
        if (!part.valid()) return Status(ErrorCode::internal, "no such part of the analysis");
        NAE_ASSIGN_OR_RETURN(const FloatTensor made, engine.run(in, h, w, pool_, EngineLevel::automatic,
                                                                Limits(), RowRange{part.top, part.bottom}));
        if (made.h != part.h || made.w != part.w || made.c != part.c)
            return Status(ErrorCode::internal,
                          cat("the network gave ", made.w, "x", made.h, "x", made.c, " values where ", part.w,
                              "x", part.h, "x", part.c, " were expected"));
        return pool_.parallel_for(part.bottom - part.top, [&](int64_t row) {
            const ptrdiff_t from = ((part.top + row) * made.w + part.left) * made.c;
            std::copy_n(made.data.begin() + from, ptrdiff_t{part.right - part.left} * made.c,
                        out + row * out_row);
            return Status();
        });
    }

    const std::shared_ptr<const AnalysisEngines> engines_;
    ThreadPool pool_;
};

// Arranges the convolutions of a network that depend on the quality.
void put_quality(FloatEngine& engine, const FloatGraph& graph, const QualityAffines& affines, int anchors,
                 int quality_centi) {
    for (const QualityAffine& a : affines) {
        const auto node = static_cast<size_t>(a.node);
        engine.set_convolution(node, node_at(graph.nodes[node], a, anchors, quality_centi));
    }
}

std::shared_ptr<const AnalysisEngines> engines_at(AnalysisEngines engines, const Model& model,
                                                  int quality_centi) {
    const int anchors = model.gains.latent.anchors;
    put_quality(engines.analysis, model.analysis, model.analysis_affines, anchors, quality_centi);
    put_quality(engines.hyper_analysis, model.hyper_analysis, model.hyper_analysis_affines, anchors,
                quality_centi);
    return std::make_shared<const AnalysisEngines>(std::move(engines));
}

Result<std::shared_ptr<const AnalysisEngines>> make_engines(const Model& model, int quality_centi) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(model.analysis));
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    AnalysisEngines made;
    NAE_ASSIGN_OR_RETURN(made.analysis, FloatEngine::create(model.analysis, precision));
    NAE_ASSIGN_OR_RETURN(made.hyper_analysis, FloatEngine::create(model.hyper_analysis, precision));
    made.halo_px = static_cast<int>(std::min<int64_t>(info.halo, 1 << 16));
    return engines_at(std::move(made), model, quality_centi);
}

}  // namespace

Result<std::shared_ptr<const AnalysisEngines>> AnalysisEnginesCache::get(const Model& model,
                                                                         int quality_centi) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (engines_ == nullptr) {
        NAE_ASSIGN_OR_RETURN(engines_, make_engines(model, quality_centi));
    } else if (quality_centi != quality_centi_) {
        engines_ = engines_at(*engines_, model, quality_centi);
    }
    quality_centi_ = quality_centi;
    return engines_;
}

Result<std::unique_ptr<AnalysisBackend>> make_native_analysis(const Model& model, int quality_centi,
                                                              int threads, AnalysisEnginesCache* cache) {
    NAE_ASSIGN_OR_RETURN(
        std::shared_ptr<const AnalysisEngines> engines,
        cache != nullptr ? cache->get(model, quality_centi) : make_engines(model, quality_centi));
    return std::unique_ptr<AnalysisBackend>(new NativeAnalysis(std::move(engines), threads));
}

}  // namespace nae
