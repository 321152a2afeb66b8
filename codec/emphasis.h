// How much squared errors weigh in different parts of a picture, for an encoder that goes by structural similarity instead of
// PSNR. Of a window's structure SSIM (Wang, Bovik, Sheikh, Simoncelli 2004) takes off
//   1 - (2 cov + C2) / (var_a + var_b + C2)  =  mse / (2 var + C2), about,
// for an error that has nothing to do with the picture: the same one counts less where the picture itself varies much.
#ifndef NAE_CODEC_EMPHASIS_H_
#define NAE_CODEC_EMPHASIS_H_

#include <cstddef>

namespace nae {

// What the encoder makes large for the bits it spends.
enum class Tune {
    psnr,  // the same errors count the same everywhere
    ssim,  // structural similarity: they count by structural_emphasis()
};

// Where the picture varies most. Where it does not at all it is some 2.4.
constexpr float kLeastEmphasis = 0.125F;

// For Tune::ssim, the weight of squared errors in each of `cells` cells of 16 x 16 pixels, side by side. pixels: 16 rows of RGB,
// (value - 128) / 128, row_stride floats apart.
void structural_emphasis(const float* pixels, ptrdiff_t row_stride, ptrdiff_t cells, float* out);

}  // namespace nae

#endif  // NAE_CODEC_EMPHASIS_H_
