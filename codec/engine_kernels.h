// What the engine asks of an instruction set. Internal to codec/.
#ifndef NAE_CODEC_ENGINE_KERNELS_H_
#define NAE_CODEC_ENGINE_KERNELS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/block_lap.h"
#include "codec/engine.h"
#include "codec/float_conv_task.h"
#include "codec/graph.h"
#include "codec/latent_quantiser.h"
#include "codec/restoration_filter.h"
#include "codec/tensor.h"
#include "codec/trellis_path.h"

namespace nae {

// Output channels per block of packed weights: 16 lanes of 32 bits, one AVX-512 vector.
constexpr int kConvBlock = 16;

// What Winograd's convolution (conv_winograd-inl.h) asks of its input: channels in multiples of this, so that no vector
// is ever partly used, and values that a patch's transform, which adds up four, keeps within 16 bits.
constexpr int kWinogradChannels = 32;
constexpr int32_t kMaxWinogradInput = 8191;

// A convolution's parameters arranged for SIMD. Input channels are taken in pairs (one 32-bit lane holds two
// int16), output channels in blocks; both are padded with zeros.
struct PackedConv {
    AlignedVector16 weights;    // [co / 16][ky][kx][ci / 2][16][2]
    std::vector<int32_t> bias;  // padded to a multiple of 16
    std::vector<int32_t> mult;
    int blocks = 0;
    int pairs = 0;  // ceil(ci / 2)
    // For 3 x 3 convolutions that suit it, else empty: transformed weights, and magnitudes of the plain ones, the bias
    // first, then for each input channel the sum over its nine taps.
    AlignedVector16 winograd;               // [16][co / 16][ci / 2][16][2]
    std::vector<float> winograd_magnitude;  // [1 + ci][padded co]
};

struct PackedGraph::Data {
    Graph graph;
    GraphInfo info;
    std::vector<PackedConv> convs;  // one per node, empty for other operators
};

// Working memory of the kernels, of any size; kept from one task to the next.
struct ConvScratch {
    AlignedVector16 patches;  // of Winograd's convolution
    AlignedVector32 lists;    // of channels that are not zero
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
    int first_channel = 0;  // output channels below need not be written
    // Optional fused addition: out = clamp(conv + addend, add_lo, add_hi). Dense pixels of node->channels
    // values.
    const int16_t* addend = nullptr;
    ptrdiff_t addend_row = 0;
    int32_t add_lo = 0;
    int32_t add_hi = 0;
    // Optional fused leaky_relu of what the convolution gives, never together with an addition: its slope in 1/256, else -1.
    int slope = -1;
    ConvScratch* scratch = nullptr;
};
constexpr size_t kTensorSlack = 32;

// The restoration filter (restoration_filter.h) over whole blocks.
struct RestoreScratch {
    AlignedVector16 luma;
    std::vector<int32_t> cells;  // activities of 4 x 4 pixels
};
struct RestoreTask {
    const RestorationSet* set = nullptr;
    int frac_bits = 0;
    // Pixel (0, 0) of 3 values; kRestorationReach pixels around the blocks are there, too. The kernel clamps all of them
    // to black .. white in place. kTensorSlack values behind the last one may be read.
    int16_t* in = nullptr;
    ptrdiff_t in_row = 0;
    int16_t* out = nullptr;
    ptrdiff_t out_row = 0;  // at least 3 w + kRestoreSlack values, of which the last are left undefined
    int h = 0;              // multiples of kRestorationBlock
    int w = 0;
    RestoreScratch* scratch = nullptr;
};
constexpr ptrdiff_t kRestoreSlack = 32;

// Overlap of blocks (block_lap.h), in place.
struct LapTask {
    const BlockLap* lap = nullptr;
    int16_t* pixels = nullptr;  // of 3 values, row by row; `row` values from one row to the next
    ptrdiff_t row = 0;
    int h = 0;      // 16: a border between blocks lies in the middle of these rows; fewer: none does
    int64_t w = 0;  // pixels of a row
    int64_t first_border = 0;  // in pixels, at least 8; there and after every 16 more, where 8 pixels follow
};

struct ContextScales;  // latent_context.h

struct Kernels {
    void (*conv)(const ConvTask& task) = nullptr;
    // out[i] = clamp(a[i] + b[i], lo, hi); out may be a or b.
    void (*add)(const int16_t* a, const int16_t* b, int16_t* out, size_t n, int32_t lo, int32_t hi) = nullptr;
    // dequantise_position() and scale_indices() of latent_quantiser.h.
    void (*dequantise)(const LatentScale& scale, const int16_t* symbols, const int16_t* mean,
                       int16_t* out) = nullptr;
    void (*index)(const LatentScale& scale, const int16_t* log2_scale, uint8_t* index) = nullptr;
    // change_means() of latent_context.h.
    void (*change_means)(const LatentScale& scale, const ContextScales& scales, const int16_t* said,
                         const uint8_t* index, int16_t* mean) = nullptr;
    // sample_from() of pixel_output.h for n pixels of three channels, to three planes.
    void (*planes)(const int16_t* rgb, size_t n, int frac_bits, uint8_t* const (&planes)[3]) = nullptr;
    void (*restore)(const RestoreTask& task) = nullptr;
    void (*lap)(const LapTask& task) = nullptr;
    TrellisSteps trellis_steps = nullptr;
    // Those whose results may differ between levels, by roundings.
    void (*conv_float)(const FloatConvTask& task) = nullptr;
    void (*conv_float_winograd)(const FloatWinogradTask& task) = nullptr;
};

// requantise() of the specification; shared by the reference and by tests.
inline int32_t requantise(int32_t acc, int32_t mult, int32_t lo, int32_t hi) {
    const int64_t v = (static_cast<int64_t>(acc) * mult + (int64_t{1} << 31)) >> 32;
    return static_cast<int32_t>(v < lo ? lo : v > hi ? hi : v);
}

// What leaky_relu makes of a value; slope 0 .. 255. The larger of the two: below zero the product is nearer to it, above it is
// no larger than the value.
inline int16_t leaky(int16_t v, int slope) {
    return std::max(v, static_cast<int16_t>((v * slope + 128) >> 8));
}

// max_abs_input: the largest magnitude of an input value that the graph allows.
PackedConv pack_conv(const Node& node, int in_channels, int32_t max_abs_input);

// What a pixel may be at most and at least, in units of the synthesis' output: what later rounds to 255 and 0.
inline int16_t white(int frac_bits) { return static_cast<int16_t>(127 << frac_bits); }
inline int16_t black(int frac_bits) { return static_cast<int16_t>(-(128 << frac_bits)); }
void restore_scalar(const RestoreTask& task);
void lap_scalar(const LapTask& task);
// 16 rows of `count` values with a border in their middle, of which the columns alone are lapped.
void lap_columns_scalar(const BlockLap& lap, int16_t* pixels, ptrdiff_t row, ptrdiff_t count);

const Kernels& scalar_kernels();
// Of any level; automatic means what it does for Engine::run(). Errors: unsupported, invalid_argument.
Result<const Kernels*> kernels_for(EngineLevel level);
// Whether float networks may be computed in bfloat16 (conv_bfloat16.h): the processor can, and NAE_ENGINE does not hold it
// back to less than AVX-512.
bool bfloat16_by_default();
// Null when this build or this machine does not have the level.
const Kernels* simd_kernels(EngineLevel level);

}  // namespace nae

#endif  // NAE_CODEC_ENGINE_KERNELS_H_
