#include "plugins/gdal/nae_dataset.h"

#include <cpl_conv.h>
#include <cpl_string.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "plugins/gdal/gdal_error.h"
#include "plugins/gdal/nae_driver_core.h"
#include "plugins/gdal/nae_options.h"
#include "plugins/gdal/vsi_byte_source.h"

namespace nae::gdal {

GDALDataset* NaeDataset::open(GDALOpenInfo* info) {
    if (!identify(info)) return nullptr;
    const std::string name = info->pszFilename;
    if (info->eAccess == GA_Update) {
        report(Status(ErrorCode::unsupported, "a .nae file cannot be updated in place"), name);
        return nullptr;
    }

    std::unique_ptr<NaeDataset> dataset(new NaeDataset());
    dataset->name_ = name;
    Result<DecoderOptions> options = parse_open_options(info->papszOpenOptions, dataset->file_->store);
    if (!options.ok()) {
        report(options.status(), name);
        return nullptr;
    }
    options.value().on_damage = [shared = dataset->file_.get()](const Status& status) {
        const std::lock_guard<std::mutex> lock(shared->damage_mutex);
        shared->damage.push_back(status);
    };

    VSILFILE* file = std::exchange(info->fpL, nullptr);
    auto source = VsiByteSource::adopt(file, name);
    if (!source.ok()) {
        report(source.status(), name);
        return nullptr;
    }
    auto decoder = Decoder::open_without_model(std::move(source).value(), options.value());
    if (!decoder.ok()) {
        report(decoder.status(), name);
        return nullptr;
    }
    dataset->file_->decoder = std::move(decoder).value();
    dataset->publish();

    // Side files (.aux.xml, .ovr) add to what the file says, and win where both speak.
    dataset->SetDescription(name.c_str());
    dataset->TryLoadXML(info->GetSiblingFiles());
    dataset->oOvManager.Initialize(dataset.get(), name.c_str(), info->GetSiblingFiles());
    return dataset.release();
}

GDALDataType gdal_type(DataType type) {
    switch (type) {
        case DataType::uint16:
            return GDT_UInt16;
        case DataType::int16:
            return GDT_Int16;
        case DataType::uint32:
            return GDT_UInt32;
        case DataType::int32:
            return GDT_Int32;
        case DataType::float32:
            return GDT_Float32;
        case DataType::byte:
            break;
    }
    return GDT_Byte;
}

NaeDataset::NaeDataset() : file_(std::make_shared<OpenFile>()) {}

std::unique_ptr<NaeDataset> NaeDataset::unreadable(const char* filename, int width, int height, DataType type,
                                                   const BandTable& bands) {
    std::unique_ptr<NaeDataset> dataset(new NaeDataset());
    dataset->name_ = filename;
    dataset->nRasterXSize = width;
    dataset->nRasterYSize = height;
    dataset->type_ = gdal_type(type);
    dataset->table_ = bands;
    dataset->mapped_ = map_metadata(Metadata(), bands);
    for (size_t i = 1; i <= bands.count(); ++i)
        dataset->SetBand(static_cast<int>(i), new NaeBand(dataset.get(), static_cast<int>(i)));
    dataset->nPamFlags |= GPF_NOSAVE;
    return dataset;
}

NaeDataset::~NaeDataset() { FlushCache(true); }

void NaeDataset::publish_level(int level) {
    const Header& header = file_->decoder->header();
    level_ = level;
    nRasterXSize = static_cast<int>(header.level_width(level));
    nRasterYSize = static_cast<int>(header.level_height(level));
    eAccess = GA_ReadOnly;
    block_size_ = header.tile_size_px;
    type_ = gdal_type(header.data_type);
    table_ = file_->decoder->bands();
    for (size_t i = 1; i <= table_.count(); ++i)
        SetBand(static_cast<int>(i), new NaeBand(this, static_cast<int>(i)));
    if (table_.mask() >= 0) mask_ = std::make_unique<NaeMaskBand>(this);
}

void NaeDataset::publish() {
    const Decoder& decoder = *file_->decoder;
    const Header& header = decoder.header();
    mapped_ = map_metadata(decoder.metadata(), decoder.bands());
    control_points_.load(decoder.metadata());
    publish_level(0);
    for (int level = 1; level < header.levels; ++level) {
        std::unique_ptr<NaeDataset> overview(new NaeDataset());
        overview->name_ = name_;
        overview->file_ = file_;
        overview->mapped_.bands = mapped_.bands;
        overview->nPamFlags |= GPF_NOSAVE;
        overview->publish_level(level);
        overviews_.push_back(std::move(overview));
    }

    CPLStringList structure;
    structure.SetNameValue("COMPRESSION", "NAE");
    structure.SetNameValue("INTERLEAVE", "PIXEL");
    structure.SetNameValue("COMPRESSION_REVERSIBILITY", "LOSSY");
    structure.SetNameValue("QUALITY", CPLSPrintf("%.10g", header.quality_centi / 100.0));
    structure.SetNameValue("MODEL", header.model_name.c_str());
    structure.SetNameValue("MODEL_ID", model_id_text(header.model_id).c_str());
    // Through GDALMajorObject: GDALPamDataset's own would take this for a change to be saved beside the file.
    GDALMajorObject::SetMetadata(structure.List(), "IMAGE_STRUCTURE");
    publish_domains(decoder.metadata(), *this);
}

bool NaeDataset::geo_transform(double* six) const {
    if (!mapped_.geo_transform) return false;
    std::copy(mapped_.geo_transform->begin(), mapped_.geo_transform->end(), six);
    return true;
}

const OGRSpatialReference* NaeDataset::GetSpatialRef() const {
    if (const OGRSpatialReference* changed = GDALPamDataset::GetSpatialRef()) return changed;
    return mapped_.srs.IsEmpty() ? nullptr : &mapped_.srs;
}

// As everywhere: a side file's points come before the file's own.
int NaeDataset::GetGCPCount() {
    const int changed = GDALPamDataset::GetGCPCount();
    return changed > 0 ? changed : control_points_.count();
}

const GDAL_GCP* NaeDataset::GetGCPs() {
    return GDALPamDataset::GetGCPCount() > 0 ? GDALPamDataset::GetGCPs() : control_points_.list();
}

const OGRSpatialReference* NaeDataset::GetGCPSpatialRef() const {
    if (const OGRSpatialReference* changed = GDALPamDataset::GetGCPSpatialRef()) return changed;
    return control_points_.srs();
}

CPLErr NaeDataset::reported(const Status& status) {
    std::vector<Status> damage;
    {
        const std::lock_guard<std::mutex> lock(file_->damage_mutex);
        damage.swap(file_->damage);
    }
    // Reported here rather than by the decoding threads: GDAL's error handlers belong to the calling thread.
    for (const Status& one : damage) report(one, name_, CE_Warning);
    return status.ok() ? CE_None : report(status, name_);
}

CPLErr NaeDataset::decode_window(int x, int y, int width, int height, const std::vector<int>& bands,
                                 const PixelTarget& target) {
    if (!file_->decoder)
        return report(Status(ErrorCode::unsupported, "was written to a stream and cannot be read back"),
                      name_);
    // What CPL_DEBUG=NAE shows, and what tests count.
    CPLDebug("NAE", "%s: decode %d,%d %dx%d", name_.c_str(), x, y, width, height);
    std::vector<int> from_zero;
    for (const int band : bands) from_zero.push_back(band - 1);
    const Window window{static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(width),
                        static_cast<uint32_t>(height), level_};
    return reported(file_->decoder->read(window, from_zero, target));
}

CPLErr NaeDataset::decode_mask(int x, int y, int width, int height, void* data, int row_stride) {
    const Window window{static_cast<uint32_t>(x), static_cast<uint32_t>(y), static_cast<uint32_t>(width),
                        static_cast<uint32_t>(height), level_};
    return reported(file_->decoder->read_mask(window, static_cast<uint8_t*>(data), row_stride));
}

NaeBand::NaeBand(NaeDataset* dataset, int number) {
    poDS = dataset;
    nBand = number;
    eDataType = dataset->type_;
    nRasterXSize = dataset->GetRasterXSize();
    nRasterYSize = dataset->GetRasterYSize();
    nBlockXSize = dataset->block_size_;
    nBlockYSize = dataset->block_size_;
    if (!mapped().description.empty()) GDALMajorObject::SetDescription(mapped().description.c_str());
    if (mapped().items.Count() > 0)
        GDALMajorObject::SetMetadata(const_cast<char**>(mapped().items.List()));  // copies
}

const BandMetadata& NaeBand::mapped() const {
    return dataset().mapped_.bands[static_cast<size_t>(nBand - 1)];
}

GDALColorInterp NaeBand::GetColorInterpretation() {
    const GDALColorInterp changed = GDALPamRasterBand::GetColorInterpretation();
    return changed != GCI_Undefined ? changed : mapped().interpretation;
}

namespace {

// A side file's value, else the file's own, else `fallback`.
double choose(int changed, double changed_value, const std::optional<double>& own, double fallback,
              int* has_value) {
    if (has_value != nullptr) *has_value = changed || own ? TRUE : FALSE;
    return changed ? changed_value : own.value_or(fallback);
}

}  // namespace

double NaeBand::GetNoDataValue(int* has_value) {
    int changed = FALSE;
    const double value = GDALPamRasterBand::GetNoDataValue(&changed);
    return choose(changed, value, mapped().nodata, value, has_value);
}

double NaeBand::GetScale(int* has_value) {
    int changed = FALSE;
    const double value = GDALPamRasterBand::GetScale(&changed);
    return choose(changed && value != 1, value, mapped().scale, 1, has_value);
}

double NaeBand::GetOffset(int* has_value) {
    int changed = FALSE;
    const double value = GDALPamRasterBand::GetOffset(&changed);
    return choose(changed && value != 0, value, mapped().offset, 0, has_value);
}

const char* NaeBand::GetUnitType() {
    const char* changed = GDALPamRasterBand::GetUnitType();
    return changed != nullptr && changed[0] != '\0' ? changed : mapped().unit.c_str();
}

char** NaeBand::GetCategoryNames() {
    if (char** changed = GDALPamRasterBand::GetCategoryNames()) return changed;
    return const_cast<char**>(mapped().categories.List());  // GDAL's interface lacks the const
}

CPLErr NaeBand::GetDefaultHistogram(double* lowest, double* highest, int* count, GUIntBig** counts, int force,
                                    GDALProgressFunc progress, void* progress_data) {
    const CPLErr changed =
        GDALPamRasterBand::GetDefaultHistogram(lowest, highest, count, counts, FALSE, nullptr, nullptr);
    if (changed == CE_None) return changed;
    if (!mapped().histogram)
        return GDALPamRasterBand::GetDefaultHistogram(lowest, highest, count, counts, force, progress,
                                                      progress_data);
    const Histogram& own = *mapped().histogram;
    *lowest = own.lowest;
    *highest = own.highest;
    *count = static_cast<int>(own.counts.size());
    *counts = static_cast<GUIntBig*>(CPLMalloc(own.counts.size() * sizeof(GUIntBig)));
    std::copy(own.counts.begin(), own.counts.end(), *counts);
    return CE_None;
}

int NaeBand::GetMaskFlags() {
    return dataset().mask_ != nullptr ? GMF_PER_DATASET : GDALPamRasterBand::GetMaskFlags();
}

GDALRasterBand* NaeBand::GetMaskBand() {
    return dataset().mask_ != nullptr ? dataset().mask_.get() : GDALPamRasterBand::GetMaskBand();
}

// Overviews in a side file have been made on purpose and come first.
int NaeBand::GetOverviewCount() {
    const int beside = GDALPamRasterBand::GetOverviewCount();
    return beside > 0 ? beside : static_cast<int>(dataset().overviews_.size());
}

GDALRasterBand* NaeBand::GetOverview(int index) {
    if (GDALPamRasterBand::GetOverviewCount() > 0) return GDALPamRasterBand::GetOverview(index);
    if (index < 0 || static_cast<size_t>(index) >= dataset().overviews_.size()) return nullptr;
    return dataset().overviews_[static_cast<size_t>(index)]->GetRasterBand(nBand);
}

NaeMaskBand::NaeMaskBand(NaeDataset* dataset) {
    poDS = dataset;
    nBand = 0;
    eDataType = GDT_Byte;
    nRasterXSize = dataset->GetRasterXSize();
    nRasterYSize = dataset->GetRasterYSize();
    nBlockXSize = dataset->block_size_;
    nBlockYSize = dataset->block_size_;
}

CPLErr NaeMaskBand::IReadBlock(int block_x, int block_y, void* data) {
    const int x = block_x * nBlockXSize, y = block_y * nBlockYSize;
    const int width = std::min(nBlockXSize, nRasterXSize - x);
    const int height = std::min(nBlockYSize, nRasterYSize - y);
    if (width < nBlockXSize || height < nBlockYSize)
        std::memset(data, 0, static_cast<size_t>(nBlockXSize) * static_cast<size_t>(nBlockYSize));
    return dataset().decode_mask(x, y, width, height, data, nBlockXSize);
}

int NaeMaskBand::GetOverviewCount() { return static_cast<int>(dataset().overviews_.size()); }

GDALRasterBand* NaeMaskBand::GetOverview(int index) {
    if (index < 0 || index >= GetOverviewCount()) return nullptr;
    return dataset().overviews_[static_cast<size_t>(index)]->mask_.get();
}

}  // namespace nae::gdal
