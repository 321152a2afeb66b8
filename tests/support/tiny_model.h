// The smallest model there is: a latent of one value per colour and cell of 16x16 pixels. Files that embed it
// have about 1 kB, so that every one of their bits can be tried, and a fuzzer gets through them quickly. Every
// operator of section 5 of format/FORMAT.md occurs in it.
#pragma once

#include "codec/analysis_backend.h"
#include "codec/model.h"

namespace nae::test {

Model make_tiny_model();
Model make_tiny_model_with_context();
// A restoration filter for it, with weights of all classes, some large.
RestorationFilter make_tiny_filter();
// A post-filter for it, of a few channels and of the shape that practical ones have.
PostFilter make_tiny_post_filter();
// Lets the blocks of such a model overlap: the larger weights nearer to the border, and an encoder that does nothing about it.
void add_tiny_lap(Model& model);
// Lets such a model's latent symbols depend on each other: Q1's tables are a little narrower.
void add_tiny_trellis(Model& model);

// The analysis that belongs to it: means of cells. What it finds is far from the best latent and good enough.
class TinyAnalysis : public AnalysisBackend {
  public:
    int halo_px() const override { return 0; }
    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override;
};

}  // namespace nae::test
