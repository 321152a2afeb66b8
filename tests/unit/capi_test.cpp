// The C interface's reading side, called as a C program would, and its C++ wrapper. Writing: tests/capi.
#include <algorithm>
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
using nae::api::make;

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

// Bytes behind callbacks, which may be told to fail.
struct Stream {
    std::vector<uint8_t> bytes;
    int reads = 0;
    int releases = 0;
    bool broken = false;

    nae_source source() {
        auto result = make<nae_source>();
        result.size = bytes.size();
        result.user = this;
        result.read = [](void* user, uint64_t offset, void* to, size_t n) {
            auto& self = *static_cast<Stream*>(user);
            ++self.reads;
            if (self.broken || offset + n > self.bytes.size()) return 0;
            std::memcpy(to, self.bytes.data() + offset, n);
            return 1;
        };
        result.release = [](void* user) { ++static_cast<Stream*>(user)->releases; };
        return result;
    }
};

nae_buffer buffer_for(void* data, size_t size, nae_sample_type type, nae_layout layout) {
    auto buffer = make<nae_buffer>();
    buffer.sample_type = type;
    buffer.layout = layout;
    buffer.data = data;
    buffer.size = size;
    return buffer;
}

std::vector<uint8_t> with_metadata(const Picture& p, const nae::Metadata& metadata,
                                   nae::PreviewMode preview) {
    BlockMeans analysis;
    nae::EncoderOptions options = small_options(small_ready_model(), analysis);
    options.preview = preview;
    nae::MemoryImageSource image(p.pixels.data(), p.width, p.height, p.bands);
    nae::MemorySink sink;
    REQUIRE(nae::encode(options, image, metadata, sink).ok());
    return sink.take();
}

// A TIFF structure with one entry, the orientation.
std::string exif(bool big_endian, uint8_t orientation) {
    const std::string little("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0!\0\0\0\0\0\0\0", 26);
    const std::string big("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0!\0\0\0\0\0\0", 26);
    std::string tiff = big_endian ? big : little;
    tiff[tiff.find('!')] = static_cast<char>(orientation);
    return tiff;
}

}  // namespace

TEST_CASE("C interface: info and pixels from memory, file and callbacks", "[capi]") {
    const auto bytes = encode_small(make_picture(90, 61, 3));
    const std::vector<uint8_t> expected = decode_all(*open_bytes(bytes));
    const Temporary file;
    file.write(bytes);
    Stream stream{bytes};
    const nae_source source = stream.source();

    for (const char* from : {"memory", "file", "callbacks"}) {
        INFO(from);
        auto options = make<nae_decoder_options>();
        options.threads = 2;
        nae_decoder* decoder = nullptr;
        REQUIRE((from[0] == 'f'   ? nae_open_file(file.path.c_str(), &options, &decoder)
                 : from[0] == 'm' ? nae_open_memory(bytes.data(), bytes.size(), &options, &decoder)
                                  : nae_open_source(&source, &options, &decoder)) == NAE_OK);
        auto info = make<nae_info>();
        REQUIRE(nae_get_info(decoder, &info) == NAE_OK);
        CHECK(info.width == 90);
        CHECK(info.height == 61);
        CHECK(info.bands == 3);
        CHECK(info.sample_type == NAE_UINT8);
        CHECK(info.layout == NAE_RGB);
        CHECK(info.levels == 1);
        CHECK(info.tile_size == 64);
        CHECK(info.orientation == 1);
        CHECK(info.quality == 70);
        CHECK(info.has_embedded_model == 1);
        CHECK(info.has_preview == 0);
        CHECK(std::string(info.model_name) == "small");

        std::vector<uint8_t> pixels(expected.size());
        const nae_buffer whole =
            buffer_for(pixels.data(), pixels.size(), NAE_SAMPLES_NATIVE, NAE_LAYOUT_NATIVE);
        REQUIRE(nae_read(decoder, nullptr, &whole, nullptr, nullptr) == NAE_OK);
        CHECK((pixels == expected));
        nae_close(decoder);
    }
    CHECK(stream.reads > 0);
    CHECK(stream.releases == 1);
}

TEST_CASE("C interface: a source is released when opening fails, and its failures are reported", "[capi]") {
    Stream stream{encode_small(make_picture(20, 30, 1))};
    nae_decoder* decoder = nullptr;
    nae_source source = stream.source();
    source.name = "the wire";
    stream.broken = true;
    CHECK(nae_open_source(&source, nullptr, &decoder) == NAE_ERROR_IO);
    CHECK(std::string(nae_last_error()).find("the wire: ") == 0);
    CHECK(stream.releases == 1);
    stream.broken = false;
    REQUIRE(nae_open_source(&source, nullptr, &decoder) == NAE_OK);
    stream.broken = true;
    uint8_t pixel = 0;
    auto window = make<nae_window>();
    window.width = window.height = 1;
    const nae_buffer one = buffer_for(&pixel, 1, NAE_UINT8, NAE_GRAY);
    CHECK(nae_read(decoder, &window, &one, nullptr, nullptr) == NAE_ERROR_IO);
    nae_close(decoder);
    CHECK(stream.releases == 2);
    source.read = nullptr;
    CHECK(nae_open_source(&source, nullptr, &decoder) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(stream.releases == 3);
}

TEST_CASE("C interface: windows, strides, sample types and layouts", "[capi]") {
    for (const int bands : {1, 3}) {
        const auto n = static_cast<size_t>(bands);
        const auto bytes = encode_small(make_picture(150, 700, bands));  // two strips
        const std::vector<uint8_t> all = decode_all(*open_bytes(bytes));
        nae_decoder* decoder = nullptr;
        REQUIRE(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_OK);
        auto window = make<nae_window>();
        window.x = 7;
        window.y = 499;
        window.width = 61;
        window.height = 40;
        // Expected sample: channel c of a layout, on the scale of 8 bits; luma before rounding.
        const auto luma = [&](nae_layout layout) {
            return bands == 3 && (layout == NAE_GRAY || layout == NAE_GRAY_ALPHA);
        };
        const auto expected = [&](nae_layout layout, size_t x, size_t y, size_t c) -> double {
            const uint8_t* p = all.data() + ((window.y + y) * 150 + window.x + x) * n;
            const bool alpha = layout == NAE_GRAY_ALPHA || layout == NAE_RGBA;
            if (alpha && c + 1 == static_cast<size_t>(layout)) return 255;
            if (luma(layout)) return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
            return p[bands == 1 ? 0 : c];
        };
        for (const nae_layout layout : {NAE_GRAY, NAE_GRAY_ALPHA, NAE_RGB, NAE_RGBA}) {
            for (const nae_sample_type type : {NAE_UINT8, NAE_UINT16, NAE_FLOAT32}) {
                for (const bool planar : {false, true}) {
                    INFO("bands " << bands << ", layout " << layout << ", type " << type << ", planar "
                                  << planar);
                    const auto channels = static_cast<size_t>(layout);
                    const size_t sample = type == NAE_UINT8 ? 1 : type == NAE_UINT16 ? 2 : 4;
                    const size_t row = (61 * (planar ? 1 : channels) + 3) * sample, plane = row * 40;
                    std::vector<uint8_t> out(plane * (planar ? channels : 1) + 1, 0xee);
                    nae_buffer buffer = buffer_for(out.data(), out.size() - 1, type, layout);
                    buffer.row_stride = row;
                    buffer.band_stride = planar ? plane : 0;
                    REQUIRE(nae_read(decoder, &window, &buffer, nullptr, nullptr) == NAE_OK);
                    size_t wrong = 0;
                    for (size_t y = 0; y < 40; ++y) {
                        for (size_t x = 0; x < 61; ++x) {
                            for (size_t c = 0; c < channels; ++c) {
                                const uint8_t* at =
                                    out.data() + y * row +
                                    (planar ? c * plane + x * sample : (x * channels + c) * sample);
                                double value = *at;
                                if (type == NAE_UINT16) {
                                    uint16_t v;
                                    std::memcpy(&v, at, 2);
                                    value = v / 257.0;
                                } else if (type == NAE_FLOAT32) {
                                    float v;
                                    std::memcpy(&v, at, 4);
                                    value = 255.0 * static_cast<double>(v);
                                }
                                if (std::fabs(value - expected(layout, x, y, c)) >
                                    (luma(layout) ? 0.5001 : 1e-4))
                                    ++wrong;
                            }
                        }
                    }
                    CHECK(wrong == 0);
                    CHECK(out.back() == 0xee);
                    CHECK(out[61 * (planar ? 1 : channels) * sample] == 0xee);  // between the rows
                }
            }
        }
        nae_close(decoder);
    }
}

TEST_CASE("C interface: a buffer that does not fit is refused", "[capi]") {
    const auto bytes = encode_small(make_picture(20, 30, 3));
    nae_decoder* decoder = nullptr;
    REQUIRE(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_OK);
    std::vector<uint16_t> pixels(20 * 30 * 4);
    const nae_buffer good = buffer_for(pixels.data(), 20 * 30 * 3, NAE_UINT8, NAE_RGB);
    CHECK(nae_read(decoder, nullptr, &good, nullptr, nullptr) == NAE_OK);
    const auto refused = [&](const char* what, auto change) {
        INFO(what);
        nae_buffer bad = good;
        auto window = make<nae_window>();
        window.width = 20;
        window.height = 30;
        change(bad, window);
        CHECK(nae_read(decoder, &window, &bad, nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
        CHECK(std::string(nae_last_error()).find(what) != std::string::npos);
    };
    refused("struct_size", [](nae_buffer& b, nae_window&) { b.struct_size = 0; });
    refused("size", [](nae_buffer& b, nae_window&) { --b.size; });
    refused("size", [](nae_buffer& b, nae_window&) { b.row_stride = 61; });
    refused("size", [](nae_buffer& b, nae_window&) { b.band_stride = SIZE_MAX / 2; });
    refused("size", [](nae_buffer& b, nae_window&) { b.row_stride = SIZE_MAX / 2; });
    refused("row_stride", [](nae_buffer& b, nae_window&) { b.row_stride = 59; });
    refused("band_stride", [](nae_buffer& b, nae_window&) { b.band_stride = 599; });
    refused("data", [](nae_buffer& b, nae_window&) { b.data = nullptr; });
    refused("layout 5", [](nae_buffer& b, nae_window&) { b.layout = 5; });
    refused("sample_type 7", [](nae_buffer& b, nae_window&) { b.sample_type = 7; });
    refused("multiple", [](nae_buffer& b, nae_window&) {
        b.sample_type = NAE_UINT16;
        b.data = static_cast<uint8_t*>(b.data) + 1;
    });
    refused("window", [](nae_buffer&, nae_window& w) { w.x = 1; });
    refused("window", [](nae_buffer&, nae_window& w) { w.height = 0; });
    refused("window", [](nae_buffer&, nae_window& w) { w.y = 4000000000u; });
    refused("level 1", [](nae_buffer&, nae_window& w) { w.level = 1; });
    CHECK(nae_read(decoder, nullptr, nullptr, nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_read(nullptr, nullptr, &good, nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
    nae_close(decoder);
}

TEST_CASE("C interface: progress rises to 1 and can cancel", "[capi]") {
    const auto bytes = encode_small(make_picture(40, 1300, 1));
    nae_decoder* decoder = nullptr;
    REQUIRE(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_OK);
    std::vector<uint8_t> pixels(40 * 1300);
    const nae_buffer buffer = buffer_for(pixels.data(), pixels.size(), NAE_UINT8, NAE_GRAY);
    std::vector<double> seen;
    const nae_progress record = [](double done, void* user) {
        static_cast<std::vector<double>*>(user)->push_back(done);
        return 1;
    };
    REQUIRE(nae_read(decoder, nullptr, &buffer, record, &seen) == NAE_OK);
    REQUIRE(seen.size() == 3);
    CHECK(seen[0] < seen[1]);
    CHECK(seen[2] == 1.0);
    const nae_progress stop = [](double, void*) { return 0; };
    CHECK(nae_read(decoder, nullptr, &buffer, stop, nullptr) == NAE_ERROR_CANCELLED);
    nae_close(decoder);
}

TEST_CASE("C interface: metadata, orientation and preview", "[capi]") {
    const Picture p = make_picture(200, 100, 3);
    nae::Metadata metadata;
    metadata.set("", "TITLE", "Bench");
    metadata.set("NAE", "ICC", std::string("a\0b", 3));
    metadata.set("NAE", "EXIF", exif(false, 6));
    const auto bytes = with_metadata(p, metadata, nae::PreviewMode::always);
    nae_decoder* decoder = nullptr;
    REQUIRE(nae_open_memory(bytes.data(), bytes.size(), nullptr, &decoder) == NAE_OK);
    REQUIRE(nae_metadata_count(decoder) == 3);
    nae_metadata_item item{};
    REQUIRE(nae_get_metadata_item(decoder, 1, &item) == NAE_OK);
    CHECK(std::string(item.domain) == "NAE");
    CHECK(std::string(item.key) == "ICC");
    CHECK(std::string(static_cast<const char*>(item.value), item.size) == std::string("a\0b", 3));
    CHECK(nae_get_metadata_item(decoder, 3, &item) == NAE_ERROR_INVALID_ARGUMENT);
    const void* value = nullptr;
    size_t size = 0;
    REQUIRE(nae_get_metadata(decoder, "", "TITLE", &value, &size) == NAE_OK);
    CHECK(std::string(static_cast<const char*>(value)) == "Bench");
    CHECK(size == 5);
    CHECK(nae_get_metadata(decoder, "", "NOTHING", &value, &size) == NAE_OK);
    CHECK(value == nullptr);
    auto info = make<nae_info>();
    REQUIRE(nae_get_info(decoder, &info) == NAE_OK);
    CHECK(info.orientation == 6);
    CHECK(info.has_preview == 1);
    auto preview = make<nae_preview>();
    REQUIRE(nae_get_preview(decoder, &preview) == NAE_OK);
    CHECK(preview.width == 128);
    CHECK(preview.height == 64);
    CHECK(preview.layout == NAE_RGB);
    REQUIRE(preview.pixels != nullptr);
    CHECK(std::abs(preview.pixels[0] - p.pixels[0]) < 40);
    nae_close(decoder);
}

TEST_CASE("C interface: orientation out of any EXIF", "[capi]") {
    const Picture p = make_picture(8, 8, 1);
    const auto orientation = [&](const char* domain, const char* key, const std::string& value) {
        nae::Metadata metadata;
        metadata.set(domain, key, value);
        const auto bytes = with_metadata(p, metadata, nae::PreviewMode::never);
        return nae::api::Decoder::open(bytes.data(), bytes.size()).info().orientation;
    };
    for (uint8_t i = 1; i <= 8; ++i) {
        CHECK(orientation("NAE", "EXIF", exif(false, i)) == i);
        CHECK(orientation("NAE", "EXIF", exif(true, i)) == i);
        CHECK(orientation("", "EXIF_Orientation", std::to_string(i)) == i);
    }
    CHECK(orientation("NAE", "EXIF", exif(true, 0)) == 1);
    CHECK(orientation("NAE", "EXIF", exif(true, 9)) == 1);
    CHECK(orientation("", "EXIF_Orientation", "66") == 1);
    // Every shorter part of one, and one whose directory lies outside.
    for (size_t n = 0; n < 22; ++n) CHECK(orientation("NAE", "EXIF", exif(false, 6).substr(0, n)) == 1);
    std::string far = exif(false, 6);
    far.replace(4, 4, "\xff\xff\xff\xff");
    CHECK(orientation("NAE", "EXIF", far) == 1);
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
    CHECK(nae_has_signature(text, sizeof(text)) == 0);
    CHECK(nae_open_memory(text, sizeof(text), nullptr, &decoder) == NAE_ERROR_NOT_NAE);
    CHECK(nae_open_memory(nullptr, 0, nullptr, &decoder) == NAE_ERROR_TRUNCATED);
    CHECK(nae_open_memory(text, sizeof(text), nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_open_file(nullptr, nullptr, &decoder) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_open_source(nullptr, nullptr, &decoder) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_metadata_count(nullptr) == 0);
    nae_close(nullptr);
    nae_free(nullptr);

    auto bytes = encode_small(make_picture(20, 30, 1));
    CHECK(nae_has_signature(bytes.data(), 8) == 1);
    CHECK(nae_has_signature(bytes.data(), 7) == 0);
    auto options = make<nae_decoder_options>();
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

TEST_CASE("C interface: a damaged tile fails a strict read and is reported by a lenient one", "[capi]") {
    auto bytes = encode_small(make_picture(200, 200, 1));
    const std::string type = "TDAT";
    *(std::search(bytes.begin(), bytes.end(), type.begin(), type.end()) + 12 + 3) ^= 1;  // in the first tile
    std::vector<uint8_t> pixels(200 * 200);
    const nae_buffer buffer = buffer_for(pixels.data(), pixels.size(), NAE_UINT8, NAE_GRAY);
    std::string said;
    for (const int lenient : {0, 1}) {
        auto options = make<nae_decoder_options>();
        options.lenient = lenient;
        options.user = &said;
        options.damage = [](const char* message, void* user) { *static_cast<std::string*>(user) += message; };
        nae_decoder* decoder = nullptr;
        REQUIRE(nae_open_memory(bytes.data(), bytes.size(), &options, &decoder) == NAE_OK);
        CHECK(nae_read(decoder, nullptr, &buffer, nullptr, nullptr) ==
              (lenient ? NAE_OK : NAE_ERROR_CORRUPT));
        CHECK(said.empty() == (lenient == 0));
        nae_close(decoder);
    }
    CHECK(said.find("CRC") != std::string::npos);
}

TEST_CASE("C++ wrapper: reads and throws", "[capi]") {
    const auto bytes = encode_small(make_picture(33, 20, 3));
    const auto picture = nae::api::Decoder::open(bytes.data(), bytes.size());
    CHECK(picture.info().width == 33);
    CHECK((picture.read(NAE_LAYOUT_NATIVE) == decode_all(*open_bytes(bytes))));
    CHECK(picture.read(NAE_RGBA, 3, 4, 5, 6).size() == 5 * 6 * 4);
    CHECK(picture.metadata("", "NOTHING").empty());
    CHECK_THROWS_AS(picture.read(NAE_RGB, 0, 0, 34, 20), nae::api::Error);
    CHECK_THROWS_WITH(nae::api::Decoder::open("/nonexistent/x.nae"), Catch::Contains("x.nae"));
}
