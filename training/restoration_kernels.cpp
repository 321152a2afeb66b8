#include "training/restoration_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "training/clones.h"

namespace nae::training {
namespace {

constexpr int kMargin = kRestorationReach;
constexpr int kCell = 8;
constexpr int kCellRow = kCell * 3;          // values of a row of a cell
constexpr int kRow = kRestorationBlock * 3;  // values of a row of a block

// A picture with a margin, rows of interleaved values.
struct Padded {
    explicit Padded(const RestorationPlane& p)
        : height(p.height),
          width(p.width),
          row(ptrdiff_t((p.width + 2 * kMargin) * 3)),
          values(size_t(row) * size_t(p.height + 2 * kMargin)) {}
    float* at(int64_t y, int64_t x) { return values.data() + (y + kMargin) * row + (x + kMargin) * 3; }
    const float* at(int64_t y, int64_t x) const {
        return values.data() + (y + kMargin) * row + (x + kMargin) * 3;
    }
    int64_t height, width;
    ptrdiff_t row;
    std::vector<float> values;
};

// The row of a cell that holds pixel (y, x), from x on.
template <class T>
T* in_cells(const RestorationPlane& p, T* cells, int64_t y, int64_t x) {
    return cells + ((y / kCell * (p.width / kCell) + x / kCell) * kCell + y % kCell) * kCellRow +
           x % kCell * 3;
}

// Values in units of the synthesis' output, held between black and white; the outermost pixels repeat.
NAE_INLINE Padded unpack(const RestorationPlane& p, const float* cells) {
    Padded out(p);
    const float low = -p.scale, high = p.scale * (127.0F / 128.0F);
    for (int64_t y = 0; y < p.height; ++y) {
        for (int64_t x = 0; x < p.width; x += kCell) {
            const float* from = in_cells(p, cells, y, x);
            float* to = out.at(y, x);
            for (int i = 0; i < kCellRow; ++i) to[i] = std::min(std::max(from[i] * p.scale, low), high);
        }
        for (int64_t x = 1; x <= kMargin; ++x) {
            std::copy_n(out.at(y, 0), 3, out.at(y, -x));
            std::copy_n(out.at(y, p.width - 1), 3, out.at(y, p.width - 1 + x));
        }
    }
    for (int64_t y = 1; y <= kMargin; ++y) {
        std::copy_n(out.at(0, -kMargin), out.row, out.at(-y, -kMargin));
        std::copy_n(out.at(p.height - 1, -kMargin), out.row, out.at(p.height - 1 + y, -kMargin));
    }
    return out;
}

// Class of each block, row by row.
NAE_INLINE std::vector<int> classify(const RestorationPlane& p, const RestorationSet& set, int frac_bits,
                                     const Padded& in) {
    const int64_t width = p.width + 2 * kMargin;
    std::vector<float> luma(size_t(width * (p.height + 2 * kMargin)));
    const float to_sixteenths = 0.25F * 16.0F / float(1 << frac_bits);
    for (size_t i = 0; i < luma.size(); ++i) {
        const float* v = in.values.data() + 3 * i;
        luma[i] = (v[0] + 2 * v[1] + v[2]) * to_sixteenths;
    }
    const int64_t across = p.width / kRestorationBlock + 1, down = p.height / kRestorationBlock + 1;
    std::vector<float> cells(size_t(4 * across * down), 0.0F), row(size_t(4 * across));
    const std::array<int64_t, 4> before = {-1, -width, -width - 1, -width + 1};
    for (int64_t y = 0; y < kRestorationBlock * down; ++y) {
        const float* at = luma.data() + (y + kMargin - 2) * width + kMargin - 2;
        for (size_t k = 0; k < 4; ++k) {
            const int64_t to = before[k];
            for (int64_t x = 0; x < 4 * across; ++x)
                row[size_t(x)] = std::fabs(2 * at[x] - at[x + to] - at[x - to]);
            float* sums = cells.data() + (y / kRestorationBlock * 4 + int64_t(k)) * across;
            for (int64_t x = 0; x < across; ++x)
                sums[x] += (row[size_t(4 * x)] + row[size_t(4 * x + 1)]) +
                           (row[size_t(4 * x + 2)] + row[size_t(4 * x + 3)]);
        }
    }
    std::vector<int> out;
    out.reserve(size_t((across - 1) * (down - 1)));
    for (int64_t y = 0; y + 1 < down; ++y) {
        for (int64_t x = 0; x + 1 < across; ++x) {
            BlockActivity a;
            for (int64_t k = 0; k < 4; ++k) {
                const float* upper = cells.data() + (4 * y + k) * across + x;
                const float* lower = upper + 4 * across;
                a[size_t(k)] = int32_t(upper[0] + upper[1] + lower[0] + lower[1]);
            }
            out.push_back(restoration_class(set, a));
        }
    }
    return out;
}

// Weights of one pair in real numbers.
struct Tap {
    ptrdiff_t to;
    float linear, clipped;
};
std::vector<std::array<Tap, kRestorationPairs>> taps_of(const RestorationSet& set, ptrdiff_t row) {
    std::vector<std::array<Tap, kRestorationPairs>> out(set.taps.size());
    constexpr float kUnit = 1.0F / (1 << kRestorationShift);
    for (size_t c = 0; c < out.size(); ++c)
        for (size_t k = 0; k < kRestorationPairs; ++k)
            out[c][k] = {kRestorationOffsets[k].dy * row + ptrdiff_t{3} * kRestorationOffsets[k].dx,
                         float(set.taps[c][k].linear) * kUnit, float(set.taps[c][k].clipped) * kUnit};
    return out;
}

}  // namespace

NAE_CLONES void restore_forward(const RestorationPlane& p, const RestorationSet& set, int frac_bits,
                                const float* in, float* out) {
    const Padded v = unpack(p, in);
    const std::vector<int> classes = classify(p, set, frac_bits, v);
    const auto taps = taps_of(set, v.row);
    const float clip = set.clip, unit = 1 / p.scale;
    const float low = -p.scale, high = p.scale * (127.0F / 128.0F);
    size_t block = 0;
    for (int64_t y0 = 0; y0 < p.height; y0 += kRestorationBlock) {
        for (int64_t x = 0; x < p.width; x += kRestorationBlock, ++block) {
            const auto& weights = taps[size_t(classes[block])];
            for (int64_t y = y0; y < y0 + kRestorationBlock; ++y) {
                const float* at = v.at(y, x);
                float sum[kRow];
                for (int i = 0; i < kRow; ++i) sum[i] = at[i];
                for (const Tap& tap : weights) {
                    const float *n1 = at + tap.to, *n2 = at - tap.to;
                    for (int i = 0; i < kRow; ++i) {
                        const float a = n1[i] - at[i], b = n2[i] - at[i];
                        const float ca = std::min(std::max(a, -clip), clip),
                                    cb = std::min(std::max(b, -clip), clip);
                        sum[i] += tap.linear * (a + b) + tap.clipped * (ca + cb);
                    }
                }
                float* to = in_cells(p, out, y, x);
                for (int i = 0; i < kRow; ++i) to[i] = std::min(std::max(sum[i], low), high) * unit;
            }
        }
    }
}

NAE_CLONES void restore_backward(const RestorationPlane& p, const RestorationSet& set, int frac_bits,
                                 const float* in, const float* gradient, float* out) {
    const Padded v = unpack(p, in);
    const std::vector<int> classes = classify(p, set, frac_bits, v);
    const auto taps = taps_of(set, v.row);
    const float clip = set.clip;
    Padded sums(p);
    size_t block = 0;
    for (int64_t y0 = 0; y0 < p.height; y0 += kRestorationBlock) {
        for (int64_t x = 0; x < p.width; x += kRestorationBlock, ++block) {
            const auto& weights = taps[size_t(classes[block])];
            for (int64_t y = y0; y < y0 + kRestorationBlock; ++y) {
                const float* at = v.at(y, x);
                const float* g = in_cells(p, gradient, y, x);
                float* const to = sums.at(y, x);
                float centre[kRow];
                for (int i = 0; i < kRow; ++i) centre[i] = g[i];
                for (const Tap& tap : weights) {
                    const float *n1 = at + tap.to, *n2 = at - tap.to;
                    float first[kRow], second[kRow];
                    for (int i = 0; i < kRow; ++i) {
                        const float inside1 = std::fabs(n1[i] - at[i]) < clip ? 1.0F : 0.0F;
                        const float inside2 = std::fabs(n2[i] - at[i]) < clip ? 1.0F : 0.0F;
                        first[i] = g[i] * (tap.linear + tap.clipped * inside1);
                        second[i] = g[i] * (tap.linear + tap.clipped * inside2);
                        centre[i] -= first[i] + second[i];
                    }
                    for (int i = 0; i < kRow; ++i) to[tap.to + i] += first[i];
                    for (int i = 0; i < kRow; ++i) to[-tap.to + i] += second[i];
                }
                for (int i = 0; i < kRow; ++i) to[i] += centre[i];
            }
        }
    }
    // What belongs to repeated pixels belongs to the outermost ones.
    for (int64_t y = 1; y <= kMargin; ++y) {
        for (ptrdiff_t i = 0; i < sums.row; ++i) {
            sums.at(0, -kMargin)[i] += sums.at(-y, -kMargin)[i];
            sums.at(p.height - 1, -kMargin)[i] += sums.at(p.height - 1 + y, -kMargin)[i];
        }
    }
    for (int64_t y = 0; y < p.height; ++y) {
        for (int64_t x = 1; x <= kMargin; ++x) {
            for (int c = 0; c < 3; ++c) {
                sums.at(y, 0)[c] += sums.at(y, -x)[c];
                sums.at(y, p.width - 1)[c] += sums.at(y, p.width - 1 + x)[c];
            }
        }
        for (int64_t x = 0; x < p.width; x += kCell)
            std::copy_n(sums.at(y, x), kCellRow, in_cells(p, out, y, x));
    }
}

}  // namespace nae::training
