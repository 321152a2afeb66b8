#include "viewer/core/comparison.h"

#include <cpl_vsi.h>
#include <gdal_priv.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

#include "viewer/core/jpeg_codec.h"

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

Result<CodecOutcome> nae_outcome(const Picture& original, const std::string& nae_path, bool time_writing) {
    NAE_ASSIGN_OR_RETURN(const NaeFileFacts facts, read_nae_facts(nae_path));
    register_gdal_drivers();
    if (GetGDALDriverManager()->GetDriverByName("NAE") == nullptr)
        return Status(ErrorCode::unsupported,
                      nae_path + ": GDAL does not know NAE; GDAL_DRIVER_PATH must name gdal_NAE.so's folder");
    CodecOutcome outcome;
    outcome.codec = "NAE";
    outcome.quality = facts.settings.quality;
    outcome.settings = nae_settings_text(outcome.quality, facts.settings.effort, facts.model_name);
    outcome.bytes = facts.bytes;
    NAE_ASSIGN_OR_RETURN(outcome.picture, read_picture(nae_path));
    NAE_RETURN_IF_ERROR(measure(original, outcome));
    outcome.read_seconds = median_seconds_of([&] { static_cast<void>(read_picture(nae_path)); });
    if (time_writing) {
        // Without the encoder the file can still be compared: then there is no time.
        bool written = false;
        const double seconds = seconds_of([&] { written = run_nae(original, facts.settings).ok(); });
        if (written) outcome.write_seconds = seconds;
    }
    return outcome;
}

Result<CodecOutcome> timed_jpeg(const Picture& original, const JpegSettings& settings,
                                const CodecOutcome& nae) {
    NAE_ASSIGN_OR_RETURN(CodecOutcome outcome, run_jpeg(original, settings, &nae));
    NAE_RETURN_IF_ERROR(measure(original, outcome));
    outcome.read_seconds = median_seconds_of([&] { static_cast<void>(decode_jpeg(outcome.file)); });
    const ChromaSampling chroma =
        outcome.settings.find("4:2:0") == std::string::npos ? ChromaSampling::full : ChromaSampling::quarter;
    outcome.write_seconds =
        median_seconds_of([&] { static_cast<void>(encode_jpeg(original, outcome.quality, chroma)); });
    return outcome;
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

    NAE_ASSIGN_OR_RETURN(CodecOutcome nae, nae_outcome(comparison.original, nae_path, options.time_writing));
    comparison.codecs.push_back(std::move(nae));
    if (!options.jpeg) return comparison;
    NAE_ASSIGN_OR_RETURN(CodecOutcome jpeg,
                         timed_jpeg(comparison.original, *options.jpeg, comparison.codecs.front()));
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
    std::string csv = "codec,bytes,bpp,psnr_db,ssim,ms_ssim,write_seconds,read_seconds,settings\n";
    for (const CodecOutcome& codec : comparison.codecs) {
        csv += codec.codec + ',' + std::to_string(codec.bytes) + ',' + fixed_digits(codec.bpp, 5) + ',';
        csv += (std::isfinite(codec.psnr) ? fixed_digits(codec.psnr, 4) : "inf") + ',';
        csv += (codec.ssim ? fixed_digits(*codec.ssim, 6) : "") + ',';
        csv += (codec.ms_ssim ? fixed_digits(*codec.ms_ssim, 6) : "") + ',';
        csv += (codec.write_seconds ? fixed_digits(*codec.write_seconds, 6) : "") + ',';
        csv += (codec.read_seconds > 0 ? fixed_digits(codec.read_seconds, 6) : "") + ",\"" + codec.settings +
               "\"\n";
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
