// What a convolution of the encoder's float networks is told, whichever kernel computes it.
#ifndef NAE_CODEC_FLOAT_CONV_TASK_H_
#define NAE_CODEC_FLOAT_CONV_TASK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "codec/tensor.h"

namespace nae {

using AlignedBfloat16s = std::vector<uint16_t, AlignedAllocator<uint16_t>>;

// One convolution; the pixels of a row are dense, and the input already contains the zeros around the picture.
// out = max(convolution + bias + addend, floor)
template <class T>
struct DenseConvTask {
    int kernel = 1, stride = 1;
    int in_channels = 0, out_channels = 0;
    const T* in = nullptr;  // tap (0, 0) of output (0, 0)
    ptrdiff_t in_row = 0;   // values from one input row to the next
    int h = 0, w = 0;       // output
    float* out = nullptr;
    ptrdiff_t out_row = 0;
    const T* weights = nullptr;     // in the kernel's order, padded with zeros
    const float* bias = nullptr;    // padded to a multiple of 16
    const float* addend = nullptr;  // of the output's extents; may be null
    ptrdiff_t addend_row = 0;
    float floor = -std::numeric_limits<float>::infinity();  // 0: a relu follows
};

// Weights [co / 16][ky][kx][ci][16].
using FloatConvTask = DenseConvTask<float>;
// bfloat16; weights [co / 16][ky][kx][ci / 2][16][2], so that the input channels must be even.
using Bfloat16ConvTask = DenseConvTask<uint16_t>;

// Integers; weights as of bfloat16. A sum times its channel's unit, plus bias, is the value.
struct Int16ConvTask : DenseConvTask<int16_t> {
    const float* unit = nullptr;  // padded to a multiple of 16
};

// Winograd's way (conv_float_winograd-inl.h): 3 x 3, stride 1, input channels in multiples of 16; weights transformed,
// [36][co / 16][ci][16]. Tiles are 4 x 4 pixels of the output, row by row; where the output ends within a tile, the input
// must go on with zeros.
constexpr int kFloatTile = 4;
constexpr int kFloatPatch = (kFloatTile + 2) * (kFloatTile + 2);  // values that a tile depends on
constexpr int kFloatTilesAtOnce = 24;                             // at most
constexpr int kFloatTilesUnit = 6;
struct FloatWinogradTask : FloatConvTask {
    int tiles_at_once = kFloatTilesAtOnce;  // a multiple of kFloatTilesUnit
    int64_t first_tile = 0;                 // so many from here on, fewer at the end
};

// Where P pixels of the output from `first` on, row by row, are read from and written to; past the last one that one again.
template <int P, class T>
struct ConvPixels {
    const T* in[P];
    float* out[P];
    const float* addend[P];

    ConvPixels(const DenseConvTask<T>& t, int64_t first) {
        const int64_t last = int64_t{t.h} * t.w - 1;
        for (int p = 0; p < P; ++p) {
            const int64_t i = std::min(first + p, last), y = i / t.w, x = i % t.w;
            in[p] = t.in + y * t.stride * t.in_row + x * t.stride * t.in_channels;
            out[p] = t.out + y * t.out_row + x * t.out_channels;
            addend[p] = t.addend != nullptr ? t.addend + y * t.addend_row + x * t.out_channels : nullptr;
        }
    }
};

}  // namespace nae

#endif  // NAE_CODEC_FLOAT_CONV_TASK_H_
