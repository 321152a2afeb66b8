// Running the two codecs on a picture in memory, and measuring what they made of it.
#ifndef NAE_VIEWER_CORE_CODEC_RUN_H_
#define NAE_VIEWER_CORE_CODEC_RUN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/emphasis.h"
#include "format/status.h"
#include "viewer/core/error_map.h"
#include "viewer/core/jpeg_codec.h"
#include "viewer/core/picture.h"

namespace nae {

// What one codec made of the original.
struct CodecOutcome {
    std::string codec;                    // "NAE", "JPEG"
    std::string settings;                 // "quality 75, effort 5, model photo"
    double quality = 0;                   // in the codec's own scale; 0 when not known
    uint64_t bytes = 0;                   // of the file, headers included
    double bpp = 0;                       // bits per pixel (not per sample)
    double psnr = 0;                      // dB, over all bands; infinity when lossless
    std::optional<double> ssim;           // none when the picture is smaller than SSIM's window
    std::optional<double> ms_ssim;        // none below 176 x 176
    std::optional<double> write_seconds;  // none when not measured
    double read_seconds = 0;
    Picture picture;
    ErrorMap error;             // absolute, against the original
    std::vector<uint8_t> file;  // the encoded file itself, when it was made here
};

struct NaeSettings {
    double quality = 75;
    int effort = 5;
    Tune tune = Tune::psnr;  // a file does not say how it was tuned
    std::string model;       // name or ID; "" for the driver's default
};

enum class JpegMatchMode { size, ssim, manual };
// "size", "ssim", "manual".
const char* jpeg_match_name(JpegMatchMode mode);
bool jpeg_match_of(const std::string& name, JpegMatchMode& mode);

struct JpegSettings {
    JpegMatchMode match = JpegMatchMode::size;
    double quality = 75;                   // for manual
    std::optional<ChromaSampling> chroma;  // none: the better of both, see run_jpeg()
};

// Fills in bpp, PSNR, SSIM, MS-SSIM and the error map. Error: invalid_argument when the shapes differ.
Status measure(const Picture& original, CodecOutcome& outcome);

// Encodes and decodes through the GDAL driver in memory, without measuring quality. Errors: unsupported when
// GDAL has no such driver, cancelled, the driver's own.
Result<CodecOutcome> run_nae(const Picture& original, const NaeSettings& settings, const GoOn& go_on = {});

// The same for JPEG. size and ssim take their targets from `target` (bytes, ssim). Without a given chroma
// sampling both are tried: of two within 2 % of the size the better PSNR stays, of two within 2 % of the SSIM
// the smaller file, else the nearer one; by hand it is 4:2:0, as cjpeg does.
Result<CodecOutcome> run_jpeg(const Picture& original, const JpegSettings& settings,
                              const CodecOutcome* target, const GoOn& go_on = {});

// A .nae file's quality, effort and model as its header says, and its size. Errors: those of its headers.
struct NaeFileFacts {
    NaeSettings settings;
    std::string model_name;
    uint64_t bytes = 0;
};
Result<NaeFileFacts> read_nae_facts(const std::string& path);

// "quality 75, effort 5, tuned for SSIM, model photo"
std::string nae_settings_text(const NaeSettings& settings);
std::string nae_settings_text(double quality, int effort, const std::string& model);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_CODEC_RUN_H_
