// A whole picture through the GDAL driver: identification, metadata, pixels by block and by window.
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_vsi.h>
#include <gdal_priv.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

extern "C" void GDALRegister_NAE();

namespace {

constexpr int kSide = 64;
constexpr const char* kName = "/vsimem/input.nae";

void on_error(CPLErr, CPLErrorNum, const char* message) {
    if (std::strstr(message, "internal error") == nullptr) return;
    std::fprintf(stderr, "%s\n", message);
    std::abort();
}

void prepare() {
    CPLSetErrorHandler(on_error);
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");
    CPLSetConfigOption("GDAL_NUM_THREADS", "1");
    CPLSetConfigOption("NAE_MAX_PIXELS", "16777216");
    CPLSetConfigOption("NAE_MAX_TILES", "4096");
    CPLSetConfigOption("NAE_MAX_METADATA_BYTES", "1048576");
    CPLSetConfigOption("NAE_MAX_MODEL_BYTES", "1048576");
    CPLSetConfigOption("NAE_MAX_OPERATIONS_PER_PIXEL", "1000");
    CPLSetConfigOption("NAE_MAX_TENSOR_BYTES", "8388608");
    GDALRegister_NAE();
}

void look_at(GDALDataset& dataset) {
    double transform[6];
    CPL_IGNORE_RET_VAL(dataset.GetGeoTransform(transform));
    CPL_IGNORE_RET_VAL(dataset.GetSpatialRef());
    char** domains = dataset.GetMetadataDomainList();
    for (char** domain = domains; domain != nullptr && *domain != nullptr; ++domain)
        CPL_IGNORE_RET_VAL(dataset.GetMetadata(*domain));
    CSLDestroy(domains);
    const int w = std::min(dataset.GetRasterXSize(), kSide), h = std::min(dataset.GetRasterYSize(), kSide);
    for (int i = 1; i <= dataset.GetRasterCount(); ++i) {
        GDALRasterBand& band = *dataset.GetRasterBand(i);
        CPL_IGNORE_RET_VAL(band.GetNoDataValue());
        CPL_IGNORE_RET_VAL(band.GetColorInterpretation());
        CPL_IGNORE_RET_VAL(band.GetDescription());
        int block_w = 0, block_h = 0;
        band.GetBlockSize(&block_w, &block_h);
        if (block_w > 256 || block_h > 256) continue;
        std::vector<double> block(static_cast<size_t>(block_w) * static_cast<size_t>(block_h));
        CPL_IGNORE_RET_VAL(band.ReadBlock(0, 0, block.data()));
    }
    std::vector<double> pixels(static_cast<size_t>(w) * static_cast<size_t>(h));
    CPL_IGNORE_RET_VAL(dataset.GetRasterBand(1)->RasterIO(GF_Read, dataset.GetRasterXSize() - w,
                                                          dataset.GetRasterYSize() - h, w, h, pixels.data(),
                                                          w, h, GDT_Float64, 0, 0, nullptr));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const bool prepared = (prepare(), true);
    (void)prepared;
    VSIFCloseL(VSIFileFromMemBuffer(kName, const_cast<GByte*>(data), size, FALSE));
    const char* const drivers[] = {"NAE", nullptr};
    const std::unique_ptr<GDALDataset> dataset(GDALDataset::Open(kName, GDAL_OF_RASTER, drivers));
    if (dataset) look_at(*dataset);
    VSIUnlink(kName);
    return 0;
}
