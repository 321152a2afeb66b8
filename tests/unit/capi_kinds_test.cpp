// The C interface on pictures that are not 8-bit gray or RGB.
#include "codec/include/nae/nae.h"
#include "tests/unit/kinds_images.h"

using namespace nae;
using namespace nae::test;

namespace {

struct OpenPicture {
    explicit OpenPicture(std::vector<uint8_t> file) : bytes(std::move(file)) {
        REQUIRE(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_OK);
        info.struct_size = sizeof(info);
        REQUIRE(nae_get_info(decoder, &info) == NAE_OK);
    }
    ~OpenPicture() { nae_close(decoder); }
    OpenPicture(const OpenPicture&) = delete;
    OpenPicture& operator=(const OpenPicture&) = delete;

    template <class T>
    std::vector<T> read(nae_sample_type type, nae_layout layout, size_t channels, uint32_t level = 0) const {
        nae_window window{};
        window.struct_size = sizeof(window);
        window.level = level;
        window.width = level_side(info.width, static_cast<int>(level));
        window.height = level_side(info.height, static_cast<int>(level));
        std::vector<T> out(size_t{window.width} * window.height * channels);
        nae_buffer buffer{};
        buffer.struct_size = sizeof(buffer);
        buffer.sample_type = type;
        buffer.layout = layout;
        buffer.data = out.data();
        buffer.size = out.size() * sizeof(T);
        result = nae_read(decoder, &window, &buffer, nullptr, nullptr);
        return out;
    }

    const std::vector<uint8_t> bytes;
    nae_decoder* decoder = nullptr;
    nae_info info{};
    mutable nae_result result = NAE_OK;
};

}  // namespace

TEST_CASE("C interface: alpha and 16 bits, as they are and converted", "[capi][kinds]") {
    TestImage<uint16_t> image = waves<uint16_t>(70, 50, 4, DataType::uint16, 0, 65535);
    for (uint32_t i = 0; i < 50; ++i) image.at(i, i, 3) = static_cast<uint16_t>(257 * i);
    const OpenPicture picture(encoded(image, 60, 2));
    CHECK(picture.info.sample_type == NAE_UINT16);
    CHECK(picture.info.layout == NAE_RGBA);
    CHECK(picture.info.levels == 2);
    const auto own = picture.read<uint16_t>(NAE_SAMPLES_NATIVE, NAE_LAYOUT_NATIVE, 4);
    const auto bytes = picture.read<uint8_t>(NAE_UINT8, NAE_RGBA, 4);
    const auto real = picture.read<float>(NAE_FLOAT32, NAE_RGB, 3);
    CHECK(picture.result == NAE_OK);
    size_t wrong = 0;
    for (size_t i = 0; i < 70 * 50; ++i) {
        for (size_t c = 0; c < 4; ++c) {
            wrong += bytes[4 * i + c] != (own[4 * i + c] + 128) / 257;
            if (c < 3) wrong += real[3 * i + c] != static_cast<float>(own[4 * i + c]) / 65535.0f;
        }
        wrong += own[4 * i + 3] != image.pixels[4 * i + 3];
    }
    CHECK(wrong == 0);
    CHECK(picture.read<uint16_t>(NAE_UINT16, NAE_RGBA, 4, 1).size() == 35 * 25 * 4);
    CHECK(picture.result == NAE_OK);
}

TEST_CASE("C interface: other types and numbers of bands can be had as they are only", "[capi][kinds]") {
    TestImage<int16_t> image = waves<int16_t>(70, 50, 5, DataType::int16, -5, 3000);
    const OpenPicture picture(encoded(image));
    CHECK(picture.info.sample_type == NAE_INT16);
    CHECK(picture.info.layout == NAE_LAYOUT_NATIVE);
    CHECK(picture.info.bands == 5);
    const auto own = picture.read<int16_t>(NAE_SAMPLES_NATIVE, NAE_LAYOUT_NATIVE, 5);
    CHECK(picture.result == NAE_OK);
    CHECK(*std::max_element(own.begin(), own.end()) > 1000);
    picture.read<uint8_t>(NAE_UINT8, NAE_LAYOUT_NATIVE, 5);
    CHECK(picture.result == NAE_ERROR_INVALID_ARGUMENT);
    picture.read<int16_t>(NAE_SAMPLES_NATIVE, NAE_RGB, 3);
    CHECK(picture.result == NAE_ERROR_INVALID_ARGUMENT);
}

TEST_CASE("C interface: rows of 16-bit RGBA are measured in bytes", "[capi][kinds]") {
    const uint16_t pixels[8] = {};
    nae_picture picture{};
    picture.struct_size = sizeof(picture);
    picture.width = 2;
    picture.height = 1;
    picture.sample_type = NAE_UINT16;
    picture.layout = NAE_RGBA;
    picture.pixels = pixels;
    picture.row_stride = 8;  // a row has 16 bytes
    void* bytes = nullptr;
    size_t size = 0;
    CHECK(nae_encode_memory(&picture, nullptr, &bytes, &size) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(std::string(nae_last_error()).find("row_stride") != std::string::npos);
}
