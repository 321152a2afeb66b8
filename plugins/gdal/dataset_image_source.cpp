#include "plugins/gdal/dataset_image_source.h"

#include <cpl_error.h>

#include <algorithm>
#include <utility>

#include "plugins/gdal/gdal_error.h"

namespace nae::gdal {

namespace {

Status unsupported(const std::string& what) { return Status(ErrorCode::unsupported, what); }

std::optional<DataType> data_type_of(GDALRasterBand& band) {
    switch (band.GetRasterDataType()) {
        case GDT_Byte:
            return DataType::byte;
        case GDT_UInt16:
            return DataType::uint16;
        case GDT_Int16:
            return DataType::int16;
        case GDT_UInt32:
            return DataType::uint32;
        case GDT_Int32:
            return DataType::int32;
        case GDT_Float32:
            return DataType::float32;
        default:
            return std::nullopt;
    }
}

GDALDataType gdal_type_of(DataType type) {
    constexpr GDALDataType kTypes[] = {GDT_Byte, GDT_UInt16, GDT_Int16, GDT_UInt32, GDT_Int32, GDT_Float32};
    return kTypes[static_cast<size_t>(type) - 1];
}

Status check_type(GDALDataset& dataset) {
    const std::optional<DataType> first = data_type_of(*dataset.GetRasterBand(1));
    for (int i = 1; i <= dataset.GetRasterCount(); ++i) {
        GDALRasterBand& band = *dataset.GetRasterBand(i);
        const std::string name = "band " + std::to_string(i);
        const char* type = GDALGetDataTypeName(band.GetRasterDataType());
        const char* pixel_type = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
        if (pixel_type != nullptr && EQUAL(pixel_type, "SIGNEDBYTE"))
            return unsupported(name +
                               " has signed bytes, which are not supported; see gdal_translate -ot Int16");
        const std::optional<DataType> own = data_type_of(band);
        if (!own)
            return unsupported(name + " has data type " + type +
                               "; supported are Byte, UInt16, Int16, UInt32, Int32 and Float32, see "
                               "gdal_translate -ot");
        if (own != first)
            return unsupported(name + " has data type " + type + ", band 1 " +
                               GDALGetDataTypeName(dataset.GetRasterBand(1)->GetRasterDataType()) +
                               "; all bands must have the same, see gdal_translate -ot");
    }
    return {};
}

// Red, green and blue, if there is one band of each.
std::vector<int> find_rgb(GDALDataset& dataset, DataType type, int alpha) {
    std::vector<int> rgb = {-1, -1, -1};
    bool repeated = false;
    for (int i = 0; i < dataset.GetRasterCount(); ++i) {
        const int channel = dataset.GetRasterBand(i + 1)->GetColorInterpretation() - GCI_RedBand;
        if (channel < 0 || channel > 2) continue;
        repeated = repeated || rgb[static_cast<size_t>(channel)] >= 0;
        rgb[static_cast<size_t>(channel)] = i;
    }
    if (!repeated && std::count(rgb.begin(), rgb.end(), -1) == 0) return rgb;
    // Three bands of bytes about which nothing else is known are taken for a picture.
    if (dataset.GetRasterCount() == 3 && type == DataType::byte && alpha < 0) return {0, 1, 2};
    return {};
}

int find_alpha(GDALDataset& dataset) {
    for (int i = 0; i < dataset.GetRasterCount(); ++i)
        if (dataset.GetRasterBand(i + 1)->GetColorInterpretation() == GCI_AlphaBand) return i;
    return -1;
}

}  // namespace

Result<std::unique_ptr<DatasetImageSource>> DatasetImageSource::create(GDALDataset& dataset,
                                                                       Progress& progress, bool strict,
                                                                       bool lossless_alpha,
                                                                       OverviewOptions overviews) {
    std::unique_ptr<DatasetImageSource> image(
        new DatasetImageSource(dataset, progress, static_cast<uint32_t>(dataset.GetRasterXSize()),
                               static_cast<uint32_t>(dataset.GetRasterYSize())));
    if (dataset.GetRasterCount() == 0) return unsupported("the source has no bands");
    image->overviews_ = overviews;
    NAE_RETURN_IF_ERROR(image->set_up(strict, lossless_alpha));
    return image;
}

Status DatasetImageSource::set_up(bool strict, bool lossless_alpha) {
    NAE_RETURN_IF_ERROR(check_type(dataset_));
    bands_ = dataset_.GetRasterCount();
    type_ = *data_type_of(*dataset_.GetRasterBand(1));
    for (int i = 1; i <= bands_; ++i) {
        if (dataset_.GetRasterBand(i)->GetColorTable() == nullptr) continue;
        const char* scrambled = "the source has a palette, whose indices a lossy codec would scramble";
        if (strict || bands_ != 1 || type_ != DataType::byte)
            return unsupported(std::string(scrambled) +
                               ": expand it first, as with gdal_translate -expand rgb");
        return use_palette(*dataset_.GetRasterBand(i));
    }
    const int flags = dataset_.GetRasterBand(1)->GetMaskFlags();
    const bool derived = (flags & (GMF_ALL_VALID | GMF_ALPHA | GMF_NODATA)) != 0;
    const bool mask = !derived && (flags & GMF_PER_DATASET) != 0;
    if (!derived && !mask) {
        const char* masked = "the source has masks of single bands, which are not stored";
        if (strict) return unsupported(masked);
        CPLError(CE_Warning, CPLE_NotSupported, "%s: %s", dataset_.GetDescription(), masked);
    }
    const int alpha = lossless_alpha ? find_alpha(dataset_) : -1;
    plan_ = make_band_plan(bands_, type_, find_rgb(dataset_, type_, alpha), alpha, mask);
    for (int i = 0; i < bands_; ++i) {
        int has = FALSE;
        const double nodata = dataset_.GetRasterBand(i + 1)->GetNoDataValue(&has);
        if (has) add_special(plan_, type_, i, nodata);
    }
    return {};
}

Status DatasetImageSource::use_palette(GDALRasterBand& band) {
    const GDALColorTable& table = *band.GetColorTable();
    palette_.assign(size_t{256} * 4, 0);
    bool alpha = false;
    for (int i = 0; i < std::min(table.GetColorEntryCount(), 256); ++i) {
        GDALColorEntry entry;
        table.GetColorEntryAsRGB(i, &entry);
        const short values[] = {entry.c1, entry.c2, entry.c3, entry.c4};
        for (size_t c = 0; c < 4; ++c)
            palette_[static_cast<size_t>(i) * 4 + c] =
                static_cast<uint8_t>(std::clamp<int>(values[c], 0, 255));
        alpha = alpha || entry.c4 < 255;
    }
    int has = FALSE;
    const double nodata = band.GetNoDataValue(&has);
    if (has && nodata >= 0 && nodata <= 255) {
        palette_[static_cast<size_t>(nodata) * 4 + 3] = 0;
        alpha = true;
    }
    bands_ = alpha ? 4 : 3;
    plan_ = make_band_plan(bands_, type_, {0, 1, 2}, alpha ? 3 : -1, false);
    return {};
}

GDALRasterBand* DatasetImageSource::source_band(int number) const {
    GDALRasterBand* band = dataset_.GetRasterBand(std::max(number, 1));
    if (overview_) band = band->GetOverview(*overview_);
    return number == 0 && band != nullptr ? band->GetMaskBand() : band;
}

Status DatasetImageSource::cannot_read(uint32_t y, uint32_t count) {
    // The source's driver has usually said what is wrong: one error is enough.
    reported_ = CPLGetLastErrorType() == CE_Failure;
    return Status(ErrorCode::io, std::string(dataset_.GetDescription()) + ": cannot read rows " +
                                     std::to_string(y) + " to " + std::to_string(y + count - 1));
}

Status DatasetImageSource::read_samples(uint32_t y, uint32_t count, const std::vector<int>& bands,
                                        GDALDataType type, uint8_t* out) {
    const int size = GDALGetDataTypeSizeBytes(type), w = static_cast<int>(width_),
              h = static_cast<int>(count);
    const GSpacing band_space = static_cast<GSpacing>(width_) * size;
    const GSpacing line_space = band_space * static_cast<GSpacing>(bands.size());
    CPLErrorReset();
    const bool full_size = static_cast<int>(width_) == dataset_.GetRasterXSize() &&
                           static_cast<int>(height_) == dataset_.GetRasterYSize();
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    extra.pfnProgress = ask_while_reading;
    extra.pProgressData = &progress_;
    if (overview_ || bands.front() == 0) {
        for (size_t i = 0; i < bands.size(); ++i) {
            GDALRasterBand* band = source_band(bands[i]);
            if (band == nullptr || band->RasterIO(GF_Read, 0, static_cast<int>(y), w, h,
                                                  out + static_cast<GSpacing>(i) * band_space, w, h, type,
                                                  size, line_space, &extra) != CE_None)
                return cannot_read(y, count);
        }
        return {};
    }
    int first = static_cast<int>(y), rows = h;
    if (!full_size) {
        // A level that is resampled from the whole: the exact window, in fractions of pixels.
        extra.eResampleAlg = *overviews_.resampling;
        extra.bFloatingPointWindowValidity = TRUE;
        const double ratio = dataset_.GetRasterYSize() / static_cast<double>(height_);
        extra.dfXOff = 0;
        extra.dfXSize = dataset_.GetRasterXSize();
        extra.dfYOff = y * ratio;
        extra.dfYSize = count * ratio;
        first = static_cast<int>(extra.dfYOff);
        rows = std::clamp(static_cast<int>(extra.dfYOff + extra.dfYSize + 0.999) - first, 1,
                          dataset_.GetRasterYSize() - first);
    }
    if (dataset_.RasterIO(GF_Read, 0, first, dataset_.GetRasterXSize(), rows, out, w, h, type,
                          static_cast<int>(bands.size()), const_cast<int*>(bands.data()), size, line_space,
                          band_space, &extra) != CE_None)
        return cannot_read(y, count);
    return {};
}

Status DatasetImageSource::read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands,
                                     uint8_t* out) {
    if (!expanded()) {
        std::vector<int> numbers;
        for (const int band : bands) numbers.push_back(band + 1);
        return read_samples(y, count, numbers, gdal_type_of(type_), out);
    }
    std::vector<uint8_t> indices(size_t{width_} * count);
    NAE_RETURN_IF_ERROR(read_samples(y, count, {1}, GDT_Byte, indices.data()));
    for (uint32_t row = 0; row < count; ++row) {
        const uint8_t* in = indices.data() + size_t{row} * width_;
        for (const int band : bands) {
            for (uint32_t x = 0; x < width_; ++x)
                *out++ = palette_[size_t{in[x]} * 4 + static_cast<size_t>(band)];
        }
    }
    return {};
}

Status DatasetImageSource::read_mask(uint32_t y, uint32_t count, uint8_t* out) {
    return read_samples(y, count, {0}, GDT_Byte, out);
}

ImageSource* DatasetImageSource::level(int number) {
    if (const auto known = levels_.find(number); known != levels_.end()) return known->second.get();
    std::unique_ptr<DatasetImageSource>& slot = levels_[number];
    const uint32_t w = level_side(width_, number), h = level_side(height_, number);
    std::optional<int> existing;
    const int count = overviews_.use_existing ? dataset_.GetRasterBand(1)->GetOverviewCount() : 0;
    for (int i = 0; i < count && !existing; ++i) {
        bool fits = true;
        for (int band = 1; band <= dataset_.GetRasterCount() && fits; ++band) {
            GDALRasterBand* overview = dataset_.GetRasterBand(band)->GetOverview(i);
            fits = overview != nullptr && overview->GetXSize() == static_cast<int>(w) &&
                   overview->GetYSize() == static_cast<int>(h);
        }
        if (fits) existing = i;
    }
    // Colours cannot be averaged as indices: a palette's levels are made of the expanded picture.
    if (!existing && (!overviews_.resampling || expanded())) return nullptr;
    slot.reset(new DatasetImageSource(dataset_, progress_, w, h));
    slot->bands_ = bands_;
    slot->type_ = type_;
    slot->plan_ = plan_;
    slot->overviews_ = overviews_;
    slot->palette_ = palette_;
    slot->overview_ = existing;
    // A mask cannot be resampled with the colours: without an overview of it the encoder makes the level.
    if (!existing && plan_.table.mask() >= 0) slot.reset();
    return slot.get();
}

bool DatasetImageSource::reported() const {
    bool any = reported_;
    for (const auto& [number, level] : levels_) any = any || (level != nullptr && level->reported());
    return any;
}

}  // namespace nae::gdal
