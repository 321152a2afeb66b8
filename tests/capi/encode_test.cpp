// Writing through the C interface with the loadable module (the stand-in of tests/support), and reading it back.
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "nae/nae.h"
#include "nae/nae.hpp"

using nae::api::make;

namespace {

constexpr uint32_t kWidth = 150, kHeight = 100;

std::vector<uint8_t> gradient(size_t bands) {
    std::vector<uint8_t> pixels;
    for (size_t y = 0; y < kHeight; ++y)
        for (size_t x = 0; x < kWidth; ++x)
            for (size_t b = 0; b < bands; ++b)
                pixels.push_back(static_cast<uint8_t>(40 + x + (b + 1) * y / 4));
    return pixels;
}

nae_picture picture_of(const std::vector<uint8_t>& pixels, nae_layout layout) {
    auto picture = make<nae_picture>();
    picture.width = kWidth;
    picture.height = kHeight;
    picture.sample_type = NAE_UINT8;
    picture.layout = layout;
    picture.pixels = pixels.data();
    return picture;
}

nae_encoder_options block_model() {
    auto options = make<nae_encoder_options>();
    options.model = "block";
    options.quality = 95;
    return options;
}

std::vector<uint8_t> encode(const nae_picture& picture, const nae_encoder_options& options) {
    void* bytes = nullptr;
    size_t size = 0;
    const nae_result result = nae_encode_memory(&picture, &options, &bytes, &size);
    INFO(nae_last_error());
    REQUIRE(result == NAE_OK);
    const auto* begin = static_cast<const uint8_t*>(bytes);
    std::vector<uint8_t> copy(begin, begin + size);
    nae_free(bytes);
    return copy;
}

double mean_error(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
    REQUIRE(a.size() == b.size());
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("Encoding to memory, sink and file gives the same bytes, and they decode") {
    for (const nae_layout layout : {NAE_GRAY, NAE_RGB}) {
        const auto pixels = gradient(static_cast<size_t>(layout));
        const nae_picture picture = picture_of(pixels, layout);
        const nae_encoder_options options = block_model();
        const std::vector<uint8_t> bytes = encode(picture, options);

        std::vector<uint8_t> streamed;
        auto sink = make<nae_sink>();
        sink.user = &streamed;
        sink.write = [](void* user, const void* from, size_t n) {
            const auto* begin = static_cast<const uint8_t*>(from);
            auto& to = *static_cast<std::vector<uint8_t>*>(user);
            to.insert(to.end(), begin, begin + n);
            return 1;
        };
        REQUIRE(nae_encode(&picture, &options, &sink) == NAE_OK);
        CHECK((streamed == bytes));

        const std::string path = "capi-encode-test.nae";
        REQUIRE(nae_encode_file(&picture, &options, path.c_str()) == NAE_OK);
        const auto decoder = nae::api::Decoder::open(path);
        CHECK(decoder.info().layout == layout);
        CHECK(decoder.info().quality == 95);
        CHECK(std::string(decoder.info().model_name) == "block");
        const auto back = decoder.read(layout);
        CHECK((back == nae::api::Decoder::open(bytes.data(), bytes.size()).read(layout)));
        CHECK(mean_error(pixels, back) < 8);
        std::remove(path.c_str());
    }
}

TEST_CASE("Encoding from rows, with a stride, metadata, preview and embedded model") {
    const auto pixels = gradient(3);
    nae_encoder_options options = block_model();
    options.embed_model = 1;
    options.preview = NAE_PREVIEW_ALWAYS;
    options.tile_size = 64;
    nae_picture picture = picture_of(pixels, NAE_RGB);
    const nae_metadata_item items[] = {{"", "TITLE", "A ramp", 6}, {"NAE", "ICC", "p\0q", 3}};
    picture.metadata = items;
    picture.metadata_count = 2;
    const auto expected = encode(picture, options);

    std::vector<uint8_t> wide;
    for (size_t y = 0; y < kHeight; ++y) {
        wide.insert(wide.end(), pixels.begin() + static_cast<ptrdiff_t>(y * kWidth * 3),
                    pixels.begin() + static_cast<ptrdiff_t>((y + 1) * kWidth * 3));
        wide.resize(wide.size() + 11, 0xee);
    }
    picture.pixels = wide.data();
    picture.row_stride = kWidth * 3 + 11;
    CHECK((encode(picture, options) == expected));

    struct Rows {
        const std::vector<uint8_t>& pixels;
        uint32_t next;
    } rows{pixels, 0};
    picture.pixels = nullptr;
    picture.row_stride = 0;
    picture.user = &rows;
    picture.read_rows = [](void* user, uint32_t y, uint32_t count, void* to) {
        auto& self = *static_cast<Rows*>(user);
        if (y != self.next) return 0;  // once each, in order
        self.next = y + count;
        std::memcpy(to, self.pixels.data() + size_t{y} * kWidth * 3, size_t{count} * kWidth * 3);
        return 1;
    };
    CHECK((encode(picture, options) == expected));
    CHECK(rows.next == kHeight);

    const auto decoder = nae::api::Decoder::open(expected.data(), expected.size());
    CHECK(decoder.info().has_embedded_model == 1);
    CHECK(decoder.info().has_preview == 1);
    CHECK(decoder.metadata("", "TITLE") == "A ramp");
    CHECK(decoder.metadata("NAE", "ICC") == std::string("p\0q", 3));
}

TEST_CASE("Encoding: what is wrong is named, and leaves nothing behind") {
    const auto pixels = gradient(3);
    const nae_picture good = picture_of(pixels, NAE_RGB);
    const auto refused = [&](nae_result code, const char* what, auto change) {
        nae_picture picture = good;
        nae_encoder_options options = block_model();
        change(picture, options);
        void* bytes = &options;
        size_t size = 7;
        CHECK(nae_encode_memory(&picture, &options, &bytes, &size) == code);
        CHECK(bytes == nullptr);
        CHECK(size == 0);
        CHECK_THAT(nae_last_error(), Catch::Contains(what));
        CHECK(nae_encode_file(&picture, &options, "capi-refused.nae") == code);
        std::FILE* written = std::fopen("capi-refused.nae", "rb");
        CHECK(written == nullptr);
        if (written != nullptr) std::fclose(written);
    };
    using P = nae_picture;
    using O = nae_encoder_options;
    refused(NAE_ERROR_INVALID_ARGUMENT, "struct_size", [](P& p, O&) { p.struct_size = 0; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "pixels", [](P& p, O&) { p.pixels = nullptr; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "0x100", [](P& p, O&) { p.width = 0; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "sample_type 0", [](P& p, O&) { p.sample_type = 0; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "layout 9", [](P& p, O&) { p.layout = 9; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "row_stride", [](P& p, O&) { p.row_stride = 9; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "metadata", [](P& p, O&) { p.metadata_count = 1; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "quality 101", [](P&, O& o) { o.quality = 101; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "effort 10", [](P&, O& o) { o.effort = 10; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "tile size 100", [](P&, O& o) { o.tile_size = 100; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "preview", [](P&, O& o) { o.preview = 7; });
    refused(NAE_ERROR_INVALID_ARGUMENT, "tune", [](P&, O& o) { o.tune = 2; });
    refused(NAE_ERROR_MODEL_NOT_FOUND, "no-such-model", [](P&, O& o) { o.model = "no-such-model"; });
    refused(NAE_ERROR_IO, "read_rows", [](P& p, O&) {
        p.pixels = nullptr;
        p.read_rows = [](void*, uint32_t, uint32_t, void*) { return 0; };
    });
    refused(NAE_ERROR_CANCELLED, "cancelled", [](P&, O& o) { o.progress = [](double, void*) { return 0; }; });

    const nae_encoder_options options = block_model();
    auto sink = make<nae_sink>();
    CHECK(nae_encode(&good, &options, &sink) == NAE_ERROR_INVALID_ARGUMENT);
    sink.write = [](void*, const void*, size_t) { return 0; };
    sink.name = "full disk";
    CHECK(nae_encode(&good, &options, &sink) == NAE_ERROR_IO);
    CHECK_THAT(nae_last_error(), Catch::Contains("full disk"));
    CHECK(nae_encode_file(nullptr, nullptr, "x.nae") == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_encode_file(&good, nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
    CHECK(nae_encode_file(&good, &options, "/no/such/folder/x.nae") == NAE_ERROR_IO);
}

TEST_CASE("Models are listed") {
    std::vector<std::string> names;
    REQUIRE(nae_list_models(
                [](const nae_model* model, void* user) {
                    if (model->problem == nullptr && model->can_encode)
                        static_cast<std::vector<std::string>*>(user)->push_back(model->name);
                    return 1;
                },
                &names) == NAE_OK);
    CHECK_THAT(names,
               Catch::VectorContains(std::string("block")) && Catch::VectorContains(std::string("other")));
    int calls = 0;
    REQUIRE(nae_list_models([](const nae_model*, void* user) { return ++*static_cast<int*>(user), 0; },
                            &calls) == NAE_OK);
    CHECK(calls == 1);
    CHECK(nae_list_models(nullptr, nullptr) == NAE_ERROR_INVALID_ARGUMENT);
}
