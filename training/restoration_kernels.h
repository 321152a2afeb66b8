// Loops behind training/restoration.h, for one picture and without LibTorch's headers.
#pragma once

#include <cstdint>

#include "codec/restoration_filter.h"

namespace nae::training {

// Pixels in cells of 8 x 8, [height / 8][width / 8][8][8][3].
struct RestorationPlane {
    int64_t height, width;  // multiples of 8
    float scale;            // from stored values to units of the synthesis' output
};

void restore_forward(const RestorationPlane& plane, const RestorationSet& set, int frac_bits, const float* in,
                     float* out);
// gradient: with respect to what restore_forward() gives. out: with respect to its input.
void restore_backward(const RestorationPlane& plane, const RestorationSet& set, int frac_bits,
                      const float* in, const float* gradient, float* out);

}  // namespace nae::training
