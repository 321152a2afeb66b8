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
#include "codec/float_raster.h"
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

// Some of a network's output, and where it goes.
struct FloatPart {
    RowRange rows, columns;  // as far as there are such
    float* out = nullptr;    // the first value of the first of these rows; pixels are dense
    ptrdiff_t out_row = 0;   // values from one row to the next
};

// A validated graph with its weights arranged for the kernels. Immutable, thread-safe.
class FloatEngine {
  public:
    // Errors: those of validate(); unsupported: operators of research models (conv_transpose, sigmoid, gdn,
    // inverse_gdn) are LibTorch's.
    // bfloat16 counts where has_bfloat16() and channels are even; elsewhere it is float32.
    // input_limit: what values of the input are within, if positive. Then convolutions of the input by float weights may be computed
    // in fixed point (conv_int16.h), where that is faster: errors of inputs are up to 2^-14 of the limit.
    static Result<FloatEngine> create(const FloatGraph& graph,
                                      FloatPrecision precision = FloatPrecision::float32,
                                      const Limits& limits = Limits(), float input_limit = 0);

    // in: h x w x input channels, dense; zero around it. Errors: those of kernels_for(); limit_exceeded (a node's tensor
    // over limits.max_tensor_bytes).
    Result<FloatTensor> run(const float* in, int h, int w, ThreadPool& pool,
                            EngineLevel level = EngineLevel::automatic,
                            const Limits& limits = Limits()) const;
    // As above for a part of the output. Rows that only others depend on are not computed.
    Status run(const float* in, int h, int w, ThreadPool& pool, const FloatPart& part,
               EngineLevel level = EngineLevel::automatic, const Limits& limits = Limits()) const;
    // Error: limit_exceeded, as above.
    Status check(int h, int w, const Limits& limits = Limits()) const;
    // Extents of the output for an input of this size, and its channels.
    int64_t output_extent(int64_t input) const { return info_.nodes.back().resolution.apply(input); }
    int output_channels() const { return info_.nodes.back().channels; }

    int input_channels() const { return info_.input_channels(); }

    // How many bytes the rows of the largest raster may take that each thread computes before it goes on to those below
    // (float_stream.h). Speed and memory depend on it; results by roundings, for the tiles of Winograd's algorithm lie elsewhere where
    // one wave is not enough.
    void set_wave_bytes(int64_t bytes) { wave_bytes_ = bytes; }

    // Gives the convolution `node` other weights and biases; all else of `with` must be as in the graph. Copies of this
    // engine keep theirs.
    void set_convolution(size_t node, const FloatNode& with);

  private:
    friend class FloatOperators;
    friend class FloatStream;

    FloatGraph graph_;  // without weights
    FloatGraphInfo info_;
    FloatPlan plan_;
    std::vector<std::shared_ptr<const PackedFloatConv>>
        convolutions_;                 // one per node, null for other operators
    std::vector<PairsAllowed> pairs_;  // of each node
    int border_ = 0;                   // that the largest kernel reads
    // Two or three such rasters, and the weights that pass by, share a core's part of the caches.
    int64_t wave_bytes_ = int64_t{4} << 20;
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_ENGINE_H_
