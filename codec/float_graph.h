// The float network of a model's encoding part (analysis, hyper-analysis). It is only data here: the trainer
// writes it, the LibTorch module executes it. Nothing in decoding depends on it.
//
// Same operators as graph.h in real arithmetic, without clamps; see Op and Node there. Node 0 is the input, the
// last node is the output. Tensors are NHWC with N = 1. Besides:
//   abs             |v|
//   conv_transpose  the transpose of conv: out[stride * y + ky - kernel / 2][stride * x + kx - kernel / 2][o]
//                   collects weights[o][ky][kx][i] * in[y][x][i], plus bias[o]; output extents are stride times
//                   the input's
//   sigmoid         1 / (1 + exp(-v))
//   gdn             generalised divisive normalisation (Balle, Laparra, Simoncelli 2017), over the channels of a
//                   position: out[o] = v[o] / sqrt(mult[o] + sum over i of weights[o][i] * v[i]^2), mult > 0,
//                   weights >= 0
//   inverse_gdn     out[o] = v[o] * sqrt(the same)
// and, for the encoder's own networks, not stored in files,
//   clip            v, but at least `low` and at most `high`
//   gate            a where low < b < high, else 0: what a relu (0, infinity) or a clip passes back of a gradient
//
// Bytes (little-endian): u16 node count, per node u8 operator, then
//     input           u16 channels
//     conv, conv_transpose    u16 input, u16 channels, u8 kernel, u8 stride, u8 type (WeightType),
//                     f32 bias[channels], weights[channels][kernel][kernel][input channels]
//     add             u16 a, u16 b
//     relu, abs, sigmoid      u16 input
//     leaky_relu      u16 input, f32 slope
//     concat          u8 n, u16 input[n]
//     slice           u16 input, u16 begin, u16 channels
//     depth_to_space, space_to_depth    u16 input, u8 block
//     gain            u16 input, f32 mult[input channels]
//     gdn, inverse_gdn        u16 input, f32 mult[input channels], f32 weights[input channels][input channels]
#ifndef NAE_CODEC_FLOAT_GRAPH_H_
#define NAE_CODEC_FLOAT_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "codec/graph.h"
#include "codec/tensor.h"
#include "format/limits.h"
#include "format/status.h"

namespace nae {

// How a file stores a convolution's weights; parsing gives the rounded values. Layers stored as bf16 may also be
// computed in it.
enum class WeightType : uint8_t { f32 = 0, bf16 = 1, f16 = 2 };

struct FloatNode {
    Op op = Op::input;
    std::vector<uint16_t> inputs;
    int channels = 0;  // output channels: input, conv, slice; derived for the others
    int kernel = 1;
    int stride = 1;
    int block = 1;
    int begin = 0;
    float slope = 0;  // leaky_relu
    float low = 0;    // clip, gate
    float high = std::numeric_limits<float>::infinity();
    WeightType type = WeightType::bf16;  // convolutions
    AlignedFloats
        weights;  // convolutions: [channels][kernel][kernel][input channels]; gdn: [channels][channels]
    std::vector<float> bias;  // convolutions: [channels]
    std::vector<float> mult;  // gain, gdn: [channels]
};

struct FloatGraph {
    std::vector<FloatNode> nodes;
    bool empty() const { return nodes.empty(); }
};

struct FloatNodeInfo {
    int channels = 0;
    Resolution resolution;
};

struct FloatGraphInfo {
    std::vector<FloatNodeInfo> nodes;
    double macs_per_pixel = 0;  // per *input* pixel, for large pictures
    // Output pixels depend on input pixels at most this far outside their own footprint (input pixels, a
    // bound).
    int64_t halo = 0;

    int input_channels() const { return nodes.front().channels; }
    int output_channels() const { return nodes.back().channels; }
};

// Structure, shapes and finite parameters. Errors: corrupt, limit_exceeded.
Result<FloatGraphInfo> validate(const FloatGraph& graph, const Limits& limits = Limits());

Result<std::vector<uint8_t>> serialise_float_graph(const FloatGraph& graph);
Result<FloatGraph> parse_float_graph(const uint8_t* data, size_t size, const char* what,
                                     const Limits& limits = Limits());

// Round to nearest even, as hardware does; NaN stays NaN.
uint16_t float_to_bf16(float value);
float bf16_to_float(uint16_t bits);
// IEEE 754 binary16; what is too large becomes infinite.
uint16_t float_to_f16(float value);
float f16_to_float(uint16_t bits);

struct FloatConvParams {
    int out_channels = 0;
    int kernel = 1;
    int stride = 1;
    std::vector<float> weights;  // [out_channels][kernel][kernel][input channels]
    std::vector<float> bias;     // [out_channels]
    WeightType type = WeightType::bf16;
};

// As GraphBuilder.
class FloatGraphBuilder {
  public:
    explicit FloatGraphBuilder(int channels);
    int input() const { return 0; }
    // A node of another graph, with these inputs.
    int repeat(FloatNode node, const std::vector<int>& inputs);
    int conv(int input, FloatConvParams params);
    int add(int a, int b);
    int relu(int input);
    int abs(int input);
    int leaky_relu(int input, float slope);
    int concat(const std::vector<int>& inputs);
    int slice(int input, int begin, int channels);
    int depth_to_space(int input, int block);
    int space_to_depth(int input, int block);
    int gain(int input, std::vector<float> mult);
    int conv_transpose(int input, FloatConvParams params);
    int sigmoid(int input);
    int clip(int input, float low, float high);
    int gate(int a, int b, float low = 0, float high = std::numeric_limits<float>::infinity());
    // op: gdn or inverse_gdn
    int gdn(int input, Op op, std::vector<float> mult, std::vector<float> weights);
    FloatGraph take() { return std::move(graph_); }

  private:
    int push(FloatNode node);
    int convolution(Op op, int input, FloatConvParams params);
    FloatGraph graph_;
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_GRAPH_H_
