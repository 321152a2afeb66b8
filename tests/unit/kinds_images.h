// Pictures of every kind for tests, and reading them back.
#ifndef NAE_TESTS_UNIT_KINDS_IMAGES_H_
#define NAE_TESTS_UNIT_KINDS_IMAGES_H_

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "tests/unit/small_codec.h"

namespace nae::test {

// Samples in memory with a plan of the test's own.
template <class T>
class TestImage : public ImageSource {
  public:
    TestImage(uint32_t width, uint32_t height, int bands, DataType type)
        : width_(width), height_(height), bands_(bands), type_(type) {
        pixels.resize(size_t{width} * height * static_cast<size_t>(bands));
        mask.assign(size_t{width} * height, 255);
        given = ImageSource::plan();
    }
    uint32_t width() const override { return width_; }
    uint32_t height() const override { return height_; }
    int bands() const override { return bands_; }
    DataType data_type() const override { return type_; }
    BandPlan plan() const override { return given; }
    Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) override {
        return MemoryImageSource(pixels.data(), width_, height_, bands_, 0, type_)
            .read_rows(y, count, bands, out);
    }
    Status read_mask(uint32_t y, uint32_t count, uint8_t* out) override {
        std::memcpy(out, mask.data() + size_t{y} * width_, size_t{count} * width_);
        return Status();
    }
    ImageSource* level(int number) override { return number == 1 ? smaller : nullptr; }
    T& at(uint32_t x, uint32_t y, int band = 0) {
        return pixels[(size_t{y} * width_ + x) * static_cast<size_t>(bands_) + static_cast<size_t>(band)];
    }

    std::vector<T> pixels;
    std::vector<uint8_t> mask;
    BandPlan given;
    ImageSource* smaller = nullptr;

  private:
    uint32_t width_, height_;
    int bands_;
    DataType type_;
};

inline double wave(uint32_t x, uint32_t y, int band) {
    return 0.5 + 0.3 * std::sin(x * 0.031 + band) * std::cos(y * 0.023 - band) + (x > y ? 0.12 : -0.08);
}

template <class T>
TestImage<T> waves(uint32_t width, uint32_t height, int bands, DataType type, double lo, double hi) {
    TestImage<T> image(width, height, bands, type);
    for (uint32_t y = 0; y < height; ++y)
        for (uint32_t x = 0; x < width; ++x)
            for (int b = 0; b < bands; ++b)
                image.at(x, y, b) = static_cast<T>(lo + (hi - lo) * wave(x, y, b));
    return image;
}

inline std::vector<uint8_t> encoded(ImageSource& image, double quality = 90, int levels = 1) {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.quality = quality;
    options.levels = levels;
    MemorySink sink;
    const Status status = encode(options, image, Metadata(), sink);
    INFO(status.message());
    REQUIRE(status.ok());
    return sink.take();
}

template <class T>
std::vector<T> decoded(const Decoder& decoder, int level = 0) {
    const Header& h = decoder.header();
    Window window;
    window.width = h.level_width(level);
    window.height = h.level_height(level);
    window.level = level;
    std::vector<int> bands(decoder.bands().count());
    std::iota(bands.begin(), bands.end(), 0);
    std::vector<T> out(size_t{window.width} * window.height * bands.size());
    PixelTarget target;
    target.data = reinterpret_cast<uint8_t*>(out.data());
    target.band_stride = sizeof(T);
    target.pixel_stride = static_cast<ptrdiff_t>(sizeof(T) * bands.size());
    target.row_stride = target.pixel_stride * window.width;
    const Status status = decoder.read(window, bands, target);
    INFO(status.message());
    REQUIRE(status.ok());
    return out;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_KINDS_IMAGES_H_
