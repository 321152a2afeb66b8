#include "codec/native_analysis.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/cell_rows.h"
#include "codec/engine_kernels.h"
#include "codec/float_engine.h"
#include "codec/float_stream.h"
#include "codec/thread_pool.h"
#include "codec/thread_team.h"
#include "format/text.h"

namespace nae {
namespace {

// Of a raster that is computed from top to bottom there is no more in memory at once than of one of so many rows.
constexpr int kRowsInMemory = 1024;

FloatPart part_of(const AnalysisPart& part, float* out, ptrdiff_t out_row) {
    FloatPart wanted;
    wanted.rows = RowRange{part.top, part.bottom};
    wanted.columns = RowRange{part.left, part.right};
    wanted.out = out;
    wanted.out_row = out_row;
    return wanted;
}

Status check_part(const AnalysisPart& part, const FloatEngine& engine, int h, int w) {
    if (!part.valid()) return Status(ErrorCode::internal, "no such part of the analysis");
    const int64_t made_h = engine.output_extent(h), made_w = engine.output_extent(w);
    if (made_h == part.h && made_w == part.w && engine.output_channels() == part.c) return Status();
    return Status(ErrorCode::internal,
                  cat("the network gives ", made_w, "x", made_h, "x", engine.output_channels(),
                      " values where ", part.w, "x", part.h, "x", part.c, " were expected"));
}

class NativeStream : public AnalysisStream {
  public:
    NativeStream(std::shared_ptr<const AnalysisEngines> engines, const Kernels& kernels, ThreadPool& pool,
                 int h, int w)
        : engines_(std::move(engines)),
          kernels_(kernels),
          pool_(pool),
          h_(h),
          w_(w),
          stream_(engines_->analysis, h, w) {}

    int64_t input_first() const override { return stream_.input_first(); }
    int64_t input_end(int64_t bottom) const override { return stream_.input_end(bottom); }
    int64_t rows_at_once() const override { return stream_.wave_rows(pool_.threads()); }
    int64_t done() const override { return stream_.done(); }
    Status advance(const float* in, int64_t in_row, int64_t in_end, const AnalysisPart& part, float* out,
                   ptrdiff_t out_row) override {
        NAE_RETURN_IF_ERROR(check_part(part, engines_->analysis, h_, w_));
        return ThreadTeam::run(pool_, [&](ThreadTeam& team) {
            return stream_.advance(in, in_row, in_end, part_of(part, out, out_row), kernels_, team);
        });
    }

  private:
    const std::shared_ptr<const AnalysisEngines> engines_;
    const Kernels& kernels_;
    ThreadPool& pool_;
    const int h_, w_;
    FloatStream stream_;
};

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

    std::unique_ptr<AnalysisStream> stream(int64_t h, int64_t w) override {
        return native_stream(engines_, pool_, h, w);
    }

  private:
    Status compute(const FloatEngine& engine, const float* in, int h, int w, int c, const AnalysisPart& part,
                   float* out, ptrdiff_t out_row) {
        if (c != engine.input_channels()) return Status(ErrorCode::internal, cat(c, " channels of input"));
        NAE_RETURN_IF_ERROR(check_part(part, engine, h, w));
        return engine.run(in, h, w, pool_, part_of(part, out, out_row));
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

// What pixels are within when their blocks overlap: each of two directions adds to a value up to half of 2, the largest difference
// before the first of them, times a row of the matrix.
float most_input(const Model& model) {
    float most = 0;
    for (size_t i = 0; i + kLapReach <= model.analysis_lap.size(); i += kLapReach) {
        float sum = 0;
        for (size_t j = 0; j < kLapReach; ++j) sum += std::fabs(model.analysis_lap[i + j]);
        most = std::max(most, sum);
    }
    return (1 + most) * (1 + most);
}

Result<std::shared_ptr<const AnalysisEngines>> make_engines(const Model& model, int quality_centi) {
    NAE_ASSIGN_OR_RETURN(const FloatGraphInfo info, validate(model.analysis));
    const FloatPrecision precision =
        bfloat16_by_default() ? FloatPrecision::bfloat16 : FloatPrecision::float32;
    AnalysisEngines made;
    NAE_ASSIGN_OR_RETURN(made.analysis,
                         FloatEngine::create(model.analysis, precision, Limits(), most_input(model)));
    NAE_ASSIGN_OR_RETURN(made.hyper_analysis, FloatEngine::create(model.hyper_analysis, precision));
    made.halo_px = static_cast<int>(std::min<int64_t>(info.halo, 1 << 16));
    return engines_at(std::move(made), model, quality_centi);
}

}  // namespace

std::unique_ptr<AnalysisStream> native_stream(std::shared_ptr<const AnalysisEngines> engines,
                                              ThreadPool& pool, int64_t h, int64_t w) {
    const auto kernels = kernels_for(EngineLevel::automatic);
    if (!kernels.ok() || h > INT32_MAX / 2 || w > INT32_MAX / 2) return nullptr;
    if (engines->analysis.input_channels() != kPixelChannels) return nullptr;
    const auto high = static_cast<int>(h), wide = static_cast<int>(w);
    Limits extents_only;
    extents_only.max_tensor_bytes = UINT64_MAX;
    if (!engines->analysis.check(high, wide, extents_only).ok() ||
        !engines->analysis.check(std::min(high, kRowsInMemory), wide).ok())
        return nullptr;
    return std::make_unique<NativeStream>(std::move(engines), *kernels.value(), pool, high, wide);
}

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
