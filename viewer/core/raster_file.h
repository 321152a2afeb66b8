// A raster that GDAL reads, of any size, type and number of bands: what it is, its values, and its tiles.
#ifndef NAE_VIEWER_CORE_RASTER_FILE_H_
#define NAE_VIEWER_CORE_RASTER_FILE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/status.h"
#include "viewer/core/picture.h"
#include "viewer/core/region.h"
#include "viewer/core/stretch.h"
#include "viewer/core/tiles.h"

namespace nae {

struct BandInfo {
    std::string name;    // its description, "Red", "Gray", or "Band 4"
    std::string colour;  // GDAL's colour interpretation: "Red", "Gray", "Undefined"
    std::string type;    // GDAL's name: "Byte", "UInt16"
    ValueRange type_range;
    std::optional<double> nodata;
    bool alpha = false;
};

struct RasterInfo {
    std::string path;
    std::string driver;  // GDAL's short name: "GTiff", "NAE"
    int width = 0;
    int height = 0;
    std::vector<BandInfo> bands;
    uint64_t file_bytes = 0;  // 0 when it is no plain file
    int overviews = 0;
    bool palette = false;
    bool masked = false;  // nodata, alpha or a mask: some pixels may be missing

    // Byte without any palette; what can be compared as it is.
    bool eight_bit() const;
    // Red, green, blue where they are named, else the first three; one band where there are fewer than three.
    std::vector<int> default_bands() const;  // from 1
};

// How values become colours: one band (gray) or three (red, green, blue), from 1, each with its range.
struct Display {
    std::vector<int> bands;
    std::vector<ValueRange> ranges;

    bool operator==(const Display& other) const;
};

// All functions may be called from several threads at once; each thread gets a handle of its own.
class RasterFile {
  public:
    ~RasterFile();
    RasterFile(const RasterFile&) = delete;
    RasterFile& operator=(const RasterFile&) = delete;

    // Errors: io with GDAL's words; unsupported for no bands or complex values.
    static Result<std::shared_ptr<RasterFile>> open(const std::string& path);

    const RasterInfo& info() const { return info_; }

    // The bands with the ranges that `mode` gives, measured on a coarse version of the raster.
    Result<Display> display(std::vector<int> bands, StretchMode mode) const;

    // A window in full resolution, as `display` shows it: gray or RGB, what is missing as 0.
    Result<Picture> read_view(const Region& window, const Display& display,
                              const std::function<bool(double)>& go_on = {}) const;

    // The raster's own values, band after band. The window must lie inside.
    Result<std::vector<float>> read_values(const Region& window, const std::vector<int>& bands) const;

    // `file` and its handle pool live as long as the source does.
    static std::shared_ptr<const TileSource> tiles(std::shared_ptr<RasterFile> file, const Display& display);

  private:
    class Handles;
    class Lease;
    class Tiles;
    explicit RasterFile(RasterInfo info);

    RasterInfo info_;
    std::unique_ptr<Handles> handles_;
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_RASTER_FILE_H_
