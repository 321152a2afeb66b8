#include "viewer/core/codec_run.h"

#include <cpl_string.h>
#include <cpl_vsi.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <memory>
#include <utility>

#include "format/byte_source.h"
#include "format/file_layout.h"
#include "viewer/core/gdal_access.h"
#include "viewer/core/ms_ssim.h"
#include "viewer/core/psnr.h"
#include "viewer/core/ssim.h"

namespace nae {
namespace {

std::string number_text(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.4g", value);
    return text;
}

int call_go_on(double fraction, const char*, void* user) {
    const GoOn& go_on = *static_cast<const GoOn*>(user);
    return !go_on || go_on(fraction) ? TRUE : FALSE;
}

// A file in GDAL's memory that goes away with this object.
class MemoryFile {
  public:
    MemoryFile() {
        static std::atomic<unsigned> next{0};
        path_ = "/vsimem/nae-viewer-" + std::to_string(next++) + ".nae";
    }
    ~MemoryFile() { VSIUnlink(path_.c_str()); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    const std::string& path() const { return path_; }

    std::vector<uint8_t> bytes() const {
        vsi_l_offset size = 0;
        const GByte* data = VSIGetMemFileBuffer(path_.c_str(), &size, FALSE);
        return data == nullptr ? std::vector<uint8_t>() : std::vector<uint8_t>(data, data + size);
    }

  private:
    std::string path_;
};

// A MEM dataset over the picture's own samples, which must outlive it and are not written.
DatasetPtr dataset_of(const Picture& picture) {
    GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
    if (memory == nullptr) return nullptr;
    DatasetPtr dataset(memory->Create("", picture.width, picture.height, 0, GDT_Byte, nullptr));
    for (int band = 0; dataset && band < picture.bands; ++band) {
        CPLStringList options;
        char address[64] = {};
        CPLPrintPointer(address, const_cast<uint8_t*>(picture.samples.data()) + band, sizeof(address) - 1);
        options.SetNameValue("DATAPOINTER", address);
        options.SetNameValue("PIXELOFFSET", std::to_string(picture.bands).c_str());
        options.SetNameValue("LINEOFFSET", std::to_string(picture.row_bytes()).c_str());
        if (dataset->AddBand(GDT_Byte, options.List()) != CE_None) return nullptr;
        const GDALColorInterp colours[] = {GCI_RedBand, GCI_GreenBand, GCI_BlueBand};
        dataset->GetRasterBand(band + 1)->SetColorInterpretation(picture.bands == 1 ? GCI_GrayIndex
                                                                                    : colours[band]);
    }
    return dataset;
}

std::string jpeg_settings_text(double quality, ChromaSampling chroma, int bands) {
    std::string text = "quality " + number_text(quality);
    if (bands == 3) text += chroma == ChromaSampling::full ? ", 4:4:4" : ", 4:2:0";
    return text;
}

Result<CodecOutcome> jpeg_outcome(const Picture& original, const JpegMatch& match) {
    CodecOutcome outcome;
    outcome.codec = "JPEG";
    outcome.quality = match.quality;
    outcome.settings = jpeg_settings_text(match.quality, match.chroma, original.bands);
    outcome.bytes = match.bytes.size();
    NAE_ASSIGN_OR_RETURN(outcome.picture, decode_jpeg(match.bytes));
    outcome.file = match.bytes;
    return outcome;
}

double relative_miss(double value, double target) { return std::abs(value / target - 1); }

}  // namespace

const char* jpeg_match_name(JpegMatchMode mode) {
    return mode == JpegMatchMode::size ? "size" : mode == JpegMatchMode::ssim ? "ssim" : "manual";
}

bool jpeg_match_of(const std::string& name, JpegMatchMode& mode) {
    for (const JpegMatchMode each : {JpegMatchMode::size, JpegMatchMode::ssim, JpegMatchMode::manual})
        if (name == jpeg_match_name(each)) {
            mode = each;
            return true;
        }
    return false;
}

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
    const Result<double> similarity = ssim(original, outcome.picture);
    if (similarity.ok()) outcome.ssim = similarity.value();
    const Result<double> scales = ms_ssim(original, outcome.picture);
    if (scales.ok()) outcome.ms_ssim = scales.value();
    NAE_ASSIGN_OR_RETURN(outcome.error, absolute_error_map(original, outcome.picture));
    return Status();
}

std::string nae_settings_text(const NaeSettings& settings) {
    std::string text =
        "quality " + number_text(settings.quality) + ", effort " + std::to_string(settings.effort);
    if (settings.tune == Tune::ssim) text += ", tuned for SSIM";
    if (!settings.model.empty()) text += ", model " + settings.model;
    return text;
}

std::string nae_settings_text(double quality, int effort, const std::string& model) {
    return nae_settings_text(NaeSettings{quality, effort, Tune::psnr, model});
}

Result<CodecOutcome> run_nae(const Picture& original, const NaeSettings& settings, const GoOn& go_on) {
    register_gdal_drivers();
    const QuietErrors quiet;
    GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("NAE");
    if (driver == nullptr)
        return Status(ErrorCode::unsupported,
                      "NAE cannot encode: GDAL does not find its driver; "
                      "GDAL_DRIVER_PATH must name gdal_NAE.so's folder");
    const DatasetPtr source = dataset_of(original);
    if (!source) return gdal_error("NAE", "the picture cannot be prepared");
    CPLStringList options;
    options.SetNameValue("QUALITY", number_text(settings.quality).c_str());
    options.SetNameValue("EFFORT", std::to_string(settings.effort).c_str());
    if (settings.tune == Tune::ssim) options.SetNameValue("TUNE", "SSIM");
    if (!settings.model.empty()) options.SetNameValue("MODEL", settings.model.c_str());
    const MemoryFile target;
    bool written = false;
    {
        GoOn callback = go_on;
        const DatasetPtr copy(driver->CreateCopy(target.path().c_str(), source.get(), FALSE, options.List(),
                                                 call_go_on, &callback));
        written = copy != nullptr;
    }
    if (!written && go_on && !go_on(1)) return Status(ErrorCode::cancelled, "cancelled");
    if (!written) {
        std::string words = CPLGetLastErrorMsg();
        // The file exists in memory only: its name would tell nobody anything.
        const std::string noise = target.path() + ": ";
        if (words.compare(0, noise.size(), noise) == 0) words.erase(0, noise.size());
        return Status(ErrorCode::io, "NAE cannot encode: " + words);
    }
    CodecOutcome outcome;
    outcome.codec = "NAE";
    outcome.quality = settings.quality;
    outcome.settings = nae_settings_text(settings);
    outcome.file = target.bytes();
    outcome.bytes = outcome.file.size();
    NAE_ASSIGN_OR_RETURN(outcome.picture, read_picture(target.path()));
    return outcome;
}

Result<CodecOutcome> run_jpeg(const Picture& original, const JpegSettings& settings,
                              const CodecOutcome* target, const GoOn& go_on) {
    if (settings.match == JpegMatchMode::manual || target == nullptr) {
        JpegMatch match;
        match.quality = settings.quality;
        match.chroma = settings.chroma.value_or(ChromaSampling::quarter);
        NAE_ASSIGN_OR_RETURN(match.bytes, encode_jpeg(original, match.quality, match.chroma));
        return jpeg_outcome(original, match);
    }
    const bool by_size = settings.match == JpegMatchMode::size;
    if (!by_size && !target->ssim)
        return Status(ErrorCode::invalid_argument,
                      "JPEG cannot be matched by SSIM: the picture is smaller "
                      "than SSIM's window of 11x11 pixels");
    const auto matched = [&](ChromaSampling chroma, double from, double to) -> Result<CodecOutcome> {
        const GoOn part = [&](double done) { return !go_on || go_on(from + (to - from) * done); };
        Result<JpegMatch> match = by_size ? encode_jpeg_of_size(original, target->bytes, chroma, part)
                                          : encode_jpeg_of_ssim(original, *target->ssim, chroma, part);
        if (!match.ok()) return match.status();
        NAE_ASSIGN_OR_RETURN(CodecOutcome outcome, jpeg_outcome(original, match.value()));
        NAE_RETURN_IF_ERROR(measure(original, outcome));
        return outcome;
    };
    if (original.bands == 1) return matched(ChromaSampling::full, 0, 1);
    if (settings.chroma) return matched(*settings.chroma, 0, 1);
    NAE_ASSIGN_OR_RETURN(CodecOutcome quarter, matched(ChromaSampling::quarter, 0, 0.5));
    NAE_ASSIGN_OR_RETURN(CodecOutcome full, matched(ChromaSampling::full, 0.5, 1));
    // 4:4:4 may not get down to a size at all, 4:2:0 not up to it.
    const auto miss = [&](const CodecOutcome& jpeg) {
        if (by_size)
            return relative_miss(static_cast<double>(jpeg.bytes), static_cast<double>(target->bytes));
        return relative_miss(1 - jpeg.ssim.value_or(0), std::max(1 - *target->ssim, 1e-9));
    };
    const bool both = miss(full) <= 0.02 && miss(quarter) <= 0.02;
    const bool take_full = !both     ? miss(full) < miss(quarter)
                           : by_size ? full.psnr > quarter.psnr
                                     : full.bytes < quarter.bytes;
    return take_full ? std::move(full) : std::move(quarter);
}

Result<NaeFileFacts> read_nae_facts(const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<FileSource> source, FileSource::open(path));
    NAE_ASSIGN_OR_RETURN(const FileLayout layout, read_layout(*source));
    NaeFileFacts facts;
    facts.settings.quality = layout.header.quality_centi / 100.0;
    facts.settings.effort = layout.header.effort;
    facts.settings.model = model_id_text(layout.header.model_id);
    facts.model_name = layout.header.model_name;
    facts.bytes = source->size();
    return facts;
}

}  // namespace nae
