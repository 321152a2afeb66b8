// Heatmaps: where a codec's picture differs from the original, by several measures, and how to paint that.
#ifndef NAE_VIEWER_CORE_HEAT_MAP_H_
#define NAE_VIEWER_CORE_HEAT_MAP_H_

#include <functional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/error_map.h"
#include "viewer/core/picture.h"

namespace nae {

enum class HeatKind {
    ssim,      // 1 - SSIM of the window around each pixel, mean over the bands
    ms_ssim,   // the same over five scales (ms_ssim.h)
    absolute,  // absolute difference, mean over the bands, gray levels
    signed_,   // codec minus original, mean over the bands, gray levels
    squared,   // squared difference, mean over the bands
    delta_e,   // CIEDE2000
};

constexpr HeatKind kHeatKinds[] = {HeatKind::ssim,    HeatKind::ms_ssim, HeatKind::absolute,
                                   HeatKind::signed_, HeatKind::squared, HeatKind::delta_e};

// "ssim", "ms-ssim", "absolute", "signed", "squared", "delta-e": for the command line and the session file.
const char* heat_kind_name(HeatKind kind);
bool heat_kind_of(const std::string& name, HeatKind& kind);
// "1 − SSIM", "absolute difference": for people.
const char* heat_kind_title(HeatKind kind);
// "gray levels", "ΔE", "": for legends.
const char* heat_kind_unit(HeatKind kind);

// One value per pixel, larger is worse (in magnitude for signed_). SSIM's border of 5 pixels repeats the
// nearest value there is. `go_on` is called now and then with the fraction done; false cancels.
// Errors: invalid_argument when the shapes differ, or the picture is smaller than SSIM's window or than what MS-SSIM
// needs.
Result<ErrorMap> heat_map(HeatKind kind, const Picture& original, const Picture& coded,
                          const std::function<bool(double)>& go_on = {});

// What the colours span. signed_ is symmetric about 0.
struct HeatRange {
    double low = 0;
    double high = 1;
};

// One range for several maps of one kind, so that their colours can be compared: 0 (signed_: minus the end)
// to the largest of their 99.5 % points, rounded up to 1, 1.5, 2, 3, 4, 6 or 8 times a power of ten.
HeatRange automatic_range(HeatKind kind, const std::vector<const ErrorMap*>& maps);

// 1024 colours from low to high. signed_ always has a map of its own: blue below 0, red above, light at 0.
std::vector<Rgb> heat_palette(HeatKind kind, ColourMap colours);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_HEAT_MAP_H_
