// The encoder's networks in this process instead of behind the loadable module.
#pragma once

#include <memory>
#include <string>

#include "codec/analysis_backend.h"
#include "codec/model.h"
#include "codec/torch/torch_analysis.h"

namespace nae::training {

class InProcessAnalysis : public AnalysisBackend {
  public:
    // Computes with the calling thread: whoever encodes many crops has one of these for each thread.
    InProcessAnalysis(const Model& model, int quality_centi)
        : networks_(TorchAnalysis::create(model.analysis_at(quality_centi),
                                          model.hyper_analysis_at(quality_centi), 1)) {}
    int halo_px() const override { return 0; }  // for crops that are encoded whole
    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        const std::string wrong = networks_->run(int(graph), in, h, w, c, out, out_h, out_w, out_c);
        return wrong.empty() ? Status() : Status(ErrorCode::internal, wrong);
    }

  private:
    std::unique_ptr<TorchAnalysis> networks_;
};

}  // namespace nae::training
