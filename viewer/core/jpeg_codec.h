// JPEG through libjpeg-turbo, in memory: what NAE is compared with.
#ifndef NAE_VIEWER_CORE_JPEG_CODEC_H_
#define NAE_VIEWER_CORE_JPEG_CODEC_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "format/status.h"
#include "viewer/core/picture.h"

namespace nae {

enum class ChromaSampling {
    full,     // 4:4:4
    quarter,  // 4:2:0, libjpeg's default
};

// Baseline JPEG with optimised Huffman tables, the accurate integer DCT and no metadata: the smallest file
// libjpeg-turbo makes without progressive mode. `quality` 1..100: whole numbers give cjpeg's files; between
// them the quantisation tables are scaled in between, so that a size or an SSIM can be met closely. Gray
// pictures have no chroma.
Result<std::vector<uint8_t>> encode_jpeg(const Picture& picture, double quality, ChromaSampling chroma);

// Decodes with libjpeg-turbo's defaults ("fancy" chroma upsampling). Errors: corrupt, with the library's
// words.
Result<Picture> decode_jpeg(const std::vector<uint8_t>& bytes);

struct JpegMatch {
    double quality = 0;
    ChromaSampling chroma = ChromaSampling::quarter;
    std::vector<uint8_t> bytes;
};

// Called now and then with the fraction done; false cancels. May be empty.
using GoOn = std::function<bool(double)>;

// The quality whose file is nearest in size to `target_bytes`, found by bisection (size grows with quality).
// The smallest or largest file there is when the target lies outside. Error: cancelled.
Result<JpegMatch> encode_jpeg_of_size(const Picture& picture, uint64_t target_bytes, ChromaSampling chroma,
                                      const GoOn& go_on = {});

// The quality whose picture is nearest in SSIM to `target_ssim`, likewise. Errors: cancelled, and SSIM's own.
Result<JpegMatch> encode_jpeg_of_ssim(const Picture& picture, double target_ssim, ChromaSampling chroma,
                                      const GoOn& go_on = {});

}  // namespace nae

#endif  // NAE_VIEWER_CORE_JPEG_CODEC_H_
