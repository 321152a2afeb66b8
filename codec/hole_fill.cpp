#include "codec/hole_fill.h"

#include <algorithm>

namespace nae {

namespace {

struct Layer {
    int64_t h = 0, w = 0;
    std::vector<float> value;   // where weight is positive
    std::vector<float> weight;  // 0 = hole

    size_t at(int64_t y, int64_t x) const { return static_cast<size_t>(y * w + x); }
};

// Means of 2 x 2 valid pixels.
Layer halved(const Layer& fine) {
    Layer coarse{(fine.h + 1) / 2, (fine.w + 1) / 2, {}, {}};
    coarse.value.resize(coarse.at(coarse.h, 0));
    coarse.weight.resize(coarse.value.size());
    for (int64_t y = 0; y < coarse.h; ++y) {
        for (int64_t x = 0; x < coarse.w; ++x) {
            float sum = 0, weight = 0;
            for (int64_t fy = 2 * y; fy < std::min(2 * y + 2, fine.h); ++fy) {
                for (int64_t fx = 2 * x; fx < std::min(2 * x + 2, fine.w); ++fx) {
                    sum += fine.weight[fine.at(fy, fx)] * fine.value[fine.at(fy, fx)];
                    weight += fine.weight[fine.at(fy, fx)];
                }
            }
            coarse.value[coarse.at(y, x)] = weight > 0 ? sum / weight : 0;
            coarse.weight[coarse.at(y, x)] = std::min(weight, 1.0f);
        }
    }
    return coarse;
}

// Linear interpolation in a layer without holes, at a pixel of the layer twice as fine.
float interpolated(const Layer& coarse, int64_t y, int64_t x) {
    // Centre of the fine pixel in coarse pixels: a quarter off the nearest centre.
    const int64_t y0 = y / 2, x0 = x / 2;
    const int64_t y1 = std::clamp<int64_t>(y % 2 == 0 ? y0 - 1 : y0 + 1, 0, coarse.h - 1);
    const int64_t x1 = std::clamp<int64_t>(x % 2 == 0 ? x0 - 1 : x0 + 1, 0, coarse.w - 1);
    return (9 * coarse.value[coarse.at(y0, x0)] + 3 * coarse.value[coarse.at(y0, x1)] +
            3 * coarse.value[coarse.at(y1, x0)] + coarse.value[coarse.at(y1, x1)]) /
           16;
}

}  // namespace

void fill_holes(float* values, int64_t stride, int64_t h, int64_t w, const std::vector<uint8_t>& valid) {
    if (std::find(valid.begin(), valid.end(), 0) == valid.end()) return;
    std::vector<Layer> pyramid(1);
    Layer& finest = pyramid.front();
    finest.h = h;
    finest.w = w;
    finest.value.resize(valid.size());
    finest.weight.resize(valid.size());
    for (size_t i = 0; i < valid.size(); ++i) {
        finest.weight[i] = valid[i] != 0 ? 1.0f : 0.0f;
        finest.value[i] = valid[i] != 0 ? values[static_cast<int64_t>(i) * stride] : 0.0f;
    }
    while (pyramid.back().h > 1 || pyramid.back().w > 1) {
        Layer next = halved(pyramid.back());
        pyramid.push_back(std::move(next));
    }
    for (size_t l = pyramid.size() - 1; l-- > 0;) {
        Layer& fine = pyramid[l];
        const Layer& coarse = pyramid[l + 1];
        for (int64_t y = 0; y < fine.h; ++y) {
            for (int64_t x = 0; x < fine.w; ++x) {
                float& value = fine.value[fine.at(y, x)];
                const float weight = fine.weight[fine.at(y, x)];
                if (weight < 1) value = weight * value + (1 - weight) * interpolated(coarse, y, x);
            }
        }
    }
    for (size_t i = 0; i < valid.size(); ++i) {
        if (valid[i] == 0) values[static_cast<int64_t>(i) * stride] = pyramid.front().value[i];
    }
}

}  // namespace nae
