#include "viewer/core/comparison.h"

#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal_priv.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

#include "format/byte_source.h"
#include "format/file_layout.h"
#include "viewer/core/jpeg_codec.h"
#include "viewer/core/psnr.h"
#include "viewer/core/ssim.h"

namespace nae {
namespace {

constexpr int kTimedRuns = 5;

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median_seconds_of(const std::function<void()>& work) {
    std::vector<double> times;
    for (int run = 0; run < kTimedRuns; ++run) times.push_back(seconds_of(work));
    std::sort(times.begin(), times.end());
    return times[kTimedRuns / 2];
}

// Fills in what follows from the original, the codec's picture and the byte count.
Status measure(const Picture& original, CodecOutcome& outcome) {
    if (!original.same_shape(outcome.picture))
        return Status(ErrorCode::invalid_argument,
                      outcome.codec + ": " + std::to_string(outcome.picture.width) + "x" +
                          std::to_string(outcome.picture.height) + ", " +
                          std::to_string(outcome.picture.bands) + " bands, but the original is " +
                          std::to_string(original.width) + "x" + std::to_string(original.height) + ", " +
                          std::to_string(original.bands) + " bands");
    outcome.bpp = 8.0 * static_cast<double>(outcome.bytes) / static_cast<double>(original.pixel_count());
    NAE_ASSIGN_OR_RETURN(outcome.psnr, psnr(original, outcome.picture));
    Result<double> similarity = ssim(original, outcome.picture);
    if (similarity.ok()) outcome.ssim = similarity.value();
    NAE_ASSIGN_OR_RETURN(outcome.error, absolute_error_map(original, outcome.picture));
    return Status();
}

// Encodes through the GDAL driver into memory. Nothing when the driver or its encoder is not there.
std::optional<double> time_nae_writing(const std::string& original_path, const Header& header) {
    GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("NAE");
    if (driver == nullptr) return std::nullopt;
    const std::unique_ptr<GDALDataset, void (*)(GDALDataset*)> source(
        GDALDataset::Open(original_path.c_str(), GDAL_OF_RASTER),
        [](GDALDataset* dataset) { GDALClose(dataset); });
    if (!source) return std::nullopt;
    CPLStringList create_options;
    create_options.SetNameValue("QUALITY", fixed_digits(header.quality_centi / 100.0, 2).c_str());
    create_options.SetNameValue("MODEL", model_id_text(header.model_id).c_str());
    create_options.SetNameValue("EFFORT", std::to_string(header.effort).c_str());
    const char* target = "/vsimem/nae-compare-timing.nae";
    bool written = false;
    const double seconds = seconds_of([&] {
        GDALDataset* copy =
            driver->CreateCopy(target, source.get(), 0, create_options.List(), nullptr, nullptr);
        written = copy != nullptr;
        if (written) GDALClose(copy);
    });
    VSIUnlink(target);
    if (!written) return std::nullopt;
    return seconds;
}

Result<CodecOutcome> nae_outcome(const Picture& original, const std::string& original_path,
                                 const std::string& nae_path, bool time_writing) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(nae_path));
    NAE_ASSIGN_OR_RETURN(const FileLayout layout, read_layout(*source));
    const Header& header = layout.header;
    if (GetGDALDriverManager()->GetDriverByName("NAE") == nullptr)
        return Status(ErrorCode::unsupported,
                      nae_path + ": GDAL does not know NAE; GDAL_DRIVER_PATH must name gdal_NAE.so's folder");
    CodecOutcome outcome;
    outcome.codec = "NAE";
    char settings[160];
    std::snprintf(settings, sizeof(settings), "quality %g, effort %d, model %s", header.quality_centi / 100.0,
                  header.effort, header.model_name.c_str());
    outcome.settings = settings;
    outcome.bytes = source->size();
    NAE_ASSIGN_OR_RETURN(outcome.picture, read_picture(nae_path));
    NAE_RETURN_IF_ERROR(measure(original, outcome));
    outcome.read_seconds = median_seconds_of([&] { static_cast<void>(read_picture(nae_path)); });
    if (time_writing) outcome.write_seconds = time_nae_writing(original_path, header);
    return outcome;
}

Result<CodecOutcome> jpeg_outcome(const Picture& original, uint64_t target_bytes, ChromaSampling chroma) {
    NAE_ASSIGN_OR_RETURN(const JpegMatch match, encode_jpeg_of_size(original, target_bytes, chroma));
    CodecOutcome outcome;
    outcome.codec = "JPEG";
    outcome.settings = "quality " + std::to_string(match.quality);
    if (original.bands == 3) outcome.settings += chroma == ChromaSampling::full ? ", 4:4:4" : ", 4:2:0";
    outcome.bytes = match.bytes.size();
    NAE_ASSIGN_OR_RETURN(outcome.picture, decode_jpeg(match.bytes));
    NAE_RETURN_IF_ERROR(measure(original, outcome));
    outcome.read_seconds = median_seconds_of([&] { static_cast<void>(decode_jpeg(match.bytes)); });
    outcome.write_seconds =
        median_seconds_of([&] { static_cast<void>(encode_jpeg(original, match.quality, chroma)); });
    return outcome;
}

// Whether JPEG `a` is the fairer comparison than `b` at this size: the better picture if both hit the size
// within 2 %, else the one that comes nearer to it (4:4:4 may not get down to a size at all, 4:2:0 not up to
// it).
bool better_opponent(const CodecOutcome& a, const CodecOutcome& b, uint64_t wanted_bytes) {
    const auto miss = [&](const CodecOutcome& jpeg) {
        return std::abs(static_cast<double>(jpeg.bytes) / static_cast<double>(wanted_bytes) - 1);
    };
    if (miss(a) <= 0.02 && miss(b) <= 0.02) return a.psnr > b.psnr;
    return miss(a) < miss(b);
}

std::string seconds_text(const std::optional<double>& seconds) {
    return seconds ? fixed_digits(*seconds, 4) : std::string("-");
}

}  // namespace

Result<Comparison> compare_files(const std::string& original_path, const std::string& nae_path,
                                 const ComparisonOptions& options) {
    Comparison comparison;
    comparison.name = original_path.substr(original_path.find_last_of('/') + 1);
    NAE_ASSIGN_OR_RETURN(comparison.original, read_picture(original_path));
    VSIStatBufL info;
    if (VSIStatL(original_path.c_str(), &info) == 0)
        comparison.original_bytes = static_cast<uint64_t>(info.st_size);

    NAE_ASSIGN_OR_RETURN(CodecOutcome nae,
                         nae_outcome(comparison.original, original_path, nae_path, options.time_writing));
    const uint64_t nae_bytes = nae.bytes;
    comparison.codecs.push_back(std::move(nae));
    if (!options.jpeg_of_equal_size) return comparison;

    NAE_ASSIGN_OR_RETURN(CodecOutcome jpeg,
                         jpeg_outcome(comparison.original, nae_bytes, ChromaSampling::quarter));
    if (comparison.original.bands == 3) {
        NAE_ASSIGN_OR_RETURN(CodecOutcome full,
                             jpeg_outcome(comparison.original, nae_bytes, ChromaSampling::full));
        if (better_opponent(full, jpeg, nae_bytes)) jpeg = std::move(full);
    }
    comparison.codecs.push_back(std::move(jpeg));
    return comparison;
}

std::string comparison_table(const Comparison& comparison) {
    char line[256];
    std::snprintf(line, sizeof(line), "%-6s %12s %8s %9s %8s %9s %9s   %s\n", "codec", "bytes", "bpp",
                  "PSNR dB", "SSIM", "write s", "read s", "settings");
    std::string table = line;
    for (const CodecOutcome& codec : comparison.codecs) {
        std::snprintf(line, sizeof(line), "%-6s %12s %8.3f %9s %8s %9s %9.4f   %s\n", codec.codec.c_str(),
                      grouped_digits(codec.bytes).c_str(), codec.bpp, fixed_digits(codec.psnr, 2).c_str(),
                      codec.ssim ? fixed_digits(*codec.ssim, 4).c_str() : "-",
                      seconds_text(codec.write_seconds).c_str(), codec.read_seconds, codec.settings.c_str());
        table += line;
    }
    return table;
}

std::string comparison_csv(const Comparison& comparison) {
    std::string csv = "codec,bytes,bpp,psnr_db,ssim,write_seconds,read_seconds,settings\n";
    for (const CodecOutcome& codec : comparison.codecs) {
        csv += codec.codec + ',' + std::to_string(codec.bytes) + ',' + fixed_digits(codec.bpp, 5) + ',';
        csv += (std::isfinite(codec.psnr) ? fixed_digits(codec.psnr, 4) : "inf") + ',';
        csv += (codec.ssim ? fixed_digits(*codec.ssim, 6) : "") + ',';
        csv += (codec.write_seconds ? fixed_digits(*codec.write_seconds, 6) : "") + ',';
        csv += fixed_digits(codec.read_seconds, 6) + ",\"" + codec.settings + "\"\n";
    }
    return csv;
}

std::string grouped_digits(uint64_t number) {
    std::string digits = std::to_string(number);
    for (size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string fixed_digits(double value, int digits) {
    if (std::isinf(value)) return "lossless";
    char text[64];
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return text;
}

}  // namespace nae
