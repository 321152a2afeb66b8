#include "plugins/gdal/nae_create_copy.h"

#include <cpl_error.h>

#include <memory>
#include <string>
#include <utility>

#include "codec/encoder.h"
#include "plugins/gdal/gdal_error.h"
#include "plugins/gdal/metadata_mapping.h"
#include "plugins/gdal/nae_dataset.h"
#include "plugins/gdal/nae_options.h"
#include "plugins/gdal/vsi_byte_sink.h"

namespace nae::gdal {

namespace {

// The caller's progress function. Reading a slow source and writing to a slow target may take longer than a user
// who has changed his mind should wait: wanted() asks there, too, at the fraction last reported.
class Progress {
  public:
    Progress(GDALProgressFunc function, void* data)
        : function_(function != nullptr ? function : GDALDummyProgress), data_(data) {}
    // False: the user wants to stop.
    bool report(double fraction) {
        fraction_ = fraction;
        return wanted();
    }
    // Once it has said no, the user is not asked again.
    bool wanted() {
        if (wanted_) wanted_ = function_(fraction_, nullptr, data_) != FALSE;
        return wanted_;
    }

  private:
    GDALProgressFunc function_;
    void* data_;
    double fraction_ = 0;
    bool wanted_ = true;
};

int CPL_STDCALL ask_while_reading(double, const char*, void* data) {
    return static_cast<Progress*>(data)->wanted() ? TRUE : FALSE;
}

// A GDAL dataset as rows of interleaved pixels.
class DatasetImageSource : public ImageSource {
  public:
    DatasetImageSource(GDALDataset& dataset, Progress& progress) : dataset_(dataset), progress_(progress) {}
    uint32_t width() const override { return static_cast<uint32_t>(dataset_.GetRasterXSize()); }
    uint32_t height() const override { return static_cast<uint32_t>(dataset_.GetRasterYSize()); }
    int bands() const override { return dataset_.GetRasterCount(); }

    Status read_rows(uint32_t y, uint32_t count, uint8_t* out) override {
        const int pixel = bands();
        const GSpacing line = static_cast<GSpacing>(width()) * pixel;
        GDALRasterIOExtraArg extra;
        INIT_RASTERIO_EXTRA_ARG(extra);
        extra.pfnProgress = ask_while_reading;
        extra.pProgressData = &progress_;
        CPLErrorReset();
        if (dataset_.RasterIO(GF_Read, 0, static_cast<int>(y), dataset_.GetRasterXSize(),
                              static_cast<int>(count), out, dataset_.GetRasterXSize(),
                              static_cast<int>(count), GDT_Byte, pixel, nullptr, pixel, line, 1,
                              &extra) == CE_None)
            return {};
        // The source's driver has usually said what is wrong: one error is enough.
        reported_ = CPLGetLastErrorType() == CE_Failure;
        return Status(ErrorCode::io, std::string(dataset_.GetDescription()) + ": cannot read rows " +
                                         std::to_string(y) + " to " + std::to_string(y + count - 1));
    }

    // True when a failed read has been reported to the user already.
    bool reported() const { return reported_; }

  private:
    GDALDataset& dataset_;
    Progress& progress_;
    bool reported_ = false;
};

Status unsupported(const std::string& what) { return Status(ErrorCode::unsupported, what); }

// What this version cannot store is refused with the way out, rather than stored wrongly.
Status check_source(GDALDataset& source) {
    const int bands = source.GetRasterCount();
    bool alpha = false;
    for (int i = 1; i <= bands; ++i)
        alpha = alpha || source.GetRasterBand(i)->GetColorInterpretation() == GCI_AlphaBand;
    if (bands == 2 || (bands == 4 && alpha))
        return unsupported(
            "the source has " + std::to_string(bands) + " bands" + (alpha ? " with alpha" : "") +
            ", and alpha is not supported yet: choose the bands to keep, as with gdal_translate " +
            (bands == 2 ? "-b 1" : "-b 1 -b 2 -b 3"));
    if (bands != 1 && bands != 3)
        return unsupported("the source has " + std::to_string(bands) +
                           " bands; supported are 1 (gray) and 3 (RGB)");
    for (int i = 1; i <= bands; ++i) {
        GDALRasterBand& band = *source.GetRasterBand(i);
        const GDALDataType type = band.GetRasterDataType();
        if (type != GDT_Byte)
            return unsupported("band " + std::to_string(i) + " has data type " + GDALGetDataTypeName(type) +
                               "; only Byte is supported, see gdal_translate -ot Byte -scale");
        const char* pixel_type = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
        if (pixel_type != nullptr && EQUAL(pixel_type, "SIGNEDBYTE"))
            return unsupported("band " + std::to_string(i) +
                               " has signed bytes; only unsigned ones are supported");
        if (band.GetColorTable() != nullptr)
            return unsupported(
                "the source has a palette, whose indices a lossy codec would scramble: expand it "
                "first, as with gdal_translate -expand rgb");
    }
    return {};
}

// A mask beside the pixels cannot be stored yet. Alpha and nodata have their own say.
Status check_mask(GDALDataset& source, const char* filename, bool strict) {
    const int flags = source.GetRasterBand(1)->GetMaskFlags();
    if ((flags & (GMF_ALL_VALID | GMF_ALPHA | GMF_NODATA)) != 0) return {};
    const Status status = unsupported("the source has a mask, which is not stored");
    if (strict) return status;
    report(status, filename, CE_Warning);
    return {};
}

Status write(const char* filename, const EncoderOptions& options, const Metadata& metadata,
             ImageSource& image, Progress& progress) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<VsiByteSink> sink,
                         VsiByteSink::create(filename, [&progress] { return progress.wanted(); }));
    NAE_RETURN_IF_ERROR(encode(options, image, metadata, *sink));
    return sink->commit();
}

}  // namespace

GDALDataset* create_copy(const char* filename, GDALDataset* source, int strict, CreateOptions options,
                         GDALProgressFunc progress, void* progress_data) {
    const auto failed = [filename](const Status& status) -> GDALDataset* {
        report(status, filename);
        return nullptr;
    };
    if (const Status status = check_source(*source); !status.ok()) return failed(status);
    std::unique_ptr<ModelStore> store;
    Result<EncoderOptions> encoder_options = parse_creation_options(options, store);
    if (!encoder_options.ok()) return failed(encoder_options.status());
    if (const Status status = check_mask(*source, filename, strict != FALSE); !status.ok())
        return failed(status);

    Progress watch(progress, progress_data);
    encoder_options.value().progress = [&watch](double done) { return watch.report(done); };
    if (!watch.report(0.0)) return failed(Status(ErrorCode::cancelled, "cancelled by the user"));
    DatasetImageSource image(*source, watch);
    const Metadata metadata = collect_metadata(*source, CPLFetchBool(options, "WRITE_METADATA", true));
    if (const Status status = write(filename, encoder_options.value(), metadata, image, watch);
        !status.ok()) {
        if (!image.reported()) report(status, filename);
        return nullptr;
    }

    // What has gone to standard output, or into an archive still open, cannot be read back: no reason to
    // fail.
    CPLErrorStateBackuper keep_errors;
    CPLPushErrorHandler(CPLQuietErrorHandler);
    GDALOpenInfo info(filename, GA_ReadOnly);
    std::unique_ptr<GDALDataset> written(NaeDataset::open(&info));
    CPLPopErrorHandler();
    if (!written)
        return NaeDataset::unreadable(filename, source->GetRasterXSize(), source->GetRasterYSize(),
                                      source->GetRasterCount())
            .release();
    // What the file itself does not hold goes into a side file, and only that.
    static_cast<NaeDataset*>(written.get())
        ->CloneInfo(source, GCIF_CATEGORYNAMES | GCIF_SCALEOFFSET | GCIF_UNITTYPE | GCIF_RAT |
                                GCIF_ONLY_IF_MISSING | GCIF_PROCESS_BANDS);
    return written.release();
}

}  // namespace nae::gdal
