#include "training/lab/pictures.h"

#include <gdal_priv.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include "format/text.h"

namespace nae::training {
namespace {

namespace fs = std::filesystem;
using Dataset = std::unique_ptr<GDALDataset, void (*)(GDALDataset*)>;

Dataset open_picture(const std::string& path) {
    GDALAllRegister();
    CPLErrorReset();
    CPLPushErrorHandler(CPLQuietErrorHandler);
    Dataset ds(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER), [](GDALDataset* d) { delete d; });
    CPLPopErrorHandler();
    return ds;
}

Status gdal_failure(const std::string& path) {
    const std::string why = CPLGetLastErrorMsg();
    return Status(ErrorCode::io,
                  path + ": cannot be read as a picture" + (why.empty() ? "" : " (" + why + ")"));
}

// A window, made smaller to side x side, into [3, side, side].
Status read_window(GDALDataset& ds, const std::string& path, int x, int y, int w, int h, int out_w, int out_h,
                   uint8_t* out) {
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    extra.eResampleAlg = GRIORA_Cubic;  // anti-aliased: GDAL widens the kernel when it reduces
    const bool gray = ds.GetRasterCount() < 3;
    CPLErrorReset();
    CPLPushErrorHandler(CPLQuietErrorHandler);
    bool ok = true;
    for (int b = 0; ok && b < 3; ++b)
        ok = ds.GetRasterBand(gray ? 1 : b + 1)
                 ->RasterIO(GF_Read, x, y, w, h, out + size_t(b) * size_t(out_w) * size_t(out_h), out_w,
                            out_h, GDT_Byte, 0, 0, &extra) == CE_None;
    CPLPopErrorHandler();
    return ok ? Status() : gdal_failure(path);
}

}  // namespace

Result<std::vector<std::string>> picture_files(const std::vector<std::string>& folders) {
    static const std::set<std::string> kKnown = {".jpg",  ".jpeg", ".png", ".webp", ".tif",
                                                 ".tiff", ".ppm",  ".bmp", ".jp2",  ".nae"};
    std::vector<std::string> files;
    for (const std::string& folder : folders) {
        std::error_code ec;
        if (!fs::is_directory(folder, ec)) return Status(ErrorCode::io, folder + ": there is no such folder");
        for (const auto& entry : fs::recursive_directory_iterator(folder, ec)) {
            std::string ext = entry.path().extension().string();
            std::transform(ext.begin(), ext.end(), ext.begin(),
                           [](unsigned char c) { return char(std::tolower(c)); });
            if (kKnown.count(ext) > 0) files.push_back(entry.path().string());
        }
        if (ec) return Status(ErrorCode::io, folder + ": " + ec.message());
    }
    if (files.empty())
        return Status(ErrorCode::io, (folders.empty() ? "" : folders[0]) + ": there are no pictures in it");
    std::sort(files.begin(), files.end());
    return files;
}

Result<torch::Tensor> read_picture(const std::string& path) {
    const Dataset ds = open_picture(path);
    if (ds == nullptr || ds->GetRasterCount() < 1) return gdal_failure(path);
    const int w = ds->GetRasterXSize(), h = ds->GetRasterYSize();
    torch::Tensor out = torch::empty({3, h, w}, torch::kByte);
    NAE_RETURN_IF_ERROR(read_window(*ds, path, 0, 0, w, h, w, h, out.data_ptr<uint8_t>()));
    return out;
}

Result<torch::Tensor> random_crops(const std::vector<std::string>& files, const CropOptions& o) {
    std::mt19937_64 rng(o.seed);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<std::string> used;
    for (size_t i = 0; i < files.size(); ++i)
        if (o.skip == 0 || (int(i % size_t(o.skip)) == o.skip_rest) == o.keep_skipped)
            used.push_back(files[i]);
    const int64_t side = o.side;
    torch::Tensor crops = torch::empty({o.count, 3, side, side}, torch::kByte);
    int done = 0;
    size_t large_enough = 0;
    for (size_t i = 0; i < used.size(); ++i) {
        const Dataset ds = open_picture(used[i]);
        if (ds == nullptr || ds->GetRasterCount() < 1) return gdal_failure(used[i]);
        const int least = std::min(ds->GetRasterXSize(), ds->GetRasterYSize());
        if (least < o.side) continue;
        ++large_enough;
        const int until = int(int64_t{o.count} * int64_t(i + 1) / int64_t(used.size()));
        for (; done < until; ++done) {
            const double factor = std::min(1 + (o.shrink - 1) * uniform(rng), double(least) / o.side);
            const int w = int(o.side * factor);
            const int x = int(uniform(rng) * (ds->GetRasterXSize() - w + 1)),
                      y = int(uniform(rng) * (ds->GetRasterYSize() - w + 1));
            NAE_RETURN_IF_ERROR(read_window(*ds, used[i], std::min(x, ds->GetRasterXSize() - w),
                                            std::min(y, ds->GetRasterYSize() - w), w, w, o.side, o.side,
                                            crops[done].data_ptr<uint8_t>()));
        }
    }
    if (large_enough == 0 || done == 0)
        return Status(ErrorCode::io, cat("none of ", used.size(), " pictures is as large as ", o.side, "x",
                                         o.side, " pixels"));
    return crops.slice(0, 0, done);
}

Result<torch::Tensor> grid_crops(const std::vector<std::string>& files, int side, int most) {
    std::vector<torch::Tensor> all;
    const int each = std::max(1, most / int(files.size()));
    for (const std::string& path : files) {
        NAE_ASSIGN_OR_RETURN(const torch::Tensor picture, read_picture(path));
        const int64_t across = picture.size(2) / side, down = picture.size(1) / side, n = across * down;
        const int64_t take = std::min<int64_t>(each, n);
        for (int64_t k = 0; k < take; ++k) {
            const int64_t at = (2 * k + 1) * n / (2 * take);  // evenly spread
            all.push_back(picture.narrow(1, at / across * side, side)
                              .narrow(2, at % across * side, side)
                              .unsqueeze(0)
                              .clone());
        }
    }
    if (all.empty())
        return Status(ErrorCode::io, cat("no picture is as large as ", side, "x", side, " pixels"));
    return torch::cat(all);
}

}  // namespace nae::training
