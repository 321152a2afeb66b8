// Pixels of a .nae file for GDAL: bands of Byte, blocks of one tile each, read only.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codec/decoder.h"
#include "codec/model_store.h"
#include "plugins/gdal/compat.h"
#include "plugins/gdal/control_points.h"
#include "plugins/gdal/metadata_mapping.h"

namespace nae::gdal {

// A rectangle of pixels asked for, at full resolution, and where it goes. Spacings in bytes.
struct PixelRequest {
    int x = 0, y = 0, width = 0, height = 0;
    void* data = nullptr;
    GDALDataType type = GDT_Byte;
    std::vector<int> bands;  // numbers from 1, in the order wanted
    GSpacing pixel_space = 0, line_space = 0, band_space = 0;
};

class NaeDataset final : public GDALPamDataset {
  public:
    // GDALDriver::pfnOpen. Reads header, metadata and tile index; the model is looked for when pixels are.
    static GDALDataset* open(GDALOpenInfo* info);
    // What CreateCopy returns for a target that cannot be read back, such as /vsistdout/: it has a size and
    // bands, and reading it is an error.
    static std::unique_ptr<NaeDataset> unreadable(const char* filename, int width, int height, int bands);
    ~NaeDataset() override;

    const OGRSpatialReference* GetSpatialRef() const override;
    NAE_OVERRIDE_GET_GEO_TRANSFORM
    int GetGCPCount() override;
    const GDAL_GCP* GetGCPs() override;
    const OGRSpatialReference* GetGCPSpatialRef() const override;

  protected:
    CPLErr IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void* data, int buffer_width,
                     int buffer_height, GDALDataType type, int band_count, BandMap band_map,
                     GSpacing pixel_space, GSpacing line_space, GSpacing band_space,
                     GDALRasterIOExtraArg* extra) override;

  private:
    friend class NaeBand;

    NaeDataset() = default;
    bool geo_transform(double* six) const;
    void publish(const Header& header);

    // How a request is served; see nae_raster_io.cpp.
    enum class Plan { from_cache, fill_cache_first, decode };
    Plan plan(const PixelRequest& request);
    // Serves the request, or leaves `served` false when the block cache now holds what it needs.
    CPLErr read(const PixelRequest& request, GDALRasterIOExtraArg* extra, bool& served);
    CPLErr decode(const PixelRequest& request, GDALRasterIOExtraArg* extra);
    // Decodes all bands of blocks [x0, x1) x [y0, y1) into the block cache.
    CPLErr fill_blocks(int x0, int y0, int x1, int y1);
    bool block_cached(int x, int y);

    // Every decoding of pixels goes through here: it reports failure (once) and damage.
    CPLErr decode_window(int x, int y, int width, int height, const PixelTarget& target);

    std::string name_;
    std::unique_ptr<ModelStore> store_;  // null: the process's shared one; outlives decoder_
    std::unique_ptr<Decoder> decoder_;   // null: unreadable()
    MappedMetadata mapped_;
    ControlPoints control_points_;
    int block_size_ = 512;  // pixels, both ways

    std::mutex damage_mutex_;
    std::vector<Status> damage_;  // collected by decoding threads while STRICT=NO
};

class NaeBand final : public GDALPamRasterBand {
  public:
    NaeBand(NaeDataset* dataset, int number);

    GDALColorInterp GetColorInterpretation() override;
    double GetNoDataValue(int* has_value = nullptr) override;

  protected:
    CPLErr IReadBlock(int block_x, int block_y, void* data) override;
    CPLErr IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void* data, int buffer_width,
                     int buffer_height, GDALDataType type, GSpacing pixel_space, GSpacing line_space,
                     GDALRasterIOExtraArg* extra) override;

  private:
    bool copy_cached_block(int block_x, int block_y, void* data);
    NaeDataset& dataset() const { return *static_cast<NaeDataset*>(poDS); }
};

}  // namespace nae::gdal
