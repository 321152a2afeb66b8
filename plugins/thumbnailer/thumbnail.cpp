#include "plugins/thumbnailer/thumbnail.h"

#include <algorithm>
#include <nae/nae.hpp>

namespace nae::thumbnail {
namespace {

using nae::api::check;
using nae::api::make;

// Without a preview the pixels have to be decoded: a file browser should not do that to a gigapixel.
constexpr uint64_t kMaxPixels = uint64_t{1} << 26;
constexpr uint32_t kStripRows = 512;

// Mean of the source pixels that fall into each pixel, row by row as they come.
class AreaReducer {
  public:
    AreaReducer(uint32_t width, uint32_t height, int channels, uint32_t size)
        : width_(width), height_(height), channels_(static_cast<size_t>(channels)) {
        const uint64_t longest = std::max({width, height, size});  // never enlarges
        image_.width = side(width, size, longest);
        image_.height = side(height, size, longest);
        image_.channels = channels;
        image_.samples.resize(size_t{image_.width} * image_.height * channels_);
        sums_.resize(image_.width * channels_);
        counts_.resize(image_.width);
    }

    void add_row(const uint8_t* row) {
        for (uint32_t x = 0; x < width_; ++x, row += channels_) {
            const size_t cell = size_t{x} * image_.width / width_;
            ++counts_[cell];
            for (size_t c = 0; c < channels_; ++c) sums_[cell * channels_ + c] += row[c];
        }
        const uint64_t cell_y = uint64_t{y_} * image_.height / height_;
        ++y_;
        if (uint64_t{y_} * image_.height / height_ != cell_y) flush(static_cast<size_t>(cell_y));
    }

    Image take() { return std::move(image_); }
    uint32_t width() const { return image_.width; }
    uint32_t height() const { return image_.height; }

  private:
    static uint32_t side(uint32_t length, uint32_t size, uint64_t longest) {
        return static_cast<uint32_t>(
            std::max<uint64_t>(1, (uint64_t{length} * size + longest / 2) / longest));
    }

    void flush(size_t row) {
        uint8_t* out = image_.samples.data() + row * sums_.size();
        for (size_t i = 0; i < sums_.size(); ++i) {
            const uint64_t count = counts_[i / channels_];
            out[i] = static_cast<uint8_t>((sums_[i] + count / 2) / count);
        }
        std::fill(sums_.begin(), sums_.end(), 0);
        std::fill(counts_.begin(), counts_.end(), 0);
    }

    uint32_t width_, height_;
    size_t channels_;
    uint32_t y_ = 0;
    Image image_;
    std::vector<uint64_t> sums_;
    std::vector<uint64_t> counts_;
};

Image reduce_preview(const nae_preview& preview, uint32_t size) {
    const int channels = preview.layout == NAE_GRAY ? 1 : 3;
    AreaReducer reducer(preview.width, preview.height, channels, size);
    for (uint32_t y = 0; y < preview.height; ++y)
        reducer.add_row(preview.pixels + size_t{y} * preview.width * static_cast<size_t>(channels));
    return reducer.take();
}

// From the overview that is enough, where there is one.
Image reduce_pixels(const nae_decoder* decoder, const nae_info& info, uint32_t level, uint32_t size) {
    const uint32_t width = nae::api::level_side(info.width, level);
    const uint32_t height = nae::api::level_side(info.height, level);
    const bool alpha = info.layout == NAE_RGBA || info.layout == NAE_GRAY_ALPHA;
    const nae_layout layout = alpha ? NAE_RGBA : info.layout == NAE_GRAY ? NAE_GRAY : NAE_RGB;
    const size_t row_bytes = size_t{width} * static_cast<size_t>(layout);
    AreaReducer reducer(width, height, layout, size);
    std::vector<uint8_t> strip(row_bytes * std::min(kStripRows, height));
    auto buffer = make<nae_buffer>();
    buffer.sample_type = NAE_UINT8;
    buffer.layout = layout;
    buffer.data = strip.data();
    buffer.size = strip.size();
    auto window = make<nae_window>();
    window.level = level;
    window.width = width;
    for (; window.y < height; window.y += window.height) {
        window.height = std::min(kStripRows, height - window.y);
        check(nae_read(decoder, &window, &buffer, nullptr, nullptr));
        for (uint32_t y = 0; y < window.height; ++y) reducer.add_row(strip.data() + y * row_bytes);
    }
    return reducer.take();
}

// EXIF's eight orientations: bit 0 of (orientation - 1) and so on as a transposition and two mirrorings.
Image upright(const Image& image, int orientation) {
    if (orientation <= 1 || orientation > 8) return image;
    const bool transposed = orientation >= 5;
    const bool mirror_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirror_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image out = image;
    if (transposed) std::swap(out.width, out.height);
    const auto channels = static_cast<size_t>(image.channels);
    for (size_t y = 0; y < out.height; ++y) {
        for (size_t x = 0; x < out.width; ++x) {
            size_t from_x = transposed ? y : x, from_y = transposed ? x : y;
            if (mirror_x) from_x = image.width - 1 - from_x;
            if (mirror_y) from_y = image.height - 1 - from_y;
            std::copy_n(image.samples.data() + (from_y * image.width + from_x) * channels, channels,
                        out.samples.data() + (y * out.width + x) * channels);
        }
    }
    return out;
}

}  // namespace

Image make_thumbnail(const std::string& path, uint32_t size) {
    auto options = make<nae_decoder_options>();
    const nae::api::Decoder decoder = nae::api::Decoder::open(path, &options);
    const nae_info info = decoder.info();
    auto preview = make<nae_preview>();
    // Where it is damaged the pixels may still be whole.
    if (nae_get_preview(decoder.get(), &preview) == NAE_OK && preview.pixels != nullptr)
        return upright(reduce_preview(preview, size), info.orientation);
    const AreaReducer wanted(info.width, info.height, 1, size);
    const uint32_t level = nae::api::level_for(info, wanted.width(), wanted.height());
    if (uint64_t{nae::api::level_side(info.width, level)} * nae::api::level_side(info.height, level) >
        kMaxPixels) {
        // Says which limit, in the library's words.
        options.max_pixels = kMaxPixels;
        nae::api::Decoder::open(path, &options);
    }
    return upright(reduce_pixels(decoder.get(), info, level, size), info.orientation);
}

}  // namespace nae::thumbnail
