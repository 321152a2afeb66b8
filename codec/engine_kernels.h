// What the engine asks of an instruction set. Internal to codec/.
#ifndef NAE_CODEC_ENGINE_KERNELS_H_
#define NAE_CODEC_ENGINE_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/engine.h"
#include "codec/graph.h"
#include "codec/tensor.h"

namespace nae {

// Output channels per block of packed weights: 16 lanes of 32 bits, one AVX-512 vector.
constexpr int kConvBlock = 16;

// A convolution's parameters arranged for SIMD. Input channels are taken in pairs (one 32-bit lane holds two
// int16), output channels in blocks; both are padded with zeros.
struct PackedConv {
    AlignedVector16 weights;    // [co / 16][ky][kx][ci / 2][16][2]
    std::vector<int32_t> bias;  // padded to a multiple of 16
    std::vector<int32_t> mult;
    int blocks = 0;
    int pairs = 0;  // ceil(ci / 2)
};

struct PackedGraph::Data {
    Graph graph;
    GraphInfo info;
    std::vector<PackedConv> convs;  // one per node, empty for other operators
};

// One convolution over a window, reading a buffer that already contains the zeros around the picture.
// Buffers of inputs have kTensorSlack values behind their end: pairs may read past the last channel.
struct ConvTask {
    const Node* node = nullptr;
    const PackedConv* packed = nullptr;
    int in_channels = 0;
    const int16_t* in = nullptr;  // tap (0, 0) of output (0, 0)
    ptrdiff_t in_row = 0;         // values from one input row to the next
    int16_t* out = nullptr;
    ptrdiff_t out_row = 0;
    ptrdiff_t out_pixel = 0;  // values from one output pixel to the next
    int h = 0;                // output window
    int w = 0;
    // Optional fused addition: out = clamp(conv + addend, add_lo, add_hi). Dense pixels of node->channels
    // values.
    const int16_t* addend = nullptr;
    ptrdiff_t addend_row = 0;
    int32_t add_lo = 0;
    int32_t add_hi = 0;
};
constexpr size_t kTensorSlack = 32;

struct Kernels {
    void (*conv)(const ConvTask& task) = nullptr;
    // out[i] = clamp(a[i] + b[i], lo, hi); out may be a or b.
    void (*add)(const int16_t* a, const int16_t* b, int16_t* out, size_t n, int32_t lo, int32_t hi) = nullptr;
};

// requantise() of the specification; shared by the reference and by tests.
inline int32_t requantise(int32_t acc, int32_t mult, int32_t lo, int32_t hi) {
    const int64_t v = (static_cast<int64_t>(acc) * mult + (int64_t{1} << 31)) >> 32;
    return static_cast<int32_t>(v < lo ? lo : v > hi ? hi : v);
}

PackedConv pack_conv(const Node& node, int in_channels);

const Kernels& scalar_kernels();
// Null when this build or this machine does not have the level.
const Kernels* simd_kernels(EngineLevel level);

}  // namespace nae

#endif  // NAE_CODEC_ENGINE_KERNELS_H_
