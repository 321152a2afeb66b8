#include "viewer/core/rd_curve.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "viewer/core/comparison.h"

namespace nae {
namespace {

constexpr double kJpegQualities[] = {5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98};
constexpr double kNaeQualities[] = {1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100};

}  // namespace

RdPoint rd_point(const CodecOutcome& outcome) {
    return {outcome.codec, outcome.quality, outcome.bytes,  outcome.bpp,
            outcome.psnr,  outcome.ssim,    outcome.ms_ssim};
}

Status run_rd_curve(const Picture& original, const NaeSettings& nae, const GoOn& go_on,
                    const std::function<void(const RdPoint&)>& found) {
    constexpr double kJpegShare = 0.15;  // of the time, roughly
    double done = 0;
    for (const double quality : kJpegQualities) {
        JpegSettings settings;
        settings.match = JpegMatchMode::manual;
        settings.quality = quality;
        NAE_ASSIGN_OR_RETURN(CodecOutcome outcome, run_jpeg(original, settings, nullptr));
        NAE_RETURN_IF_ERROR(measure(original, outcome));
        found(rd_point(outcome));
        done += kJpegShare / static_cast<double>(std::size(kJpegQualities));
        if (go_on && !go_on(done)) return Status(ErrorCode::cancelled, "cancelled");
    }
    for (const double quality : kNaeQualities) {
        NaeSettings settings = nae;
        settings.quality = quality;
        const double share = (1 - kJpegShare) / static_cast<double>(std::size(kNaeQualities));
        const GoOn part = [&](double fraction) { return !go_on || go_on(done + share * fraction); };
        NAE_ASSIGN_OR_RETURN(CodecOutcome outcome, run_nae(original, settings, part));
        NAE_RETURN_IF_ERROR(measure(original, outcome));
        found(rd_point(outcome));
        done += share;
        if (go_on && !go_on(done)) return Status(ErrorCode::cancelled, "cancelled");
    }
    return Status();
}

std::string rd_csv(std::vector<RdPoint> points) {
    std::stable_sort(points.begin(), points.end(), [](const RdPoint& a, const RdPoint& b) {
        return std::tie(a.codec, a.quality) < std::tie(b.codec, b.quality);
    });
    std::string csv = "codec,quality,bytes,bpp,psnr_db,ssim,ms_ssim\n";
    for (const RdPoint& point : points) {
        csv += point.codec + ',' + fixed_digits(point.quality, 2) + ',' + std::to_string(point.bytes) + ',' +
               fixed_digits(point.bpp, 5) + ',';
        csv += (std::isfinite(point.psnr) ? fixed_digits(point.psnr, 4) : "inf") + ',';
        csv += (point.ssim ? fixed_digits(*point.ssim, 6) : "") + ',';
        csv += (point.ms_ssim ? fixed_digits(*point.ms_ssim, 6) : "") + '\n';
    }
    return csv;
}

}  // namespace nae
