#include "plugins/gdal/nae_create_copy.h"

#include <cpl_error.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "codec/encoder.h"
#include "plugins/gdal/dataset_image_source.h"
#include "plugins/gdal/gdal_error.h"
#include "plugins/gdal/metadata_mapping.h"
#include "plugins/gdal/nae_dataset.h"
#include "plugins/gdal/nae_options.h"
#include "plugins/gdal/progress.h"
#include "plugins/gdal/vsi_byte_sink.h"

namespace nae::gdal {

namespace {

Status write(const char* filename, const EncoderOptions& options, const std::optional<EncodeTarget>& target,
             const Metadata& metadata, ImageSource& image, Progress& progress) {
    NAE_ASSIGN_OR_RETURN(const std::unique_ptr<VsiByteSink> sink,
                         VsiByteSink::create(filename, [&progress] { return progress.wanted(); }));
    NAE_RETURN_IF_ERROR(target ? encode_to_target(options, *target, image, metadata, *sink)
                               : encode(options, image, metadata, *sink));
    return sink->commit();
}

}  // namespace

GDALDataset* create_copy(const char* filename, GDALDataset* source, int strict, CreateOptions options,
                         GDALProgressFunc progress, void* progress_data) {
    const auto failed = [filename](const Status& status) -> GDALDataset* {
        report(status, filename);
        return nullptr;
    };
    std::unique_ptr<ModelStore> store;
    Result<EncoderOptions> encoder_options = parse_creation_options(options, store);
    if (!encoder_options.ok()) return failed(encoder_options.status());
    const Result<std::optional<EncodeTarget>> target = parse_target(options, *source);
    if (!target.ok()) return failed(target.status());
    const Result<Overviews> overviews = parse_overviews(options, *source, encoder_options.value().tile_size);
    if (!overviews.ok()) return failed(overviews.status());
    encoder_options.value().levels = overviews.value().levels;
    Progress watch(progress, progress_data);
    encoder_options.value().progress = [&watch](double done) { return watch.report(done); };
    auto created =
        DatasetImageSource::create(*source, watch, strict != FALSE,
                                   CPLFetchBool(options, "LOSSLESS_ALPHA", true), overviews.value().options);
    if (!created.ok()) return failed(created.status());
    DatasetImageSource& image = *created.value();

    if (!watch.report(0.0)) return failed(Status(ErrorCode::cancelled, "cancelled by the user"));
    const BandTable table = image.plan().table;
    const Metadata metadata = collect_metadata(*source, image.expanded() ? nullptr : &table,
                                               CPLFetchBool(options, "WRITE_METADATA", true));
    if (const Status status =
            write(filename, encoder_options.value(), target.value(), metadata, image, watch);
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
                                      image.data_type(), table)
            .release();
    // What the file itself does not hold goes into a side file, and only that.
    if (!image.expanded())
        static_cast<NaeDataset*>(written.get())
            ->CloneInfo(source, GCIF_RAT | GCIF_ONLY_IF_MISSING | GCIF_PROCESS_BANDS);
    return written.release();
}

}  // namespace nae::gdal
