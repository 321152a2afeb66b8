// The integer network of a model: a list of operators from a small closed set. A model file is this data; no
// model carries code. The arithmetic is exact (int16 values, int32 accumulators, dyadic requantisation), so
// that every machine computes the same pixels.
//
// A graph is a list of nodes; node 0 is the input, each node reads earlier nodes, the last node is the
// output. Every value v of a node satisfies lo <= v <= hi with -32767 <= lo <= hi <= 32767, known statically.
// Every node lives on a raster whose extents follow from the input's; outside its extents a value is exactly
// 0, for intermediate nodes as well. Therefore any window of the output equals the crop of the whole.
#ifndef NAE_CODEC_GRAPH_H_
#define NAE_CODEC_GRAPH_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "codec/region.h"
#include "codec/tensor.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// Numbers are those of the file. `abs` and what follows it exist in float graphs only (float_graph.h).
enum class Op : uint8_t {
    input = 0,
    conv = 1,
    add = 2,
    relu = 3,
    leaky_relu = 4,
    concat = 5,
    slice = 6,
    depth_to_space = 7,
    space_to_depth = 8,
    gain = 9,
    abs = 10,
    conv_transpose = 11,
    sigmoid = 12,
    gdn = 13,
    inverse_gdn = 14,
    clip = 15,  // this one and the next are never in a file
    gate = 16,
};
constexpr int kOpCount = 17;
constexpr int kStoredOpCount = 15;
const char* op_name(Op op);
constexpr bool float_only(Op op) { return op >= Op::abs; }

constexpr int kMaxNodes = 256;
constexpr int kMaxChannels = 4096;
constexpr int kMaxBlock = 16;    // of depth_to_space and space_to_depth
constexpr int kMaxInputs = 16;   // of concat
constexpr int kMaxRatio = 4096;  // between the resolutions of a node and of the input, per axis, either way
constexpr int kValueLimit = 32767;

// One operator. Fields an operator does not use stay empty (and are not stored).
//   input           channels, lo, hi
//   conv            kernel 1, 3 or 5; stride 1 or 2; zero padding kernel / 2.
//                   acc[o] = bias[o] + sum over ky, kx, i of weights[o][ky][kx][i] *
//                            in[stride * y + ky - kernel / 2][stride * x + kx - kernel / 2][i]
//                   out[o] = clamp((int64(acc) * mult[o] + 2^31) >> 32, lo, hi)          (ReLU is lo = 0)
//                   Output extents are ceil(input / stride).
//   add             clamp(a + b, lo, hi); both inputs of the same shape
//   relu            max(v, 0)
//   leaky_relu      v < 0 ? (v * slope + 2^7) >> 8 : v, slope 0..255 (in 1/256)
//   concat          channels of all inputs one after another
//   slice           channels begin .. begin + channels - 1
//   depth_to_space  out[y b + dy][x b + dx][c] = in[y][x][(dy b + dx) C + c], C = output channels, b = block
//   space_to_depth  the inverse: out[y][x][(dy b + dx) C + c] = in[y b + dy][x b + dx][c],
//                   C = input channels; output extents are ceil(input / b), what is missing is 0
//   gain            clamp((int64(v) * mult[c] + 2^15) >> 16, lo, hi), mult signed
// Shifts are arithmetic: they round towards minus infinity.
struct Node {
    Op op = Op::input;
    std::vector<uint16_t> inputs;  // indices of earlier nodes
    int channels = 0;              // output channels: input, conv, slice; derived for the others
    int32_t lo = -kValueLimit;     // clamp: input, conv, add, gain; derived for the others
    int32_t hi = kValueLimit;
    int kernel = 1;
    int stride = 1;
    int block = 1;
    int begin = 0;              // slice
    int slope = 0;              // leaky_relu
    AlignedVector16 weights;    // conv: [channels][kernel][kernel][input channels]
    std::vector<int32_t> bias;  // conv: [channels]
    std::vector<int32_t> mult;  // conv: [channels], 1 .. 2^31 - 1; gain: [channels], any
};

struct Graph {
    std::vector<Node> nodes;
    bool empty() const { return nodes.empty(); }
};

// Resolution of a node relative to the input, exact for every input size: alternating factors, applied in
// order: first multiply by steps[0], then ceil-divide by steps[1], multiply by steps[2], ... (normal form; an
// empty list is 1:1). Equal lists mean equal extents whatever the input's size.
struct Resolution {
    std::vector<int32_t> steps;

    // After depth_to_space(factor), or after a stride or space_to_depth(factor).
    Resolution multiplied(int32_t factor) const;
    Resolution divided(int32_t factor) const;
    int64_t apply(int64_t n) const;
    double ratio() const;  // for large n
    bool operator==(const Resolution& o) const { return steps == o.steps; }
    bool operator!=(const Resolution& o) const { return !(*this == o); }
};

// What validation derives for each node.
struct NodeInfo {
    int channels = 0;
    int32_t lo = 0;
    int32_t hi = 0;
    Resolution resolution;
};

struct GraphInfo {
    std::vector<NodeInfo> nodes;
    // Per output pixel of the graph, for large pictures.
    double macs_per_pixel = 0;    // multiply-adds of convolutions
    double values_per_pixel = 0;  // values all nodes produce together

    int input_channels() const { return nodes.front().channels; }
    int output_channels() const { return nodes.back().channels; }
};

// Checks everything the engine relies on and proves the bounds: structure, shapes, parameters, ranges, and
// for each output channel of each convolution |bias| + sum |w| * max(|lo|, |hi|) of the input < 2^31. Errors:
// corrupt (names node, operator, value), limit_exceeded (macs_per_pixel over limits.max_macs_per_pixel).
Result<GraphInfo> validate(const Graph& graph, const Limits& limits = Limits());

// Largest accumulator magnitude of output channel `o` of convolution `node`, given that |input| <=
// max_abs_input. The exporter chooses weight scales so that this stays below 2^31.
int64_t accumulator_bound(const Node& node, int input_channels, int o, int32_t max_abs_input);

// Extents of all nodes for given input extents. Errors: limit_exceeded (an input beyond 2^31),
// invalid_argument.
Result<std::vector<Extents>> node_extents(const GraphInfo& info, Extents input);

// Rectangle of `node`'s input that its output rectangle `r` needs, not yet clipped to extents.
Rect input_rect_of(const Node& node, const Rect& r);

// Rectangle of the graph's input that `out_rect` (clipped to the output's extents) depends on, clipped to the
// input's. `input` are the extents of the whole input raster. An invalid graph gives an empty rectangle.
Rect required_input(const Graph& graph, Extents input, Rect out_rect);
// The same for who has validated it. info: of the graph. Extents beyond node_extents()' give an empty rectangle, too.
Rect required_input(const Graph& graph, const GraphInfo& info, Extents input, Rect out_rect);

// Conv parameters for GraphBuilder.
struct ConvParams {
    int out_channels = 0;
    int kernel = 1;
    int stride = 1;
    std::vector<int16_t> weights;  // [out_channels][kernel][kernel][input channels]
    std::vector<int32_t> bias;     // [out_channels]
    std::vector<int32_t> mult;     // [out_channels], 1 .. 2^31 - 1
    int32_t lo = -kValueLimit;
    int32_t hi = kValueLimit;
};

// Assembles a graph; every call returns the new node's index. Nothing is checked here: call validate() at the
// end.
//   GraphBuilder b(320, -8191, 8191);
//   int x = b.conv(b.input(), {...});
//   x = b.depth_to_space(b.add(x, y), 8);
//   Graph g = b.take();
class GraphBuilder {
  public:
    GraphBuilder(int channels, int32_t lo, int32_t hi);
    int input() const { return 0; }
    int conv(int input, ConvParams params);
    int add(int a, int b, int32_t lo = -kValueLimit, int32_t hi = kValueLimit);
    int relu(int input);
    int leaky_relu(int input, int slope);
    int concat(const std::vector<int>& inputs);
    int slice(int input, int begin, int channels);
    int depth_to_space(int input, int block);
    int space_to_depth(int input, int block);
    int gain(int input, std::vector<int32_t> mult, int32_t lo = -kValueLimit, int32_t hi = kValueLimit);
    // The last node added is the output. The builder is empty afterwards.
    Graph take() { return std::move(graph_); }

  private:
    int push(Node node);
    Graph graph_;
};

}  // namespace nae

#endif  // NAE_CODEC_GRAPH_H_
