#include "codec/sample_rows.h"

#include <algorithm>
#include <cmath>

namespace nae {

void find_codes(const uint8_t* samples, int64_t n, DataType type, const std::vector<double>& specials,
                uint8_t* codes) {
    std::memset(codes, 0, static_cast<size_t>(n));
    with_sample_type(type, [&](auto kind) {
        using T = decltype(kind);
        for (size_t k = 0; k < specials.size(); ++k) {
            const auto code = static_cast<uint8_t>(k + 1);
            if (std::isnan(specials[k])) {
                for (int64_t i = 0; i < n; ++i) {
                    const T value = load_sample<T>(samples, i);
                    if (value != value) codes[i] = code;
                }
                continue;
            }
            const auto special = static_cast<T>(specials[k]);
            for (int64_t i = 0; i < n; ++i) {
                if (load_sample<T>(samples, i) == special) codes[i] = code;
            }
        }
    });
}

const uint8_t* RowShape::samples(const uint8_t* row, int64_t width, int band) const {
    const auto slot = std::find(bands.begin(), bands.end(), band) - bands.begin();
    return row + slot * width * static_cast<int64_t>(sample_bytes(type));
}

void find_valid(const RowShape& shape, const uint8_t* row, int64_t width, const BandPlan& plan, int band,
                int64_t x, int64_t n, uint8_t* valid) {
    const int64_t at = x * static_cast<int64_t>(sample_bytes(shape.type));
    find_codes(shape.samples(row, width, band) + at, n, shape.type,
               plan.table.bands[static_cast<size_t>(band)].specials, valid);
    for (int64_t i = 0; i < n; ++i) valid[i] = valid[i] == 0;
    if (const uint8_t* mask = shape.mask_of(row, width)) {
        for (int64_t i = 0; i < n; ++i) valid[i] = valid[i] != 0 && mask[x + i] != 0;
    }
    if (plan.alpha < 0) return;
    const uint8_t* alpha = shape.samples(row, width, plan.alpha) + at;
    with_sample_type(shape.type, [&](auto kind) {
        using T = decltype(kind);
        for (int64_t i = 0; i < n; ++i) valid[i] = valid[i] != 0 && load_sample<T>(alpha, i) != T{};
    });
}

void RangeMeter::add_row(const RowShape& shape, const uint8_t* row, int64_t width, const BandPlan& plan,
                         int band) {
    valid_.resize(static_cast<size_t>(width));
    find_valid(shape, row, width, plan, band, 0, width, valid_.data());
    const uint8_t* samples = shape.samples(row, width, band);
    with_sample_type(shape.type, [&](auto kind) {
        using T = decltype(kind);
        for (int64_t x = 0; x < width; ++x) {
            const auto value = static_cast<double>(load_sample<T>(samples, x));
            if (!std::isfinite(value)) {
                const auto same = [value](double v) { return v == value || (v != v && value != value); };
                if (std::none_of(not_finite_.begin(), not_finite_.end(), same)) not_finite_.push_back(value);
            } else if (valid_[static_cast<size_t>(x)] != 0) {
                lo_ = seen_ ? std::min(lo_, value) : value;
                hi_ = seen_ ? std::max(hi_, value) : value;
                seen_ = true;
            }
        }
    });
}

void to_model_scale(const uint8_t* samples, int64_t n, DataType type, const BandInfo& info, float* out,
                    int64_t stride) {
    if (type == DataType::byte && info.lo == 0 && info.hi == 255) {
        for (int64_t i = 0; i < n; ++i) out[i * stride] = static_cast<float>(samples[i] - 128) * (1.0f / 128);
        return;
    }
    const double range = info.hi - info.lo;
    with_sample_type(type, [&](auto kind) {
        using T = decltype(kind);
        for (int64_t i = 0; i < n; ++i) {
            const double above = static_cast<double>(load_sample<T>(samples, i)) - info.lo;
            // Not a number fails both comparisons and becomes 0.
            const double part = range > 0 && above > 0 ? std::min(above / range, 1.0)
                                : range > 0            ? 0.0
                                                       : 128.0 / 255;
            out[i * stride] = static_cast<float>((part * 255 - 128) / 128);
        }
    });
}

}  // namespace nae
