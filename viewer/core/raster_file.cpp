#include "viewer/core/raster_file.h"

#include <cpl_vsi.h>

#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <utility>

#include "viewer/core/gdal_access.h"

namespace nae {
namespace {

constexpr uint64_t kMaxViewSamples = uint64_t{1} << 30;
// One read without overviews touches at most this many source pixels a side between two looks at the flag.
constexpr int kChunk = 2048;

DatasetPtr open_dataset(const std::string& path) {
    return DatasetPtr(
        GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR));
}

ValueRange range_of_type(GDALDataType type) {
    switch (type) {
        case GDT_Byte:
            return {0, 255};
        case GDT_UInt16:
            return {0, 65535};
        case GDT_Int16:
            return {-32768, 32767};
        case GDT_UInt32:
            return {0, 4294967295.0};
        case GDT_Int32:
            return {-2147483648.0, 2147483647.0};
        default:
            return {0, 1};  // floating point: reflectance, probability
    }
}

BandInfo band_info(GDALRasterBand& band, int index) {
    BandInfo info;
    const GDALColorInterp colour = band.GetColorInterpretation();
    info.colour = GDALGetColorInterpretationName(colour);
    info.name = band.GetDescription();
    if (info.name.empty() && colour != GCI_Undefined) info.name = info.colour;
    if (info.name.empty()) info.name = "Band " + std::to_string(index);
    info.type = GDALGetDataTypeName(band.GetRasterDataType());
    info.type_range = range_of_type(band.GetRasterDataType());
    // Twelve bits in sixteen: what many cameras and satellites deliver says so.
    if (const char* bits = band.GetMetadataItem("NBITS", "IMAGE_STRUCTURE")) {
        const int count = std::atoi(bits);
        if (count > 8 && count < 16) info.type_range.high = (1 << count) - 1;
    }
    int has_nodata = 0;
    const double nodata = band.GetNoDataValue(&has_nodata);
    if (has_nodata != 0) info.nodata = nodata;
    info.alpha = colour == GCI_AlphaBand;
    return info;
}

}  // namespace

bool RasterInfo::eight_bit() const {
    return std::all_of(bands.begin(), bands.end(), [](const BandInfo& band) { return band.type == "Byte"; });
}

std::vector<int> RasterInfo::default_bands() const {
    std::vector<int> colours{0, 0, 0};
    std::vector<int> plain;
    const char* names[] = {"Red", "Green", "Blue"};
    for (size_t i = 0; i < bands.size(); ++i) {
        if (bands[i].alpha) continue;
        plain.push_back(static_cast<int>(i) + 1);
        for (size_t c = 0; c < 3; ++c)
            if (bands[i].colour == names[c]) colours[c] = static_cast<int>(i) + 1;
    }
    if (colours[0] > 0 && colours[1] > 0 && colours[2] > 0) return colours;
    if (plain.size() >= 3) return {plain[0], plain[1], plain[2]};
    return {plain.empty() ? 1 : plain[0]};
}

bool Display::operator==(const Display& other) const {
    return bands == other.bands &&
           std::equal(
               ranges.begin(), ranges.end(), other.ranges.begin(), other.ranges.end(),
               [](const ValueRange& a, const ValueRange& b) { return a.low == b.low && a.high == b.high; });
}

// GDAL's datasets belong to one thread at a time: those not in use wait here.
class RasterFile::Handles {
  public:
    explicit Handles(std::string path) : path_(std::move(path)) {}

    void put(DatasetPtr dataset) {
        const std::lock_guard<std::mutex> lock(mutex_);
        free_.push_back(std::move(dataset));
    }
    // Null when it cannot be opened (again).
    DatasetPtr take() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!free_.empty()) {
                DatasetPtr dataset = std::move(free_.back());
                free_.pop_back();
                return dataset;
            }
        }
        return open_dataset(path_);
    }

  private:
    const std::string path_;
    std::mutex mutex_;
    std::vector<DatasetPtr> free_;
};

// One of them, for as long as a function runs.
class RasterFile::Lease {
  public:
    explicit Lease(Handles& handles) : handles_(handles), dataset_(handles.take()) {}
    ~Lease() {
        if (dataset_) handles_.put(std::move(dataset_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    explicit operator bool() const { return dataset_ != nullptr; }
    GDALDataset& operator*() const { return *dataset_; }
    GDALDataset* operator->() const { return dataset_.get(); }

  private:
    Handles& handles_;
    DatasetPtr dataset_;
};

namespace {

// A window of one dataset, at any resolution, as RGBA.
class WindowReader {
  public:
    WindowReader(GDALDataset& dataset, const RasterInfo& info, const Display& display)
        : dataset_(dataset), info_(info), display_(display) {
        GDALRasterIOExtraArg* extra = &extra_;
        INIT_RASTERIO_EXTRA_ARG(extra_);
        // Indices into a palette, and missing pixels, have no mean.
        extra->eResampleAlg = info.palette ? GRIORA_NearestNeighbour : GRIORA_Average;
    }

    // Writes width x height RGBA texels to `out`, whose rows are `stride` texels apart.
    bool read(const Region& window, int width, int height, uint8_t* out, int stride) {
        const size_t count = static_cast<size_t>(width) * static_cast<size_t>(height);
        const bool direct =
            info_.eight_bit() && std::all_of(display_.ranges.begin(), display_.ranges.end(),
                                             [](const ValueRange& range) { return range.identity(); });
        for (size_t c = 0; c < display_.bands.size(); ++c) {
            GDALRasterBand* band = dataset_.GetRasterBand(display_.bands[c]);
            if (direct) {
                if (!read_band(*band, window, width, height, out + c, GDT_Byte, 4, GSpacing{4} * stride))
                    return false;
                continue;
            }
            values_.resize(count);
            if (!read_band(*band, window, width, height, values_.data(), GDT_Float32, sizeof(float),
                           static_cast<GSpacing>(sizeof(float)) * width))
                return false;
            for (int y = 0; y < height; ++y)
                for (int x = 0; x < width; ++x)
                    texel(out, stride, x, y)[c] =
                        display_.ranges[c].apply(values_[static_cast<size_t>(y) * static_cast<size_t>(width) +
                                                         static_cast<size_t>(x)]);
        }
        const GDALColorTable* table =
            info_.palette ? dataset_.GetRasterBand(display_.bands[0])->GetColorTable() : nullptr;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) finish(texel(out, stride, x, y), table);
        return !info_.masked || read_mask(window, width, height, out, stride);
    }

  private:
    static uint8_t* texel(uint8_t* out, int stride, int x, int y) {
        return out + (static_cast<ptrdiff_t>(y) * stride + x) * 4;
    }

    bool read_band(GDALRasterBand& band, const Region& window, int width, int height, void* out,
                   GDALDataType type, GSpacing pixel, GSpacing line) {
        GDALRasterIOExtraArg extra = extra_;
        return band.RasterIO(GF_Read, window.x, window.y, window.width, window.height, out, width, height,
                             type, pixel, line, &extra) == CE_None;
    }

    void finish(uint8_t* rgba, const GDALColorTable* table) const {
        rgba[3] = 255;
        if (table != nullptr) {
            GDALColorEntry entry{};
            table->GetColorEntryAsRGB(rgba[0], &entry);
            rgba[0] = static_cast<uint8_t>(entry.c1);
            rgba[1] = static_cast<uint8_t>(entry.c2);
            rgba[2] = static_cast<uint8_t>(entry.c3);
        } else if (display_.bands.size() == 1) {
            rgba[1] = rgba[2] = rgba[0];
        }
    }

    bool read_mask(const Region& window, int width, int height, uint8_t* out, int stride) {
        GDALRasterBand* mask = dataset_.GetRasterBand(display_.bands[0])->GetMaskBand();
        return mask != nullptr &&
               read_band(*mask, window, width, height, out + 3, GDT_Byte, 4, GSpacing{4} * stride);
    }

    GDALDataset& dataset_;
    const RasterInfo& info_;
    const Display& display_;
    GDALRasterIOExtraArg extra_{};
    std::vector<float> values_;
};

}  // namespace

namespace {

// Values of one band that stand for all of it: from overviews where there are any, else from sixteen windows
// spread over the raster (reading all of it could take minutes). Nearest, so that nodata mixes into no mean;
// what is missing is left out.
bool sample_band(GDALDataset& dataset, const RasterInfo& info, int index, std::vector<float>& samples) {
    constexpr int kSide = 512;
    GDALRasterBand& band = *dataset.GetRasterBand(index);
    const bool whole = info.overviews > 0 || (info.width <= 4096 && info.height <= 4096);
    const int grid = whole ? 1 : 4;
    for (int i = 0; i < grid * grid; ++i) {
        Region window{0, 0, info.width, info.height};
        if (!whole) {
            window.width = std::min(kSide, info.width);
            window.height = std::min(kSide, info.height);
            window.x = static_cast<int>((info.width - window.width) * (i % grid / 3.0));
            window.y = static_cast<int>((info.height - window.height) * (i / grid / 3.0));
        }
        const int width = std::min(window.width, kSide);
        const int height = std::min(window.height, kSide);
        std::vector<float> part(static_cast<size_t>(width) * static_cast<size_t>(height));
        std::vector<uint8_t> mask(part.size(), 255);
        if (band.RasterIO(GF_Read, window.x, window.y, window.width, window.height, part.data(), width,
                          height, GDT_Float32, 0, 0, nullptr) != CE_None)
            return false;
        if (info.masked &&
            band.GetMaskBand()->RasterIO(GF_Read, window.x, window.y, window.width, window.height,
                                         mask.data(), width, height, GDT_Byte, 0, 0, nullptr) != CE_None)
            return false;
        for (size_t k = 0; k < part.size(); ++k)
            if (mask[k] != 0) samples.push_back(part[k]);
    }
    return true;
}

}  // namespace

class RasterFile::Tiles : public TileSource {
  public:
    Tiles(std::shared_ptr<RasterFile> file, Display display)
        : file_(std::move(file)), display_(std::move(display)) {}

    int width() const override { return file_->info_.width; }
    int height() const override { return file_->info_.height; }
    bool has_alpha() const override { return file_->info_.masked; }

    Result<Tile> read(const TileKey& key, const std::atomic<bool>& cancelled) const override {
        const QuietErrors quiet;
        const RasterInfo& info = file_->info_;
        const Lease dataset(*file_->handles_);
        if (!dataset) return gdal_error(info.path, "cannot be opened");
        const Region region = tile_region(key, info.width, info.height);
        Tile tile;
        tile.width = texels(region.width, key.level);
        tile.height = texels(region.height, key.level);
        tile.rgba.resize(static_cast<size_t>(tile.width) * static_cast<size_t>(tile.height) * 4);
        WindowReader reader(*dataset, info, display_);
        // With overviews one read is quick; without, it goes over every source pixel: in chunks, so that it can
        // be given up when the view has moved on.
        const int step = 1 << key.level;
        const int chunk = info.overviews > 0 ? kTileSize << key.level : std::max(kChunk, step);
        bool done = true;
        for (int y = 0; y < region.height && done; y += chunk)
            for (int x = 0; x < region.width && done; x += chunk) {
                if (cancelled) return Status(ErrorCode::cancelled, "cancelled");
                const Region part{region.x + x, region.y + y, std::min(chunk, region.width - x),
                                  std::min(chunk, region.height - y)};
                uint8_t* out =
                    tile.rgba.data() + (static_cast<ptrdiff_t>(y / step) * tile.width + x / step) * 4;
                done = reader.read(part, texels(part.width, key.level), texels(part.height, key.level), out,
                                   tile.width);
            }
        if (!done) return gdal_error(info.path, "cannot be read");
        return tile;
    }

  private:
    const std::shared_ptr<RasterFile> file_;
    const Display display_;
};

RasterFile::RasterFile(RasterInfo info)
    : info_(std::move(info)), handles_(std::make_unique<Handles>(info_.path)) {}
RasterFile::~RasterFile() = default;

Result<std::shared_ptr<RasterFile>> RasterFile::open(const std::string& path) {
    register_gdal_drivers();
    const QuietErrors quiet;
    DatasetPtr dataset = open_dataset(path);
    if (!dataset) return gdal_error(path, "cannot be opened");
    RasterInfo info;
    info.path = path;
    info.driver = dataset->GetDriver() != nullptr ? dataset->GetDriver()->GetDescription() : "";
    info.width = dataset->GetRasterXSize();
    info.height = dataset->GetRasterYSize();
    if (dataset->GetRasterCount() == 0)
        return Status(ErrorCode::unsupported, path + ": there are no bands in it");
    for (int i = 1; i <= dataset->GetRasterCount(); ++i) {
        GDALRasterBand& band = *dataset->GetRasterBand(i);
        if (GDALDataTypeIsComplex(band.GetRasterDataType()) != 0)
            return Status(ErrorCode::unsupported, path + ": complex values cannot be shown");
        info.bands.push_back(band_info(band, i));
    }
    GDALRasterBand& first = *dataset->GetRasterBand(1);
    info.overviews = first.GetOverviewCount();
    info.palette = first.GetColorTable() != nullptr && first.GetRasterDataType() == GDT_Byte;
    info.masked = (first.GetMaskFlags() & GMF_ALL_VALID) == 0;
    VSIStatBufL stat;
    if (VSIStatL(path.c_str(), &stat) == 0) info.file_bytes = static_cast<uint64_t>(stat.st_size);
    std::shared_ptr<RasterFile> file(new RasterFile(std::move(info)));
    file->handles_->put(std::move(dataset));
    return file;
}

Result<Display> RasterFile::display(std::vector<int> bands, StretchMode mode) const {
    const QuietErrors quiet;
    Display display;
    display.bands = std::move(bands);
    const Lease dataset(*handles_);
    if (!dataset) return gdal_error(info_.path, "cannot be opened");
    for (const int index : display.bands) {
        const ValueRange type_range = info_.bands[static_cast<size_t>(index) - 1].type_range;
        std::vector<float> samples;
        if (mode != StretchMode::none && !sample_band(*dataset, info_, index, samples))
            return gdal_error(info_.path, "cannot be read");
        display.ranges.push_back(stretch_range(mode, samples, type_range));
    }
    return display;
}

Result<Picture> RasterFile::read_view(const Region& window, const Display& display,
                                      const std::function<bool(double)>& go_on) const {
    if (static_cast<uint64_t>(window.width) * static_cast<uint64_t>(window.height) * 4 > kMaxViewSamples)
        return Status(ErrorCode::limit_exceeded, info_.path + ": the window is too large to hold in memory");
    const QuietErrors quiet;
    const Lease dataset(*handles_);
    if (!dataset) return gdal_error(info_.path, "cannot be opened");
    const bool gray = display.bands.size() == 1 && !info_.palette;
    Picture picture(window.width, window.height, gray ? 1 : 3);
    WindowReader reader(*dataset, info_, display);
    // A strip at a time: progress, and no second copy of the whole in four bands.
    constexpr int kStrip = 256;
    std::vector<uint8_t> rgba(static_cast<size_t>(window.width) * kStrip * 4);
    for (int y = 0; y < window.height; y += kStrip) {
        const int rows = std::min(kStrip, window.height - y);
        const bool read = reader.read({window.x, window.y + y, window.width, rows}, window.width, rows,
                                      rgba.data(), window.width);
        if (!read) return gdal_error(info_.path, "cannot be read");
        if (go_on && !go_on(static_cast<double>(y + rows) / window.height))
            return Status(ErrorCode::cancelled, "cancelled");
        const uint8_t* from = rgba.data();
        uint8_t* to = picture.row(y);
        for (int i = 0; i < rows * window.width; ++i, from += 4, to += picture.bands)
            for (int band = 0; band < picture.bands; ++band) to[band] = from[band];
    }
    return picture;
}

Result<std::vector<float>> RasterFile::read_values(const Region& window,
                                                   const std::vector<int>& bands) const {
    const QuietErrors quiet;
    const Lease dataset(*handles_);
    if (!dataset) return gdal_error(info_.path, "cannot be opened");
    const size_t count = static_cast<size_t>(window.width) * static_cast<size_t>(window.height);
    std::vector<float> values(count * bands.size());
    bool read = true;
    for (size_t i = 0; i < bands.size() && read; ++i)
        read = dataset->GetRasterBand(bands[i])->RasterIO(
                   GF_Read, window.x, window.y, window.width, window.height, values.data() + i * count,
                   window.width, window.height, GDT_Float32, 0, 0, nullptr) == CE_None;
    if (!read) return gdal_error(info_.path, "cannot be read");
    return values;
}

std::shared_ptr<const TileSource> RasterFile::tiles(std::shared_ptr<RasterFile> file,
                                                    const Display& display) {
    return std::make_shared<Tiles>(std::move(file), display);
}

}  // namespace nae
