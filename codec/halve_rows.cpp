#include "codec/halve_rows.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace nae {

namespace {

// Columns 2x and, except at an edge of odd width, 2x + 1 of two rows.
struct Quad {
    int64_t left, right;
};

Quad quad_at(int64_t x, int64_t width) { return {2 * x, std::min(2 * x + 1, width - 1)}; }

template <class T>
T rounded(double mean) {
    if constexpr (std::is_same_v<T, float>) {
        return static_cast<float>(mean);
    } else {
        return static_cast<T>(std::floor(mean + 0.5));
    }
}

// How much each pixel of a row counts, for all bands but alpha itself: 0 where masked, else its opacity.
std::vector<float> weights_of(const RowShape& shape, const BandPlan& plan, const uint8_t* row,
                              int64_t width) {
    std::vector<float> weights(static_cast<size_t>(width), 1.0f);
    if (const uint8_t* mask = shape.mask_of(row, width)) {
        for (int64_t x = 0; x < width; ++x) weights[static_cast<size_t>(x)] = mask[x] != 0 ? 1.0f : 0.0f;
    }
    if (plan.alpha < 0) return weights;
    const uint8_t* alpha = shape.samples(row, width, plan.alpha);
    with_sample_type(shape.type, [&](auto kind) {
        using T = decltype(kind);
        for (int64_t x = 0; x < width; ++x)
            weights[static_cast<size_t>(x)] *= std::max(static_cast<float>(load_sample<T>(alpha, x)), 0.0f);
    });
    return weights;
}

template <class T>
void plain_means(const uint8_t* upper, const uint8_t* lower, int64_t width, uint8_t* out) {
    for (int64_t x = 0; x < (width + 1) / 2; ++x) {
        const Quad q = quad_at(x, width);
        const T a = load_sample<T>(upper, q.left), b = load_sample<T>(upper, q.right),
                c = load_sample<T>(lower, q.left), d = load_sample<T>(lower, q.right);
        T mean;
        if constexpr (std::is_same_v<T, float>) {
            mean = static_cast<float>((static_cast<double>(a) + b + c + d) / 4);
        } else {
            mean = static_cast<T>((int64_t{a} + b + c + d + 2) >> 2);
        }
        std::memcpy(out + x * static_cast<int64_t>(sizeof(T)), &mean, sizeof(T));
    }
}

// As much of a row as weighted_means() needs.
struct WeightedRow {
    const uint8_t* samples;
    const float* weights;
    const uint8_t* codes;
};

template <class T>
void weighted_means(const WeightedRow (&rows)[2], const std::vector<double>& specials, int64_t width,
                    uint8_t* out) {
    for (int64_t x = 0; x < (width + 1) / 2; ++x) {
        const Quad q = quad_at(x, width);
        double sum = 0, weight = 0, plain_sum = 0;
        int plain_count = 0;
        T value = load_sample<T>(rows[0].samples, q.left);  // a special value, if all are
        T valid = value;
        for (const WeightedRow& row : rows) {
            for (const int64_t at : {q.left, q.right}) {
                if (row.codes[at] != 0) continue;
                valid = load_sample<T>(row.samples, at);
                const auto sample = static_cast<double>(valid);
                sum += static_cast<double>(row.weights[at]) * sample;
                weight += static_cast<double>(row.weights[at]);
                plain_sum += sample;
                ++plain_count;
            }
        }
        if (weight > 0) {
            value = rounded<T>(sum / weight);
        } else if (plain_count > 0) {
            value = rounded<T>(plain_sum / plain_count);
        }
        // A mean must not become nodata by chance.
        if (plain_count > 0 &&
            std::find(specials.begin(), specials.end(), static_cast<double>(value)) != specials.end())
            value = valid;
        std::memcpy(out + x * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
    }
}

}  // namespace

void halve_rows(const RowShape& shape, const BandPlan& plan, const uint8_t* upper, const uint8_t* lower,
                int64_t width, uint8_t* out) {
    const int64_t half = (width + 1) / 2;
    const size_t size = sample_bytes(shape.type);
    const bool weighted = shape.mask || plan.alpha >= 0;
    std::vector<float> weights[2] = {std::vector<float>(static_cast<size_t>(width), 1.0f), {}};
    if (weighted) weights[0] = weights_of(shape, plan, upper, width);
    weights[1] = weighted ? weights_of(shape, plan, lower, width) : weights[0];
    std::vector<uint8_t> codes[2];
    for (std::vector<uint8_t>& c : codes) c.resize(static_cast<size_t>(width));
    std::vector<bool> exact(plan.table.count());
    for (const Plane& plane : plan.table.planes) {
        if (plane.kind == PlaneKind::lossless) exact[plane.bands.front()] = true;
    }
    for (const int band : shape.bands) {
        const uint8_t* rows[2] = {shape.samples(upper, width, band), shape.samples(lower, width, band)};
        const std::vector<double>& specials = plan.table.bands[static_cast<size_t>(band)].specials;
        if (exact[static_cast<size_t>(band)] && band != plan.alpha) {
            for (int64_t x = 0; x < half; ++x)
                std::memcpy(out + static_cast<size_t>(x) * size, rows[0] + static_cast<size_t>(2 * x) * size,
                            size);
        } else if (band == plan.alpha || (!weighted && specials.empty())) {
            with_sample_type(shape.type,
                             [&](auto kind) { plain_means<decltype(kind)>(rows[0], rows[1], width, out); });
        } else {
            for (int i = 0; i < 2; ++i) find_codes(rows[i], width, shape.type, specials, codes[i].data());
            const WeightedRow both[2] = {{rows[0], weights[0].data(), codes[0].data()},
                                         {rows[1], weights[1].data(), codes[1].data()}};
            with_sample_type(shape.type,
                             [&](auto kind) { weighted_means<decltype(kind)>(both, specials, width, out); });
        }
        out += static_cast<size_t>(half) * size;
    }
    if (!shape.mask) return;
    const uint8_t *a = shape.mask_of(upper, width), *b = shape.mask_of(lower, width);
    for (int64_t x = 0; x < half; ++x) {
        const Quad q = quad_at(x, width);
        out[x] = std::max({a[q.left], a[q.right], b[q.left], b[q.right]});
    }
}

}  // namespace nae
