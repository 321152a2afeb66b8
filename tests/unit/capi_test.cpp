// The C interface, called as a C program would, and its C++ wrapper.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "codec/include/nae/nae.h"
#include "codec/include/nae/nae.hpp"
#include "tests/unit/small_codec.h"

using namespace nae::test;

namespace {

// A folder of its own, with a path in it that is free.
struct Temporary {
    Temporary() {
        char name[] = "/tmp/nae-capi-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        folder = name;
        path = folder + "/picture.nae";
    }
    ~Temporary() {
        std::remove(path.c_str());
        CHECK(std::remove(folder.c_str()) == 0);  // fails when anything else was left in it
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    void write(const std::vector<uint8_t>& bytes) const {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        REQUIRE(file != nullptr);
        REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
        std::fclose(file);
    }
    std::string folder, path;
};

}  // namespace

TEST_CASE("C interface: info and pixels from memory and from a file", "[capi]") {
    const auto bytes = encode_small(make_picture(90, 61, 3));
    const std::vector<uint8_t> expected = decode_all(*open_bytes(bytes));
    const Temporary file;
    file.write(bytes);

    for (const bool from_file : {false, true}) {
        nae_decoder_options options;
        nae_decoder_options_init(&options);
        CHECK(options.struct_size == sizeof(options));
        options.threads = 2;
        nae_decoder* decoder = nullptr;
        REQUIRE((from_file ? nae_open_file(file.path.c_str(), &options, &decoder)
                           : nae_open_memory(bytes.data(), bytes.size(), &options, &decoder)) == NAE_OK);
        nae_info info{};
        info.struct_size = sizeof(info);
        REQUIRE(nae_get_info(decoder, &info) == NAE_OK);
        CHECK(info.width == 90);
        CHECK(info.height == 61);
        CHECK(info.bands == 3);
        CHECK(info.tile_size == 64);
        CHECK(info.quality == 70);
        CHECK(info.has_embedded_model == 1);
        CHECK(std::string(info.model_name) == "small");

        std::vector<uint8_t> pixels(expected.size());
        REQUIRE(nae_read_window(decoder, 0, 0, 90, 61, pixels.data(), 0, 0, 0) == NAE_OK);
        CHECK((pixels == expected));
        uint8_t one[3] = {};
        REQUIRE(nae_read_window(decoder, 89, 60, 1, 1, one, 3, 3, 1) == NAE_OK);
        CHECK(std::memcmp(one, expected.data() + expected.size() - 3, 3) == 0);

        const void* value = one;
        size_t size = 1;
        CHECK(nae_get_metadata(decoder, "", "NOTHING", &value, &size) == NAE_OK);
        CHECK(value == nullptr);
        CHECK(size == 0);
        nae_close(decoder);
    }
}

TEST_CASE("C interface: older callers' smaller structs are respected", "[capi]") {
    const auto bytes = encode_small(make_picture(20, 30, 1));
    nae_decoder* decoder = nullptr;
    nae_decoder_options options;
    std::memset(&options, 0xee, sizeof(options));
    options.struct_size = 8;  // this caller knows `threads` only
    options.threads = 1;
    REQUIRE(nae_open_memory(bytes.data(), bytes.size(), &options, &decoder) == NAE_OK);
    nae_info info;
    std::memset(&info, 0xee, sizeof(info));
    info.struct_size = 12;
    REQUIRE(nae_get_info(decoder, &info) == NAE_OK);
    CHECK(info.width == 20);
    CHECK(info.height == 30);
    CHECK(info.bands == static_cast<int32_t>(0xeeeeeeee));
    info.struct_size = 0;
    CHECK(nae_get_info(decoder, &info) == NAE_ERROR_INVALID_ARGUMENT);
    nae_close(decoder);
}

TEST_CASE("C interface: errors have codes and say what is wrong", "[capi]") {
    nae_decoder* decoder = reinterpret_cast<nae_decoder*>(1);
    CHECK(nae_open_file("/nonexistent/photo.nae", nullptr, &decoder) == NAE_ERROR_IO);
    CHECK(decoder == nullptr);
    CHECK(std::string(nae_last_error()).find("/nonexistent/photo.nae") != std::string::npos);
    const char text[] = "This is a text file, not a picture.";
    CHECK(nae_open_memory(text, sizeof(text), nullptr, &decoder) == NAE_ERROR_NOT_NAE);
    CHECK(nae_open_memory(nullptr, 0, nullptr, &decoder) == NAE_ERROR_TRUNCATED);
    CHECK(nae_open_memory(text, sizeof(text), nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_open_file(nullptr, nullptr, &decoder) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_read_window(nullptr, 0, 0, 1, 1, nullptr, 0, 0, 0) == NAE_ERROR_INVALID_ARGUMENT);
    nae_close(nullptr);
    nae_free(nullptr);

    auto bytes = encode_small(make_picture(20, 30, 1));
    nae_decoder_options options;
    nae_decoder_options_init(&options);
    options.max_pixels = 599;
    CHECK(nae_open_memory(bytes.data(), bytes.size(), &options, &decoder) == NAE_ERROR_LIMIT_EXCEEDED);
    bytes[30] ^= 1;
    CHECK(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_ERROR_CORRUPT);
    const std::string here = nae_last_error();
    std::thread([] { CHECK(std::string(nae_last_error()).empty()); }).join();
    CHECK(nae_last_error() == here);
    for (int i = NAE_OK; i <= NAE_ERROR_INTERNAL; ++i)
        CHECK(std::strlen(nae_result_text(static_cast<nae_result>(i))) > 1);
    CHECK(std::string(nae_version()).find('.') != std::string::npos);
}

TEST_CASE("C interface: encoding checks its arguments and leaves no file behind", "[capi]") {
    const Picture p = make_picture(20, 30, 3);
    nae_picture picture{p.pixels.data(), 20, 30, 3, 0, 0};
    nae_encoder_options options;
    nae_encoder_options_init(&options);
    CHECK(options.quality == 75);
    CHECK(options.effort == 5);
    options.model = "no-such-model";
    void* bytes = &options;
    size_t size = 7;
    CHECK(nae_encode_memory(&picture, &options, &bytes, &size) == NAE_ERROR_MODEL_NOT_FOUND);
    CHECK(bytes == nullptr);
    CHECK(size == 0);
    CHECK(std::string(nae_last_error()).find("no-such-model") != std::string::npos);
    CHECK(nae_encode_memory(nullptr, &options, &bytes, &size) == NAE_ERROR_INVALID_ARGUMENT);
    const Temporary file;
    CHECK(nae_encode_file(&picture, &options, file.path.c_str()) == NAE_ERROR_MODEL_NOT_FOUND);
    std::FILE* written = std::fopen(file.path.c_str(), "rb");
    CHECK(written == nullptr);
    if (written != nullptr) std::fclose(written);
}

TEST_CASE("C++ wrapper: reads and throws", "[capi]") {
    const auto bytes = encode_small(make_picture(33, 20, 3));
    const auto picture = nae::api::Picture::open(bytes.data(), bytes.size());
    CHECK(picture.info().width == 33);
    CHECK((picture.read(0, 0, 33, 20) == decode_all(*open_bytes(bytes))));
    CHECK_THROWS_AS(picture.read(0, 0, 34, 20), nae::api::Error);
    CHECK_THROWS_WITH(nae::api::Picture::open("/nonexistent/x.nae"), Catch::Contains("x.nae"));
}
