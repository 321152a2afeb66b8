#include "codec/restoration_filter.h"

#include <algorithm>
#include <cstdlib>

#include "codec/gains.h"
#include "format/little_endian.h"
#include "format/text.h"

namespace nae {
namespace {

// Whether one of two opposite directions stands out: a ratio of more than 3 : 2.
bool stands_out(int64_t high, int64_t low) { return 2 * high > 3 * low; }

}  // namespace

const RestorationSet& RestorationFilter::at(int quality_centi) const {
    return sets[nearest_set(sets.size(), quality_centi)];
}

int restoration_class(const RestorationSet& set, const BlockActivity& activity) {
    const auto [horizontal, vertical, falling, rising] = activity;
    int direction = 0;
    const int64_t straight_high = std::max(horizontal, vertical),
                  straight_low = std::min(horizontal, vertical);
    const int64_t diagonal_high = std::max(falling, rising), diagonal_low = std::min(falling, rising);
    // The larger ratio decides, compared without division.
    if (straight_high * diagonal_low >= diagonal_high * straight_low) {
        if (stands_out(straight_high, straight_low)) direction = horizontal > vertical ? 1 : 2;
    } else if (stands_out(diagonal_high, diagonal_low)) {
        direction = falling > rising ? 3 : 4;
    }
    const auto sum = static_cast<uint32_t>(horizontal + vertical);
    const auto above = std::upper_bound(set.thresholds.begin(), set.thresholds.end(), sum);
    return static_cast<int>(above - set.thresholds.begin()) * kRestorationDirections + direction;
}

Status validate(const RestorationFilter& f, int output_frac_bits) {
    if (f.empty()) return Status();
    const auto corrupt = [](const std::string& message) { return Status(ErrorCode::corrupt, message); };
    if (output_frac_bits < kMinRestorationFracBits || output_frac_bits > kMaxRestorationFracBits)
        return corrupt(cat("a filter for values of ", output_frac_bits, " fraction bits"));
    if (f.sets.size() > kMaxAnchors) return corrupt(cat(f.sets.size(), " sets"));
    if (f.activities < 1 || f.activities > kMaxRestorationActivities)
        return corrupt(cat(f.activities, " levels of activity"));
    for (size_t s = 0; s < f.sets.size(); ++s) {
        const RestorationSet& set = f.sets[s];
        if (set.clip < 1) return corrupt(cat("set ", s, ": clip: ", set.clip));
        if (set.thresholds.size() + 1 != static_cast<size_t>(f.activities) ||
            set.taps.size() != static_cast<size_t>(f.activities * kRestorationDirections))
            return corrupt(cat("set ", s, ": wrong number of classes"));
        if (!std::is_sorted(set.thresholds.begin(), set.thresholds.end()))
            return corrupt(cat("set ", s, ": thresholds are not in ascending order"));
        for (size_t c = 0; c < set.taps.size(); ++c) {
            int32_t sum = 0;
            for (const RestorationTap& tap : set.taps[c]) sum += std::abs(tap.linear) + std::abs(tap.clipped);
            if (sum > kMaxRestorationWeight)
                return corrupt(cat("set ", s, ", class ", c, ": weights of ", sum, " in all"));
        }
    }
    return Status();
}

std::vector<uint8_t> serialise_restoration(const RestorationFilter& filter) {
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint8_t>(filter.sets.size()));
    append_le(out, static_cast<uint8_t>(filter.activities));
    for (const RestorationSet& set : filter.sets) {
        append_le(out, set.clip);
        for (const uint32_t t : set.thresholds) append_le(out, t);
        for (const RestorationTaps& taps : set.taps) {
            for (const RestorationTap& tap : taps) {
                append_le(out, tap.linear);
                append_le(out, tap.clipped);
            }
        }
    }
    return out;
}

Result<RestorationFilter> parse_restoration(ByteSpan bytes) {
    RestorationFilter filter;
    ByteReader reader(bytes);
    uint8_t sets = 0, activities = 0;
    NAE_RETURN_IF_ERROR(reader.read("number of sets", &sets));
    NAE_RETURN_IF_ERROR(reader.read("levels of activity", &activities));
    if (sets == 0) return Status(ErrorCode::corrupt, "no sets");
    if (activities < 1 || activities > kMaxRestorationActivities)
        return Status(ErrorCode::corrupt, cat(int{activities}, " levels of activity"));
    filter.activities = activities;
    filter.sets.resize(sets);
    for (RestorationSet& set : filter.sets) {
        NAE_RETURN_IF_ERROR(reader.read("clip", &set.clip));
        set.thresholds.resize(static_cast<size_t>(activities) - 1);
        for (uint32_t& t : set.thresholds) NAE_RETURN_IF_ERROR(reader.read("threshold", &t));
        set.taps.resize(static_cast<size_t>(activities) * kRestorationDirections);
        for (RestorationTaps& taps : set.taps) {
            for (RestorationTap& tap : taps) {
                NAE_RETURN_IF_ERROR(reader.read("weight", &tap.linear));
                NAE_RETURN_IF_ERROR(reader.read("weight", &tap.clipped));
            }
        }
    }
    NAE_RETURN_IF_ERROR(reader.expect_end());
    return filter;
}

}  // namespace nae
