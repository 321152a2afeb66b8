#include "viewer/core/picture.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "viewer/core/gdal_access.h"

namespace nae {
namespace {

constexpr uint64_t kMaxSamples = uint64_t{1} << 30;

// Replaces indices by colours.
Picture expand_palette(const Picture& indices, const GDALColorTable& table) {
    std::array<std::array<uint8_t, 3>, 256> colours{};
    const int entries = std::min(table.GetColorEntryCount(), 256);
    for (int i = 0; i < entries; ++i) {
        GDALColorEntry rgb{};
        table.GetColorEntryAsRGB(i, &rgb);
        colours[static_cast<size_t>(i)] = {static_cast<uint8_t>(rgb.c1), static_cast<uint8_t>(rgb.c2),
                                           static_cast<uint8_t>(rgb.c3)};
    }
    Picture out(indices.width, indices.height, 3);
    for (size_t i = 0; i < indices.samples.size(); ++i)
        std::copy_n(colours[indices.samples[i]].data(), 3, out.samples.data() + 3 * i);
    return out;
}

}  // namespace

Picture::Picture(int width_px, int height_px, int band_count)
    : width(width_px),
      height(height_px),
      bands(band_count),
      samples(static_cast<size_t>(width_px) * static_cast<size_t>(height_px) *
              static_cast<size_t>(band_count)) {}

void register_gdal_drivers() {
    static const bool once = (GDALAllRegister(), true);
    static_cast<void>(once);
}

Result<Picture> read_picture(const std::string& path) {
    register_gdal_drivers();
    const QuietErrors quiet;
    const DatasetPtr dataset(
        GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR));
    if (!dataset) return gdal_error(path, "cannot be opened");

    int bands = dataset->GetRasterCount();
    if (bands == 2 || bands == 4) {
        const bool alpha = dataset->GetRasterBand(bands)->GetColorInterpretation() == GCI_AlphaBand;
        if (alpha) --bands;
    }
    if (bands != 1 && bands != 3)
        return Status(ErrorCode::unsupported,
                      path + ": " + std::to_string(bands) + " bands; 1 or 3 can be compared");
    for (int band = 1; band <= bands; ++band) {
        const GDALDataType type = dataset->GetRasterBand(band)->GetRasterDataType();
        if (type != GDT_Byte)
            return Status(ErrorCode::unsupported, path + ": band " + std::to_string(band) + " is of type " +
                                                      GDALGetDataTypeName(type) +
                                                      "; only Byte can be compared");
    }
    const int width = dataset->GetRasterXSize();
    const int height = dataset->GetRasterYSize();
    const uint64_t samples = static_cast<uint64_t>(width) * static_cast<uint64_t>(height) * 3;
    if (samples > kMaxSamples)
        return Status(ErrorCode::limit_exceeded, path + ": " + std::to_string(width) + "x" +
                                                     std::to_string(height) +
                                                     " is too large to hold in memory");

    Picture picture(width, height, bands);
    const auto row_bytes = static_cast<GSpacing>(picture.row_bytes());
    if (dataset->RasterIO(GF_Read, 0, 0, width, height, picture.samples.data(), width, height, GDT_Byte,
                          bands, nullptr, bands, row_bytes, 1, nullptr) != CE_None)
        return gdal_error(path, "cannot be read");
    if (bands == 1) {
        const GDALColorTable* table = dataset->GetRasterBand(1)->GetColorTable();
        if (table != nullptr) return expand_palette(picture, *table);
    }
    return picture;
}

Status write_png(const std::string& path, const Picture& picture) {
    register_gdal_drivers();
    const QuietErrors quiet;
    GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
    GDALDriver* png = GetGDALDriverManager()->GetDriverByName("PNG");
    if (memory == nullptr || png == nullptr)
        return Status(ErrorCode::unsupported, path + ": this GDAL has no PNG driver");
    const DatasetPtr source(
        memory->Create("", picture.width, picture.height, picture.bands, GDT_Byte, nullptr));
    if (!source) return gdal_error(path, "cannot be prepared");
    // RasterIO takes a mutable pointer for both directions; GF_Write only reads from it.
    auto* samples = const_cast<uint8_t*>(picture.samples.data());
    if (source->RasterIO(GF_Write, 0, 0, picture.width, picture.height, samples, picture.width,
                         picture.height, GDT_Byte, picture.bands, nullptr, picture.bands,
                         static_cast<GSpacing>(picture.row_bytes()), 1, nullptr) != CE_None)
        return gdal_error(path, "cannot be prepared");
    const DatasetPtr written(png->CreateCopy(path.c_str(), source.get(), 0, nullptr, nullptr, nullptr));
    if (!written) return gdal_error(path, "cannot be written");
    return Status();
}

Picture as_rgb(const Picture& picture) {
    if (picture.bands == 3) return picture;
    Picture out(picture.width, picture.height, 3);
    for (size_t i = 0; i < picture.samples.size(); ++i)
        std::memset(out.samples.data() + 3 * i, picture.samples[i], 3);
    return out;
}

Picture crop(const Picture& picture, int x, int y, int width, int height) {
    Picture out(width, height, picture.bands);
    for (int row = 0; row < height; ++row)
        std::copy_n(picture.pixel(x, y + row), out.row_bytes(), out.row(row));
    return out;
}

}  // namespace nae
