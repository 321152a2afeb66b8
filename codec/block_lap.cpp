#include "codec/block_lap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "codec/cell_rows.h"
#include "codec/engine_kernels.h"
#include "codec/for_each.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

constexpr size_t kReach = kLapReach;

// Pairs around a border: the value of pair i before it lies at -(i + 1) * step, the one behind it at i * step.
void lap_pairs(const BlockLap& lap, int16_t* border, ptrdiff_t step) {
    std::array<int32_t, kReach> differences;
    for (size_t j = 0; j < kReach; ++j) {
        const auto at = static_cast<ptrdiff_t>(j) * step;
        differences[j] = border[-at - step] - border[at];
    }
    for (size_t i = 0; i < kReach; ++i) {
        int32_t sum = 1 << (kLapShift - 1);
        for (size_t j = 0; j < kReach; ++j) sum += lap.weights[i * kReach + j] * differences[j];
        const int32_t e = sum >> kLapShift;
        const auto at = static_cast<ptrdiff_t>(i) * step;
        int16_t &before = border[-at - step], &after = border[at];
        before = static_cast<int16_t>(std::clamp<int32_t>(before + e, -kLapLimit, kLapLimit));
        after = static_cast<int16_t>(std::clamp<int32_t>(after - e, -kLapLimit, kLapLimit));
    }
}

// The same for kAtOnce neighbouring values, or for the first `count` of so many, in real arithmetic. matrix: its element (i, j)
// is at i * row + j * column.
template <ptrdiff_t kAtOnce>
void lap_lines(const float* matrix, ptrdiff_t row, ptrdiff_t column, float* border, ptrdiff_t step,
               ptrdiff_t count) {
    float differences[kReach][kAtOnce];
    for (size_t j = 0; j < kReach; ++j) {
        const auto off = static_cast<ptrdiff_t>(j) * step;
        for (ptrdiff_t k = 0; k < count; ++k) differences[j][k] = border[k - off - step] - border[k + off];
    }
    for (size_t i = 0; i < kReach; ++i) {
        float sum[kAtOnce] = {};
        for (size_t j = 0; j < kReach; ++j) {
            const float w =
                0.5F * matrix[static_cast<ptrdiff_t>(i) * row + static_cast<ptrdiff_t>(j) * column];
            for (ptrdiff_t k = 0; k < kAtOnce; ++k) sum[k] += w * differences[j][k];
        }
        const auto off = static_cast<ptrdiff_t>(i) * step;
        for (ptrdiff_t k = 0; k < count; ++k) {
            border[k - off - step] += sum[k];
            border[k + off] -= sum[k];
        }
    }
}

}  // namespace

Status validate(const BlockLap& lap) {
    if (lap.empty()) return Status();
    if (lap.weights.size() != kLapWeights)
        return Status(ErrorCode::corrupt, cat(lap.weights.size(), " weights, expected ", kLapWeights));
    for (size_t i = 0; i < kReach; ++i) {
        int32_t sum = 0;
        for (size_t j = 0; j < kReach; ++j) sum += std::abs(int32_t{lap.weights[i * kReach + j]});
        if (sum > kMaxLapWeight)
            return Status(ErrorCode::corrupt, cat("row ", i, ": weights of ", sum, " in all"));
    }
    return Status();
}

std::vector<uint8_t> serialise_lap(const BlockLap& lap) {
    std::vector<uint8_t> out;
    for (const int16_t w : lap.weights) append_le(out, w);
    return out;
}

Result<BlockLap> parse_lap(ByteSpan bytes) {
    BlockLap lap;
    lap.weights.resize(kLapWeights);
    ByteReader reader(bytes);
    for (int16_t& w : lap.weights) NAE_RETURN_IF_ERROR(reader.read("weight", &w));
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return lap;
}

Status validate_analysis_lap(const AnalysisLap& lap) {
    if (lap.size() != kLapWeights)
        return Status(ErrorCode::corrupt, cat(lap.size(), " numbers, expected ", kLapWeights));
    if (!std::all_of(lap.begin(), lap.end(), [](float v) { return std::isfinite(v); }))
        return Status(ErrorCode::corrupt, "a number that is not finite");
    return Status();
}

std::vector<uint8_t> serialise_analysis_lap(const AnalysisLap& lap) {
    std::vector<uint8_t> out;
    for (const float v : lap) append_le_float(out, v);
    return out;
}

Result<AnalysisLap> parse_analysis_lap(ByteSpan bytes) {
    AnalysisLap lap(kLapWeights);
    ByteReader reader(bytes);
    for (float& v : lap) {
        ByteSpan number;
        NAE_RETURN_IF_ERROR(reader.read_span("number", sizeof(float), &number));
        v = load_le_float(number.data());
    }
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return lap;
}

void lap_floats_down(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t first_border,
                     ptrdiff_t h, ptrdiff_t w, ThreadPool* pool) {
    constexpr ptrdiff_t kAtOnce = 48;
    const ptrdiff_t row = transposed ? 1 : kLapReach, column = transposed ? kLapReach : 1;
    const ptrdiff_t line = kPixelChannels * w;
    const ptrdiff_t borders = std::max<ptrdiff_t>(0, h - kLapReach - first_border + kLapSide) / kLapSide;
    const auto lap_border = [&](int64_t i) {
        float* const border = pixels + (first_border + static_cast<ptrdiff_t>(i) * kLapSide) * line;
        for (ptrdiff_t first = 0; first < line; first += kAtOnce)
            lap_lines<kAtOnce>(matrix.data(), row, column, border + first, line,
                               std::min(kAtOnce, line - first));
        return Status();
    };
    static_cast<void>(for_each(pool, borders, lap_border));
}

void lap_floats_along(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t h, ptrdiff_t w,
                      ThreadPool* pool) {
    const ptrdiff_t row = transposed ? 1 : kLapReach, column = transposed ? kLapReach : 1;
    const ptrdiff_t line = kPixelChannels * w;
    const auto lap_rows = [&](int64_t i) {
        const ptrdiff_t top = static_cast<ptrdiff_t>(i) * kLapSide;
        for (ptrdiff_t y = top; y < std::min(top + kLapSide, h); ++y)
            for (ptrdiff_t x = kLapSide; x < w; x += kLapSide)
                lap_lines<kPixelChannels>(matrix.data(), row, column, pixels + y * line + kPixelChannels * x,
                                          kPixelChannels, kPixelChannels);
        return Status();
    };
    static_cast<void>(for_each(pool, (h + kLapSide - 1) / kLapSide, lap_rows));
}

void lap_floats(const AnalysisLap& matrix, bool transposed, float* pixels, ptrdiff_t h, ptrdiff_t w,
                ThreadPool* pool) {
    lap_floats_down(matrix, transposed, pixels, kLapSide, h, w, pool);
    lap_floats_along(matrix, transposed, pixels, h, w, pool);
}

AnalysisLap real_lap(const BlockLap& lap) {
    AnalysisLap out;
    for (const int16_t w : lap.weights) out.push_back(static_cast<float>(w) / (1 << (kLapShift - 1)));
    return out;
}

void lap_columns_scalar(const BlockLap& lap, int16_t* pixels, ptrdiff_t row, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; ++i) lap_pairs(lap, pixels + kLapReach * row + i, row);
}

void lap_scalar(const LapTask& t) {
    const int64_t values = kPixelChannels * t.w;
    for (int y = 0; y < t.h; ++y)
        for (int64_t i = 0; i < values; ++i)
            t.pixels[y * t.row + i] = std::clamp<int16_t>(t.pixels[y * t.row + i], -kLapLimit, kLapLimit);
    if (t.h == kLapSide) lap_columns_scalar(*t.lap, t.pixels, t.row, static_cast<ptrdiff_t>(values));
    for (int y = 0; y < t.h; ++y)
        for (int64_t x = t.first_border; x + kLapReach <= t.w; x += kLapSide)
            for (int c = 0; c < kPixelChannels; ++c)
                lap_pairs(*t.lap, t.pixels + y * t.row + kPixelChannels * x + c, kPixelChannels);
}

}  // namespace nae
