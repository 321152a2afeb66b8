// Executes integer graphs (graph.h) on windows of a raster. Every level computes the same values bit for bit.
#ifndef NAE_CODEC_ENGINE_H_
#define NAE_CODEC_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "codec/graph.h"
#include "codec/region.h"
#include "codec/tensor.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

class ThreadTeam;  // codec/thread_team.h

// Instruction sets. `automatic` is the best one of this machine, unless the environment variable NAE_ENGINE
// names one (scalar, ssse3, sse4, avx2, avx3, avx3_dl, neon ...; an unknown or unavailable name is an error
// of run()).
enum class EngineLevel : uint8_t {
    automatic = 0,
    scalar,  // the reference: plain loops that read like the specification
    ssse3,
    sse4,
    avx2,
    avx3,     // AVX-512 F/BW/DQ/VL
    avx3_dl,  // AVX-512 with VNNI
    other,    // whatever else Highway offers on this machine (NEON, WASM, ...)
};
const char* engine_level_name(EngineLevel level);
Result<EngineLevel> parse_engine_level(const char* name);
// Levels this machine can run, scalar first, best last.
std::vector<EngineLevel> available_engine_levels();

// A validated graph with its weights arranged for the SIMD kernels. Immutable, thread-safe, cheap to copy.
class PackedGraph {
  public:
    PackedGraph() = default;
    // Errors: those of validate().
    static Result<PackedGraph> create(Graph graph, const Limits& limits = Limits());

    bool empty() const { return data_ == nullptr; }
    const Graph& graph() const;
    const GraphInfo& info() const;
    int input_channels() const { return info().input_channels(); }
    int output_channels() const { return info().output_channels(); }
    Extents output_extents(Extents input_extents) const;
    // b where the last operator is a depth_to_space of block b, else 1.
    int last_block() const;

    struct Data;
    const Data& data() const { return *data_; }

  private:
    std::shared_ptr<const Data> data_;
};

// Rectangle of the input that `out_rect` depends on, clipped to the input's extents.
Rect required_input(const PackedGraph& graph, Extents input_extents, Rect out_rect);

// Bytes of working memory run() needs for this window (tensors of all live nodes, without the output).
uint64_t working_bytes(const PackedGraph& graph, Extents input_extents, Rect out_rect);

// The first channels of an output, which nobody will look at in some of its rows: those above this one. What they hold there is
// then undefined, and most of it is not computed.
struct UnusedChannels {
    int channels = 0;
    int64_t above = 0;
};

class Engine {
  public:
    // Computes output window `out_rect` into `out` (resized to out_rect.h x out_rect.w x output channels).
    //   input_extents  size of the whole input raster
    //   input          values of `input_rect`, a part of that raster; must cover required_input(out_rect)
    //   out_rect       must lie within the output's extents and not be empty
    // Input values outside the input node's [lo, hi] are clamped to it: the proof of the bounds rests on
    // them. Re-entrant.
    //   team           its threads share the rows of each operator; null: the calling thread alone. Windows on several
    //                  threads, one each, are the other way to use them: less waiting for one another, but each
    //                  computes its halo.
    // Errors: invalid_argument, limit_exceeded (working memory over limits.max_tensor_bytes), unsupported (level).
    static Status run(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                      Rect input_rect, Rect out_rect, Tensor16& out,
                      EngineLevel level = EngineLevel::automatic, const Limits& limits = Limits(),
                      ThreadTeam* team = nullptr, const UnusedChannels& unused = UnusedChannels());

    // run() by the calling thread alone, into memory of the caller's, which has room for just these values: out_rect.h x out_rect.w
    // x output channels, dense. For a raster that is made strip by strip. Errors: as run().
    static Status run_into(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                           Rect input_rect, Rect out_rect, int16_t* out,
                           EngineLevel level = EngineLevel::automatic, const Limits& limits = Limits(),
                           const UnusedChannels& unused = UnusedChannels());

    // run() without the last operator where that is a depth_to_space of block b = last_block() > 1: `out` receives its
    // input for the cells of b x b pixels that out_rect touches, cells_of(out_rect, b) (cell_rows.h). For who writes the
    // pixels elsewhere and can spread them on the way.
    //   rows_done      if given, is called for every few rows of cells as soon as `out` has them, by the thread that
    //                  computed them and finds them in its cache; several threads may call it at once. Its errors end
    //                  the run.
    using RowsDone = std::function<Status(const Rect& cells)>;
    static Status run_to_cells(const PackedGraph& graph, Extents input_extents, const TensorView16& input,
                               Rect input_rect, Rect out_rect, Tensor16& out,
                               EngineLevel level = EngineLevel::automatic, const Limits& limits = Limits(),
                               ThreadTeam* team = nullptr, const RowsDone& rows_done = nullptr);
};

}  // namespace nae

#endif  // NAE_CODEC_ENGINE_H_
