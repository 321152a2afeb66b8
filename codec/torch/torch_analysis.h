// The encoder's float networks, ready to run: a model's analysis and hyper-analysis graphs with LibTorch tensors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/analysis_backend.h"
#include "codec/float_graph.h"
#include "codec/torch/graph_runner.h"

namespace nae {

class TorchAnalysis {
  public:
    // Takes the graphs' weights over as tensors. Layers stored as bfloat16 also compute in it where the processor has
    // instructions for it (several times faster), in float32 elsewhere; layers stored as float32 always in float32.
    // threads: 0 = all cores; LibTorch has one setting per process.
    static std::unique_ptr<TorchAnalysis> create(FloatGraph analysis, FloatGraph hyper_analysis, int threads);

    // graph: NAE_GRAPH_ANALYSIS or NAE_GRAPH_HYPER_ANALYSIS; tensors dense NHWC float32, N = 1. Returns an empty string
    // or what is wrong. Not thread-safe.
    std::string run(int graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
                    int out_c);

  private:
    struct Net {
        FloatGraph graph;
        std::vector<NodeTensors> tensors;
    };
    Net nets_[2];
};

}  // namespace nae
