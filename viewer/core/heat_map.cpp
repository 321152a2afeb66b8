#include "viewer/core/heat_map.h"

#include <algorithm>
#include <cmath>

#include "viewer/core/delta_e.h"
#include "viewer/core/ms_ssim.h"
#include "viewer/core/ssim.h"

namespace nae {
namespace {

struct KindText {
    const char* name;
    const char* title;
    const char* unit;
};

const KindText& text_of(HeatKind kind) {
    static const KindText texts[] = {{"ssim", "1 − SSIM", ""},
                                     {"ms-ssim", "1 − MS-SSIM", ""},
                                     {"absolute", "absolute difference", "gray levels"},
                                     {"signed", "signed difference", "gray levels"},
                                     {"squared", "squared error", "gray levels²"},
                                     {"delta-e", "colour difference ΔE₀₀", "ΔE"}};
    return texts[static_cast<size_t>(kind)];
}

Result<ErrorMap> ssim_heat(const Picture& a, const Picture& b, const std::function<bool(double)>& go_on) {
    ErrorMap heat;
    heat.width = a.width;
    heat.height = a.height;
    heat.values.assign(static_cast<size_t>(a.pixel_count()), 0.0f);
    constexpr int kBorder = kSsimWindow / 2;
    for (int band = 0; band < a.bands; ++band) {
        NAE_ASSIGN_OR_RETURN(const SsimMap map, ssim_map(a, b, band));
        size_t at = 0;
        for (int y = 0; y < heat.height; ++y) {
            const int map_y = std::clamp(y - kBorder, 0, map.height - 1);
            const double* row = map.values.data() + static_cast<ptrdiff_t>(map_y) * map.width;
            for (int x = 0; x < heat.width; ++x, ++at)
                heat.values[at] +=
                    static_cast<float>((1 - row[std::clamp(x - kBorder, 0, map.width - 1)]) / a.bands);
        }
        if (go_on && !go_on((band + 1.0) / a.bands)) return Status(ErrorCode::cancelled, "cancelled");
    }
    return heat;
}

// The value of one pixel for every kind but the two of SSIM.
float pixel_heat(HeatKind kind, const uint8_t* a, const uint8_t* b, int bands) {
    if (kind == HeatKind::delta_e) {
        if (std::equal(a, a + bands, b)) return 0;
        const int green = bands == 3 ? 1 : 0;
        const int blue = bands == 3 ? 2 : 0;
        return static_cast<float>(
            ciede2000(lab_of_srgb(a[0], a[green], a[blue]), lab_of_srgb(b[0], b[green], b[blue])));
    }
    int sum = 0;
    for (int band = 0; band < bands; ++band) {
        const int error = int{b[band]} - int{a[band]};
        sum += kind == HeatKind::signed_   ? error
               : kind == HeatKind::squared ? error * error
                                           : std::abs(error);
    }
    return static_cast<float>(sum) / static_cast<float>(bands);
}

}  // namespace

const char* heat_kind_name(HeatKind kind) { return text_of(kind).name; }
const char* heat_kind_title(HeatKind kind) { return text_of(kind).title; }
const char* heat_kind_unit(HeatKind kind) { return text_of(kind).unit; }

bool heat_kind_of(const std::string& name, HeatKind& kind) {
    for (const HeatKind each : kHeatKinds)
        if (name == heat_kind_name(each)) {
            kind = each;
            return true;
        }
    return false;
}

Result<ErrorMap> heat_map(HeatKind kind, const Picture& original, const Picture& coded,
                          const std::function<bool(double)>& go_on) {
    if (!original.same_shape(coded))
        return Status(ErrorCode::invalid_argument, "heatmap: the pictures differ in size or bands");
    if (kind == HeatKind::ssim) return ssim_heat(original, coded, go_on);
    if (kind == HeatKind::ms_ssim) return ms_ssim_heat(original, coded, go_on);
    ErrorMap heat;
    heat.width = original.width;
    heat.height = original.height;
    heat.values.reserve(static_cast<size_t>(original.pixel_count()));
    for (int y = 0; y < heat.height; ++y) {
        const uint8_t* a = original.row(y);
        const uint8_t* b = coded.row(y);
        for (int x = 0; x < heat.width; ++x, a += original.bands, b += original.bands)
            heat.values.push_back(pixel_heat(kind, a, b, original.bands));
        if (y % 64 == 63 && go_on && !go_on((y + 1.0) / heat.height))
            return Status(ErrorCode::cancelled, "cancelled");
    }
    return heat;
}

HeatRange automatic_range(HeatKind kind, const std::vector<const ErrorMap*>& maps) {
    double needed = 0;
    for (const ErrorMap* map : maps) {
        ErrorMap magnitudes;
        if (kind == HeatKind::signed_) {
            magnitudes = *map;
            for (float& value : magnitudes.values) value = std::abs(value);
            map = &magnitudes;
        }
        needed = std::max(needed, static_cast<double>(error_percentile(*map, 0.995)));
    }
    const double smallest = kind == HeatKind::ssim || kind == HeatKind::ms_ssim ? 0.001 : 1;
    needed = std::max(needed, smallest);
    const double power = std::pow(10.0, std::floor(std::log10(needed)));
    double end = 10 * power;
    for (const double factor : {8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0})
        if (factor * power >= needed * (1 - 1e-6)) end = factor * power;
    return {kind == HeatKind::signed_ ? -end : 0, end};
}

std::vector<Rgb> heat_palette(HeatKind kind, ColourMap colours) {
    constexpr int kColours = 1024;
    std::vector<Rgb> palette;
    palette.reserve(kColours);
    for (int i = 0; i < kColours; ++i) {
        const double t = i / (kColours - 1.0);
        palette.push_back(map_colour(kind == HeatKind::signed_ ? ColourMap::blue_red : colours, t));
    }
    return palette;
}

}  // namespace nae
