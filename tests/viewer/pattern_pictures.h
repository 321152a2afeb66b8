// Pictures made of integer formulas, so that a reference in another language can make the same ones.
#ifndef NAE_TESTS_VIEWER_PATTERN_PICTURES_H_
#define NAE_TESTS_VIEWER_PATTERN_PICTURES_H_

#include <algorithm>
#include <cmath>

#include "viewer/core/picture.h"

namespace nae {

// Texture without any smooth part.
inline Picture pattern_picture(int width, int height, int bands) {
    Picture picture(width, height, bands);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < bands; ++c)
                picture.pixel(x, y)[c] = static_cast<uint8_t>((x * 7 + y * 13 + c * 29 + (x * y) % 31) % 256);
    return picture;
}

// The same picture with errors of -11 to 11 gray levels, clamped to 0..255.
inline Picture disturbed(Picture picture) {
    for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x)
            for (int c = 0; c < picture.bands; ++c) {
                uint8_t& sample = picture.pixel(x, y)[c];
                sample =
                    static_cast<uint8_t>(std::clamp(sample + (x * 5 + y * 11 + c * 3) % 23 - 11, 0, 255));
            }
    return picture;
}

// Slow waves, as a photograph's sky has them: what JPEG is made for.
inline Picture wave_picture(int width, int height, int bands) {
    Picture picture(width, height, bands);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < bands; ++c)
                picture.pixel(x, y)[c] = static_cast<uint8_t>(
                    std::lround(128 + 60 * std::sin(x / 9.0 + c) + 50 * std::cos(y / 13.0)));
    return picture;
}

}  // namespace nae

#endif  // NAE_TESTS_VIEWER_PATTERN_PICTURES_H_
