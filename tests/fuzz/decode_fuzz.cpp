// A whole picture, with the model it brings along, through the C interface. What opens must give the same pixels
// as a whole, as a window, and with the scalar engine; "internal error" must never appear.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "codec/include/nae/nae.h"

namespace {

constexpr uint64_t kWholePixels = 1u << 14;  // larger pictures are looked at through a window
constexpr uint32_t kSide = 24;

void demand(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

bool succeeded(nae_result result) {
    if (result == NAE_OK) return true;
    std::fprintf(stderr, "%s", result == NAE_ERROR_INTERNAL ? nae_last_error() : "");
    demand(result != NAE_ERROR_INTERNAL, ": internal error");
    demand(nae_last_error()[0] != '\0', "an error without a message");
    return false;
}

// Small limits: memory or time that follows a number in the file must show up as a fault.
nae_decoder_options fuzz_options() {
    nae_decoder_options options{};
    options.struct_size = sizeof(options);
    options.threads = 1;
    options.max_pixels = 1u << 24;
    options.max_tiles = 4096;
    options.max_metadata_bytes = 1u << 20;
    options.max_model_bytes = 1u << 20;
    options.max_operations_per_pixel = 1000;
    options.max_tensor_bytes = 8u << 20;
    return options;
}

// A decoder, or null where the file is refused.
struct Picture {
    Picture(const uint8_t* data, size_t size, const nae_decoder_options& options) {
        info.struct_size = sizeof(info);
        if (!succeeded(nae_open_memory(data, size, &options, &decoder))) return;
        demand(nae_get_info(decoder, &info) == NAE_OK, "no info");
    }
    ~Picture() { nae_close(decoder); }
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;

    bool read(uint32_t x, uint32_t y, uint32_t w, uint32_t h, std::vector<uint8_t>& pixels) const {
        pixels.assign(size_t{w} * h * pixel_bytes(), 0);
        nae_window window{};
        window.struct_size = sizeof(window);
        window.x = x;
        window.y = y;
        window.width = w;
        window.height = h;
        nae_buffer buffer{};
        buffer.struct_size = sizeof(buffer);
        buffer.data = pixels.data();
        buffer.size = pixels.size();
        return succeeded(nae_read(decoder, &window, &buffer, nullptr, nullptr));
    }

    size_t pixel_bytes() const {
        const bool half = info.sample_type == NAE_UINT16 || info.sample_type == NAE_INT16;
        const size_t sample = info.sample_type == NAE_UINT8 ? 1 : half ? 2 : 4;
        return static_cast<size_t>(info.bands) * sample;
    }

    nae_decoder* decoder = nullptr;
    nae_info info{};
};

void compare_with_crop(const Picture& picture, const std::vector<uint8_t>& whole) {
    const nae_info& info = picture.info;
    const uint32_t x = info.width / 3, y = info.height / 2;
    const uint32_t w = std::min(info.width - x, kSide), h = std::min(info.height - y, kSide);
    std::vector<uint8_t> window;
    demand(picture.read(x, y, w, h, window), "a window of a readable picture cannot be read");
    const size_t row = w * picture.pixel_bytes();
    for (uint32_t i = 0; i < h; ++i)
        demand(std::memcmp(&window[i * row],
                           &whole[((y + i) * size_t{info.width} + x) * picture.pixel_bytes()], row) == 0,
               "a window differs from the crop");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    nae_decoder_options options = fuzz_options();
    const Picture picture(data, size, options);
    if (picture.decoder == nullptr) return 0;
    const void* value = nullptr;
    size_t value_size = 0;
    demand(nae_get_metadata(picture.decoder, "NAE", "ICC", &value, &value_size) == NAE_OK, "no metadata");

    const nae_info& info = picture.info;
    std::vector<uint8_t> pixels;
    if (uint64_t{info.width} * info.height > kWholePixels) {
        const uint32_t w = std::min(info.width, kSide), h = std::min(info.height, kSide);
        picture.read(info.width - w, info.height - h, w, h, pixels);
        return 0;
    }
    if (picture.read(0, 0, info.width, info.height, pixels)) {
        compare_with_crop(picture, pixels);
        setenv("NAE_ENGINE", "scalar", 1);
        std::vector<uint8_t> scalar;
        demand(Picture(data, size, options).read(0, 0, info.width, info.height, scalar),
               "the scalar engine fails");
        unsetenv("NAE_ENGINE");
        demand(scalar == pixels, "the scalar engine gives other pixels");
    } else {
        options.lenient = 1;
        const Picture lenient(data, size, options);
        demand(lenient.decoder != nullptr, "refused the second time");
        lenient.read(0, 0, info.width, info.height, pixels);
    }
    return 0;
}
