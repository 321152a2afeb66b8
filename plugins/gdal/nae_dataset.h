// Pixels of a .nae file for GDAL: blocks of one tile each, read only; its levels as overviews, its mask as a mask
// of the dataset.
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

// A rectangle of pixels asked for, not scaled, and where it goes. Spacings in bytes.
struct PixelRequest {
    int x = 0, y = 0, width = 0, height = 0;
    void* data = nullptr;
    GDALDataType type = GDT_Byte;
    std::vector<int> bands;  // numbers from 1, in the order wanted
    GSpacing pixel_space = 0, line_space = 0, band_space = 0;
};

GDALDataType gdal_type(DataType type);

// What a dataset and those of its overviews share.
struct OpenFile {
    std::unique_ptr<ModelStore> store;  // null: the process's shared one; outlives decoder
    std::unique_ptr<Decoder> decoder;   // null: cannot be read
    std::mutex damage_mutex;
    std::vector<Status> damage;  // collected by decoding threads while STRICT=NO
};

class NaeMaskBand;

class NaeDataset final : public GDALPamDataset {
  public:
    // GDALDriver::pfnOpen. Reads header, metadata and tile index; the model is looked for when pixels are.
    static GDALDataset* open(GDALOpenInfo* info);
    // What CreateCopy returns for a target that cannot be read back, such as /vsistdout/: it has a size and
    // bands, and reading it is an error.
    static std::unique_ptr<NaeDataset> unreadable(const char* filename, int width, int height, DataType type,
                                                  const BandTable& bands);
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
    friend class NaeMaskBand;

    NaeDataset();
    bool geo_transform(double* six) const;
    void publish();
    // Makes this the dataset of a level: size, bands, mask.
    void publish_level(int level);
    // Names of the bands that come out of the decoder together with these, themselves included; sorted.
    std::vector<int> with_siblings(const std::vector<int>& bands) const;

    // How a request is served; see nae_raster_io.cpp.
    enum class Plan { from_cache, fill_cache_first, decode };
    Plan plan(const PixelRequest& request);
    // Serves the request, or leaves `served` false when the block cache now holds what it needs.
    CPLErr read(const PixelRequest& request, GDALRasterIOExtraArg* extra, bool& served);
    CPLErr decode(const PixelRequest& request, GDALRasterIOExtraArg* extra);
    // Decodes blocks [x0, x1) x [y0, y1) of some bands into the block cache.
    CPLErr fill_blocks(int x0, int y0, int x1, int y1, const std::vector<int>& bands);
    bool block_cached(int x, int y, const std::vector<int>& bands);

    // Every decoding goes through these: they report failure (once) and damage.
    CPLErr decode_window(int x, int y, int width, int height, const std::vector<int>& bands,
                         const PixelTarget& target);
    CPLErr decode_mask(int x, int y, int width, int height, void* data, int row_stride);
    CPLErr reported(const Status& status);

    std::string name_;
    std::shared_ptr<OpenFile> file_;
    int level_ = 0;
    GDALDataType type_ = GDT_Byte;
    BandTable table_;
    MappedMetadata mapped_;
    ControlPoints control_points_;
    int block_size_ = 512;                                // pixels, both ways
    std::vector<std::unique_ptr<NaeDataset>> overviews_;  // the file's own, largest first
    std::unique_ptr<NaeMaskBand> mask_;                   // null: the file has none
};

class NaeBand final : public GDALPamRasterBand {
  public:
    NaeBand(NaeDataset* dataset, int number);

    GDALColorInterp GetColorInterpretation() override;
    double GetNoDataValue(int* has_value = nullptr) override;
    double GetScale(int* has_value = nullptr) override;
    double GetOffset(int* has_value = nullptr) override;
    const char* GetUnitType() override;
    char** GetCategoryNames() override;
    CPLErr GetDefaultHistogram(double* lowest, double* highest, int* count, GUIntBig** counts, int force,
                               GDALProgressFunc progress, void* progress_data) override;
    int GetMaskFlags() override;
    GDALRasterBand* GetMaskBand() override;
    int GetOverviewCount() override;
    GDALRasterBand* GetOverview(int index) override;

  protected:
    CPLErr IReadBlock(int block_x, int block_y, void* data) override;
    CPLErr IRasterIO(GDALRWFlag flag, int x, int y, int width, int height, void* data, int buffer_width,
                     int buffer_height, GDALDataType type, GSpacing pixel_space, GSpacing line_space,
                     GDALRasterIOExtraArg* extra) override;

  private:
    bool copy_cached_block(int block_x, int block_y, void* data);
    NaeDataset& dataset() const { return *static_cast<NaeDataset*>(poDS); }
    const BandMetadata& mapped() const;
};

// The mask of a dataset: Byte, 0 = not valid.
class NaeMaskBand final : public GDALRasterBand {
  public:
    explicit NaeMaskBand(NaeDataset* dataset);
    int GetOverviewCount() override;
    GDALRasterBand* GetOverview(int index) override;

  protected:
    CPLErr IReadBlock(int block_x, int block_y, void* data) override;

  private:
    NaeDataset& dataset() const { return *static_cast<NaeDataset*>(poDS); }
};

}  // namespace nae::gdal
