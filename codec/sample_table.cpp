// Compiled without contraction of a*b+c into one rounding (see CMakeLists.txt): every machine must get the same.
#include "codec/sample_table.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nae {

namespace {

bool is_special(const BandInfo& info, double sample) {
    return std::find(info.specials.begin(), info.specials.end(), sample) != info.specials.end();
}

double next_value(double value, DataType type, bool up) {
    if (type != DataType::float32) return value + (up ? 1 : -1);
    const float limit = std::numeric_limits<float>::infinity();
    return static_cast<double>(std::nextafter(static_cast<float>(value), up ? limit : -limit));
}

double away_from_specials(const BandInfo& info, DataType type, double sample) {
    if (!is_special(info, sample)) return sample;
    double above = sample, below = sample;
    while (above <= info.hi || below >= info.lo) {
        above = next_value(above, type, true);
        if (above <= info.hi && !is_special(info, above)) return above;
        below = next_value(below, type, false);
        if (below >= info.lo && !is_special(info, below)) return below;
    }
    return sample;
}

double scaled(const BandInfo& info, DataType type, int64_t u, int64_t d) {
    if (type != DataType::float32) {
        const auto lo = static_cast<int64_t>(info.lo), hi = static_cast<int64_t>(info.hi);
        return static_cast<double>(lo + (2 * (hi - lo) * u + d) / (2 * d));
    }
    const double range = info.hi - info.lo;
    const double product = range * static_cast<double>(u);
    const double quotient = product / static_cast<double>(d);
    const double value = static_cast<double>(static_cast<float>(info.lo + quotient));
    return std::clamp(value, info.lo, info.hi);
}

}  // namespace

SampleTable::SampleTable(const BandInfo& info, DataType type, int frac_bits, PlaneKind kind) {
    const int32_t channels = kind == PlaneKind::gray ? 3 : 1;
    offset_ = channels * (128 << frac_bits);
    last_ = channels * (255 << frac_bits);
    samples_.resize(static_cast<size_t>(last_) + 1);
    for (int32_t u = 0; u <= last_; ++u) {
        const double sample = away_from_specials(info, type, scaled(info, type, u, last_));
        samples_[static_cast<size_t>(u)] = sample_bits(sample, type);
    }
}

bool is_plain_range(const BandInfo& info, DataType type) {
    return type == DataType::byte && info.lo == 0 && info.hi == 255 && info.specials.empty();
}

}  // namespace nae
