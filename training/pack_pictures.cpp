#include <gdal_priv.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "training/packed_pictures.h"

namespace nae::training {
namespace {

namespace fs = std::filesystem;

uint32_t name_hash(const std::string& s) {  // FNV-1a, 32 bits
    uint32_t h = 2166136261u;
    for (unsigned char c : s) h = (h ^ c) * 16777619u;
    return h;
}

bool read_scaled(GDALDataset* ds, int w, int h, std::vector<uint8_t>& rgb) {
    rgb.assign(size_t(w) * size_t(h) * 3, 0);
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    extra.eResampleAlg = GRIORA_Cubic;  // anti-aliased: GDAL widens the kernel when it reduces
    const bool gray = ds->GetRasterCount() < 3;
    for (int b = 0; b < 3; ++b) {
        GDALRasterBand* band = ds->GetRasterBand(gray ? 1 : b + 1);
        if (band->RasterIO(GF_Read, 0, 0, ds->GetRasterXSize(), ds->GetRasterYSize(), rgb.data() + b, w, h,
                           GDT_Byte, 3, GSpacing(w) * 3, &extra) != CE_None)
            return false;
    }
    return true;
}

}  // namespace

std::string pack_pictures(const std::vector<std::string>& folders, const std::string& out_path,
                          int validation_every) {
    GDALAllRegister();
    std::vector<std::string> files;
    for (const std::string& folder : folders) {
        std::error_code ec;
        for (const auto& f : fs::recursive_directory_iterator(folder, ec)) {
            std::string ext = f.path().extension().string();
            std::transform(ext.begin(), ext.end(), ext.begin(),
                           [](unsigned char c) { return char(std::tolower(c)); });
            if (ext == ".jpg" || ext == ".jpeg" || ext == ".png" || ext == ".webp" || ext == ".tif")
                files.push_back(f.path().string());
        }
        if (ec) return folder + ": " + ec.message();
    }
    std::sort(files.begin(), files.end());
    if (files.empty()) return "no pictures found";

    const std::string tmp = out_path + ".pixels";
    std::ofstream pix(tmp, std::ios::binary);
    if (!pix) return tmp + ": cannot write";
    std::vector<PackedEntry> entries;
    uint64_t offset = 0;
    std::vector<uint8_t> rgb;
    for (const std::string& file : files) {
        auto* ds = GDALDataset::Open(file.c_str(), GDAL_OF_RASTER);
        if (!ds) continue;
        const int bands = ds->GetRasterCount();
        if ((bands == 1 || bands == 3 || bands == 4) &&
            ds->GetRasterBand(1)->GetRasterDataType() == GDT_Byte) {
            const std::string base = fs::path(file).filename().string();
            uint32_t flags = 0;
            if (validation_every > 0 && name_hash(base) % uint32_t(validation_every) == 0)
                flags |= kFlagValidation;
            if (fs::path(file).extension() != ".jpg" && fs::path(file).extension() != ".jpeg")
                flags |= kFlagLossless;
            const double scale[3] = {1.0, 1.0 / 1.4, 0.5};
            for (uint32_t level = 0; level < 3; ++level) {
                const int w = int(ds->GetRasterXSize() * scale[level]),
                          h = int(ds->GetRasterYSize() * scale[level]);
                if (w < 256 || h < 256) continue;
                if (!read_scaled(ds, w, h, rgb)) break;
                entries.push_back(
                    {uint32_t(w), uint32_t(h), flags | (bands == 1 ? kFlagGray : 0u), level, offset});
                pix.write(reinterpret_cast<const char*>(rgb.data()), std::streamsize(rgb.size()));
                offset += rgb.size();
            }
        } else {
            std::fprintf(stderr, "skipped %s: %d bands or not 8-bit\n", file.c_str(), bands);
        }
        GDALClose(ds);
    }
    pix.close();
    if (!pix) return tmp + ": write failed";

    std::ofstream out(out_path, std::ios::binary);
    const uint32_t head[2] = {uint32_t(entries.size()), 0};
    out.write("NAEPACK1", 8);
    out.write(reinterpret_cast<const char*>(head), 8);
    const uint64_t base = 16 + entries.size() * 24;
    for (PackedEntry e : entries) {
        const uint32_t a[4] = {e.width, e.height, e.flags, e.level};
        const uint64_t o = e.offset + base;
        out.write(reinterpret_cast<const char*>(a), 16);
        out.write(reinterpret_cast<const char*>(&o), 8);
    }
    std::ifstream in(tmp, std::ios::binary);
    out << in.rdbuf();
    out.close();
    fs::remove(tmp);
    if (!out) return out_path + ": write failed";
    std::printf("%zu files, %zu entries, %.1f MB\n", files.size(), entries.size(), double(offset) / 1e6);
    return {};
}

}  // namespace nae::training
