// Rate-distortion: both codecs over their quality range.
#ifndef NAE_VIEWER_CORE_RD_CURVE_H_
#define NAE_VIEWER_CORE_RD_CURVE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/codec_run.h"

namespace nae {

struct RdPoint {
    std::string codec;  // "NAE", "JPEG"
    double quality = 0;
    uint64_t bytes = 0;
    double bpp = 0;
    double psnr = 0;
    std::optional<double> ssim;
    std::optional<double> ms_ssim;
};

// The figures of an outcome without its pictures.
RdPoint rd_point(const CodecOutcome& outcome);

// Encodes at each quality and calls `found` with each point, JPEG's (4:2:0) first because they are there at
// once. `nae` gives effort and model. Errors: cancelled, those of run_nae() and run_jpeg().
Status run_rd_curve(const Picture& original, const NaeSettings& nae, const GoOn& go_on,
                    const std::function<void(const RdPoint&)>& found);

// One line per point, sorted by codec and quality, with a header line.
std::string rd_csv(std::vector<RdPoint> points);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_RD_CURVE_H_
