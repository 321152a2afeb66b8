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
    Result<DecoderOptions> options = parse_open_options(info->papszOpenOptions, dataset->store_);
    if (!options.ok()) {
        report(options.status(), name);
        return nullptr;
    }
    options.value().on_damage = [self = dataset.get()](const Status& status) {
        const std::lock_guard<std::mutex> lock(self->damage_mutex_);
        self->damage_.push_back(status);
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
    dataset->decoder_ = std::move(decoder).value();
    dataset->publish(dataset->decoder_->header());

    // Side files (.aux.xml, .ovr) add to what the file says, and win where both speak.
    dataset->SetDescription(name.c_str());
    dataset->TryLoadXML(info->GetSiblingFiles());
    dataset->oOvManager.Initialize(dataset.get(), name.c_str(), info->GetSiblingFiles());
    return dataset.release();
}

std::unique_ptr<NaeDataset> NaeDataset::unreadable(const char* filename, int width, int height, int bands) {
    std::unique_ptr<NaeDataset> dataset(new NaeDataset());
    dataset->name_ = filename;
    dataset->nRasterXSize = width;
    dataset->nRasterYSize = height;
    dataset->mapped_ = map_metadata(Metadata(), bands);
    for (int i = 1; i <= bands; ++i) dataset->SetBand(i, new NaeBand(dataset.get(), i));
    dataset->nPamFlags |= GPF_NOSAVE;
    return dataset;
}

NaeDataset::~NaeDataset() { FlushCache(true); }

void NaeDataset::publish(const Header& header) {
    nRasterXSize = static_cast<int>(header.width);
    nRasterYSize = static_cast<int>(header.height);
    eAccess = GA_ReadOnly;
    block_size_ = header.tile_size_px;
    mapped_ = map_metadata(decoder_->metadata(), header.bands);
    control_points_.load(decoder_->metadata());

    CPLStringList structure;
    structure.SetNameValue("COMPRESSION", "NAE");
    structure.SetNameValue("INTERLEAVE", "PIXEL");
    structure.SetNameValue("COMPRESSION_REVERSIBILITY", "LOSSY");
    structure.SetNameValue("QUALITY", CPLSPrintf("%.10g", header.quality_centi / 100.0));
    structure.SetNameValue("MODEL", header.model_name.c_str());
    structure.SetNameValue("MODEL_ID", model_id_text(header.model_id).c_str());
    // Through GDALMajorObject: GDALPamDataset's own would take this for a change to be saved beside the file.
    GDALMajorObject::SetMetadata(structure.List(), "IMAGE_STRUCTURE");
    publish_domains(decoder_->metadata(), *this);
    for (int i = 1; i <= header.bands; ++i) SetBand(i, new NaeBand(this, i));
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

CPLErr NaeDataset::decode_window(int x, int y, int width, int height, const PixelTarget& target) {
    if (!decoder_)
        return report(Status(ErrorCode::unsupported, "was written to a stream and cannot be read back"),
                      name_);
    // What CPL_DEBUG=NAE shows, and what tests count.
    CPLDebug("NAE", "%s: decode %d,%d %dx%d", name_.c_str(), x, y, width, height);
    const Status status =
        decoder_->read_window(static_cast<uint32_t>(x), static_cast<uint32_t>(y),
                              static_cast<uint32_t>(width), static_cast<uint32_t>(height), target);
    std::vector<Status> damage;
    {
        const std::lock_guard<std::mutex> lock(damage_mutex_);
        damage.swap(damage_);
    }
    // Reported here rather than by the decoding threads: GDAL's error handlers belong to the calling thread.
    for (const Status& one : damage) report(one, name_, CE_Warning);
    return status.ok() ? CE_None : report(status, name_);
}

NaeBand::NaeBand(NaeDataset* dataset, int number) {
    poDS = dataset;
    nBand = number;
    eDataType = GDT_Byte;
    nRasterXSize = dataset->GetRasterXSize();
    nRasterYSize = dataset->GetRasterYSize();
    nBlockXSize = dataset->block_size_;
    nBlockYSize = dataset->block_size_;
    const std::string& description = dataset->mapped_.descriptions[static_cast<size_t>(number - 1)];
    if (!description.empty()) GDALMajorObject::SetDescription(description.c_str());
}

GDALColorInterp NaeBand::GetColorInterpretation() {
    const GDALColorInterp changed = GDALPamRasterBand::GetColorInterpretation();
    if (changed != GCI_Undefined) return changed;
    return dataset().mapped_.interpretations[static_cast<size_t>(nBand - 1)];
}

double NaeBand::GetNoDataValue(int* has_value) {
    int has = FALSE;
    double value = GDALPamRasterBand::GetNoDataValue(&has);
    if (!has && dataset().mapped_.nodata) {
        has = TRUE;
        value = *dataset().mapped_.nodata;
    }
    if (has_value != nullptr) *has_value = has;
    return value;
}

}  // namespace nae::gdal
