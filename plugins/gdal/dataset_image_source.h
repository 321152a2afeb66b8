// A GDAL dataset as the encoder wants it: rows of samples, and what its bands are.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/image_source.h"
#include "plugins/gdal/compat.h"
#include "plugins/gdal/progress.h"

namespace nae::gdal {

// Where overviews come from.
struct OverviewOptions {
    bool use_existing = true;
    std::optional<GDALRIOResampleAlg>
        resampling;  // nothing: means of 2 x 2 valid pixels, made by the encoder
};

class DatasetImageSource : public ImageSource {
  public:
    // Dataset and progress must outlive this. strict: what cannot be kept is refused rather than done without.
    // lossless_alpha false: alpha is coded like any other band.
    // Errors: unsupported, with the way out.
    static Result<std::unique_ptr<DatasetImageSource>> create(GDALDataset& dataset, Progress& progress,
                                                              bool strict, bool lossless_alpha,
                                                              OverviewOptions overviews);

    uint32_t width() const override { return width_; }
    uint32_t height() const override { return height_; }
    int bands() const override { return bands_; }
    DataType data_type() const override { return type_; }
    BandPlan plan() const override { return plan_; }
    Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) override;
    Status read_mask(uint32_t y, uint32_t count, uint8_t* out) override;
    ImageSource* level(int number) override;

    // True when the bands are not the dataset's own, because its palette is being expanded.
    bool expanded() const { return !palette_.empty(); }
    // True when a failed read has been reported to the user already.
    bool reported() const;

  private:
    DatasetImageSource(GDALDataset& dataset, Progress& progress, uint32_t width, uint32_t height)
        : dataset_(dataset), progress_(progress), width_(width), height_(height) {}
    Status set_up(bool strict, bool lossless_alpha);
    Status use_palette(GDALRasterBand& band);
    Status cannot_read(uint32_t y, uint32_t count);
    // Reads rows of bands (numbers from 1) of the dataset, or of its mask for {0}, band after band in each row.
    Status read_samples(uint32_t y, uint32_t count, const std::vector<int>& bands, GDALDataType type,
                        uint8_t* out);
    GDALRasterBand* source_band(int number) const;

    GDALDataset& dataset_;
    Progress& progress_;
    const uint32_t width_, height_;  // of this level
    int bands_ = 0;
    DataType type_ = DataType::byte;
    BandPlan plan_;
    OverviewOptions overviews_;
    std::vector<uint8_t> palette_;  // red, green, blue, alpha of every index; empty: none
    bool reported_ = false;
    std::optional<int> overview_;  // read from this overview of the dataset, if any
    std::map<int, std::unique_ptr<DatasetImageSource>> levels_;
};

}  // namespace nae::gdal
