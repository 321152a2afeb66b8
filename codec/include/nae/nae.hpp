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

// An open picture.
class Picture {
  public:
    static Picture open(const std::string& path, const nae_decoder_options* options = nullptr) {
        nae_decoder* decoder = nullptr;
        check(nae_open_file(path.c_str(), options, &decoder));
        return Picture(decoder);
    }
    // The bytes must outlive the picture.
    static Picture open(const void* bytes, size_t size, const nae_decoder_options* options = nullptr) {
        nae_decoder* decoder = nullptr;
        check(nae_open_memory(bytes, size, options, &decoder));
        return Picture(decoder);
    }

    nae_info info() const {
        nae_info result{};
        result.struct_size = sizeof(result);
        check(nae_get_info(decoder_.get(), &result));
        return result;
    }

    // Interleaved pixels of a window.
    std::vector<uint8_t> read(uint32_t x, uint32_t y, uint32_t width, uint32_t height) const {
        std::vector<uint8_t> pixels(size_t{width} * height * static_cast<size_t>(info().bands));
        check(nae_read_window(decoder_.get(), x, y, width, height, pixels.data(), 0, 0, 0));
        return pixels;
    }

    const nae_decoder* get() const { return decoder_.get(); }

  private:
    struct Close {
        void operator()(nae_decoder* decoder) const { nae_close(decoder); }
    };
    explicit Picture(nae_decoder* decoder) : decoder_(decoder) {}
    std::unique_ptr<nae_decoder, Close> decoder_;
};

}  // namespace nae::api

#endif  // NAE_NAE_HPP_
