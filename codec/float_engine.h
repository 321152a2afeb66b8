// Executes float graphs (float_graph.h) without a network library: the encoder's analysis. Results differ between
// instruction sets by roundings, which an encoder may.
#ifndef NAE_CODEC_FLOAT_ENGINE_H_
#define NAE_CODEC_FLOAT_ENGINE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/engine.h"
#include "codec/float_graph.h"
#include "codec/float_plan.h"
#include "codec/pack_float_conv.h"
#include "codec/thread_pool.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

struct Kernels;

// A dense raster of float values, channel fastest.
struct FloatTensor {
    int h = 0, w = 0, c = 0;
    AlignedFloats data;
};

// How convolutions are computed. bfloat16: inputs and weights rounded to it, sums in floats, as the networks are trained. In
// float32 either way: 3 x 3 convolutions, which Winograd's algorithm makes cheaper than bfloat16 would, and those that read
// the graph's input itself, for its precision is the latent's.
enum class FloatPrecision : uint8_t { float32, bfloat16 };

// Rows [first, end) of a raster.
struct RowRange {
    int64_t first = 0, end = INT64_MAX;
};

// A validated graph with its weights arranged for the kernels. Immutable, thread-safe.
class FloatEngine {
  public:
    // Errors: those of validate(); unsupported: operators of research models (conv_transpose, sigmoid, gdn,
    // inverse_gdn) are LibTorch's.
    // bfloat16 counts where has_bfloat16() and channels are even; elsewhere it is float32.
    static Result<FloatEngine> create(const FloatGraph& graph,
                                      FloatPrecision precision = FloatPrecision::float32,
                                      const Limits& limits = Limits());

    // in: h x w x input channels, dense; zero around it. Errors: those of kernels_for(); limit_exceeded (a node's tensor
    // over limits.max_tensor_bytes).
    // wanted: of the output's rows, as far as there are such; the others are unset, and what only they depend on is not
    // computed.
    Result<FloatTensor> run(const float* in, int h, int w, ThreadPool& pool,
                            EngineLevel level = EngineLevel::automatic, const Limits& limits = Limits(),
                            const RowRange& wanted = RowRange()) const;

    int input_channels() const { return info_.input_channels(); }

    // Gives the convolution `node` other weights and biases; all else of `with` must be as in the graph. Copies of this
    // engine keep theirs.
    void set_convolution(size_t node, const FloatNode& with);

  private:
    struct Job;                                                              // of one run()
    std::vector<RowRange> needed_rows(int h, const RowRange& wanted) const;  // of each node

    FloatGraph graph_;  // without weights
    FloatGraphInfo info_;
    FloatPlan plan_;
    std::vector<std::shared_ptr<const PackedFloatConv>>
        convolutions_;            // one per node, null for other operators
    std::vector<bool> bfloat16_;  // of each node: may it be computed so
    int border_ = 0;              // that the largest kernel reads
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_ENGINE_H_
