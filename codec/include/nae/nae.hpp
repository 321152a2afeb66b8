// A thin C++17 wrapper of nae.h, header only: ownership by objects, errors as exceptions of the caller's
// side.
#ifndef NAE_NAE_HPP_
#define NAE_NAE_HPP_

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nae/nae.h"

namespace nae::api {

class Error : public std::runtime_error {
  public:
    explicit Error(nae_result code) : std::runtime_error(nae_last_error()), code_(code) {}
    nae_result code() const { return code_; }

  private:
    nae_result code_;
};

inline void check(nae_result result) {
    if (result != NAE_OK) throw Error(result);
}

// A struct of nae.h with struct_size set and everything else at its default.
template <class Struct>
Struct make() {
    Struct result{};
    result.struct_size = sizeof(result);
    return result;
}

// Pixels a side of an overview, or of the picture itself (level 0), of a picture so long.
inline uint32_t level_side(uint32_t pixels, uint32_t level) {
    return static_cast<uint32_t>((uint64_t{pixels} + (uint64_t{1} << level) - 1) >> level);
}

// The smallest overview that is no smaller than width x height: what a picture of that size is best made from. 0
// where there is none.
inline uint32_t level_for(const nae_info& info, uint32_t width, uint32_t height) {
    uint32_t level = 0;
    while (level + 1 < static_cast<uint32_t>(info.levels) && level_side(info.width, level + 1) >= width &&
           level_side(info.height, level + 1) >= height)
        ++level;
    return level;
}

// An open picture.
class Decoder {
  public:
    static Decoder open(const std::string& path, const nae_decoder_options* options = nullptr) {
        nae_decoder* decoder = nullptr;
        check(nae_open_file(path.c_str(), options, &decoder));
        return Decoder(decoder);
    }
    // The bytes must outlive the decoder.
    static Decoder open(const void* bytes, size_t size, const nae_decoder_options* options = nullptr) {
        nae_decoder* decoder = nullptr;
        check(nae_open_memory(bytes, size, options, &decoder));
        return Decoder(decoder);
    }
    static Decoder open(const nae_source& source, const nae_decoder_options* options = nullptr) {
        nae_decoder* decoder = nullptr;
        check(nae_open_source(&source, options, &decoder));
        return Decoder(decoder);
    }

    nae_info info() const {
        auto result = make<nae_info>();
        check(nae_get_info(decoder_.get(), &result));
        return result;
    }

    // "" when there is none.
    std::string metadata(const std::string& domain, const std::string& key) const {
        const void* value = nullptr;
        size_t size = 0;
        check(nae_get_metadata(decoder_.get(), domain.c_str(), key.c_str(), &value, &size));
        return value != nullptr ? std::string(static_cast<const char*>(value), size) : std::string();
    }

    // All pixels, dense and interleaved, as 8-bit samples.
    std::vector<uint8_t> read(nae_layout layout) const {
        const nae_info size = info();
        return read(layout, 0, 0, size.width, size.height);
    }
    // Those of a window.
    std::vector<uint8_t> read(nae_layout layout, uint32_t x, uint32_t y, uint32_t width,
                              uint32_t height) const {
        auto window = make<nae_window>();
        window.x = x;
        window.y = y;
        window.width = width;
        window.height = height;
        const auto channels = static_cast<size_t>(layout == NAE_LAYOUT_NATIVE ? info().bands : layout);
        std::vector<uint8_t> pixels(size_t{width} * height * channels);
        auto buffer = make<nae_buffer>();
        buffer.sample_type = NAE_UINT8;
        buffer.layout = layout;
        buffer.data = pixels.data();
        buffer.size = pixels.size();
        check(nae_read(decoder_.get(), &window, &buffer, nullptr, nullptr));
        return pixels;
    }

    // For everything else of nae.h.
    const nae_decoder* get() const { return decoder_.get(); }

  private:
    struct Close {
        void operator()(nae_decoder* decoder) const { nae_close(decoder); }
    };
    explicit Decoder(nae_decoder* decoder) : decoder_(decoder) {}
    std::unique_ptr<nae_decoder, Close> decoder_;
};

}  // namespace nae::api

#endif  // NAE_NAE_HPP_
