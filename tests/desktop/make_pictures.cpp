// make_pictures FOLDER: the pictures that the tests of the plugins open, good and broken, through nae.h and the
// stand-in model "block". The broken ones are every way in which a file can be refused.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nae/nae.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "format/crc32.h"
#include "format/little_endian.h"

namespace {

using Bytes = std::vector<uint8_t>;

// A picture with a bright top left corner, so that turning and mirroring show.
Bytes pixels(uint32_t width, uint32_t height, size_t bands) {
    Bytes out;
    for (uint32_t y = 0; y < height; ++y)
        for (uint32_t x = 0; x < width; ++x)
            for (size_t b = 0; b < bands; ++b)
                out.push_back(x < width / 2 && y < height / 2 ? static_cast<uint8_t>(230 - 40 * b)
                                                              : static_cast<uint8_t>(40 + 30 * b));
    return out;
}

// The same with 16 bits; alpha is opaque but in the lower half, where it is a third.
std::vector<uint16_t> deep_pixels(uint32_t width, uint32_t height, size_t bands) {
    std::vector<uint16_t> out;
    const Bytes samples = pixels(width, height, bands);
    for (size_t i = 0; i < samples.size(); ++i) {
        const bool alpha = bands == 4 && i % 4 == 3;
        const bool lower = i / bands / width >= height / 2;
        out.push_back(static_cast<uint16_t>(alpha ? (lower ? 0x5555 : 0xffff) : samples[i] * 257 + 3));
    }
    return out;
}

Bytes encode(uint32_t width, uint32_t height, nae_layout layout, nae_preview_mode preview,
             const std::vector<nae_metadata_item>& metadata, bool deep = false, bool overviews = false) {
    const Bytes samples = pixels(width, height, static_cast<size_t>(layout));
    const std::vector<uint16_t> deep_samples = deep_pixels(width, height, static_cast<size_t>(layout));
    auto picture = nae::api::make<nae_picture>();
    picture.width = width;
    picture.height = height;
    picture.sample_type = deep ? NAE_UINT16 : NAE_UINT8;
    picture.layout = layout;
    picture.pixels = deep ? static_cast<const void*>(deep_samples.data()) : samples.data();
    picture.metadata = metadata.data();
    picture.metadata_count = metadata.size();
    auto options = nae::api::make<nae_encoder_options>();
    options.model = "block";
    options.quality = 90;
    options.tile_size = 64;
    options.preview = preview;
    options.overviews = overviews ? 1 : 0;
    void* bytes = nullptr;
    size_t size = 0;
    nae::api::check(nae_encode_memory(&picture, &options, &bytes, &size));
    const auto* begin = static_cast<const uint8_t*>(bytes);
    Bytes result(begin, begin + size);
    nae_free(bytes);
    return result;
}

void write(const std::string& path, const Bytes& bytes) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() ||
        std::fclose(file) != 0)
        throw std::runtime_error(path + ": cannot be written");
}

// HEAD's payload begins after the signature and the chunk's type and length; its CRC covers the type too.
constexpr size_t kHeadType = 8, kHeadLength = 12, kHeadPayload = 20;

Bytes with_header(Bytes file, size_t offset, const Bytes& replacement) {
    std::copy(replacement.begin(), replacement.end(),
              file.begin() + static_cast<ptrdiff_t>(kHeadPayload + offset));
    const size_t length = file[kHeadLength];
    Bytes covered(file.begin() + kHeadType, file.begin() + kHeadType + 4);
    covered.insert(covered.end(), file.begin() + kHeadPayload,
                   file.begin() + static_cast<ptrdiff_t>(kHeadPayload + length));
    Bytes crc;
    nae::append_le(crc, nae::crc32_of(covered.data(), covered.size()));
    std::copy(crc.begin(), crc.end(), file.begin() + static_cast<ptrdiff_t>(kHeadPayload + length));
    return file;
}

// A preview whose chunk is whole and whose samples are not: its last byte is another one.
Bytes with_damaged_preview(Bytes file) {
    const std::string type = "pREV";
    const auto chunk = std::search(file.begin(), file.end(), type.begin(), type.end());
    constexpr ptrdiff_t kTypeBytes = 4, kBeforePayload = 12;
    const auto length = static_cast<ptrdiff_t>(nae::load_le<uint64_t>(&*chunk + kTypeBytes));
    const auto payload = chunk + kBeforePayload;
    payload[length - 1] ^= 0xFF;
    const uint32_t of_type = nae::crc32_of(&*chunk, kTypeBytes);
    nae::store_le(nae::crc32_of(&*payload, static_cast<size_t>(length), of_type), &*(payload + length));
    return file;
}

void make(const std::string& folder) {
    const std::string exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 26);
    const std::string icc = "not a profile, but bytes";
    const Bytes colour = encode(300, 200, NAE_RGB, NAE_PREVIEW_NEVER, {});
    write(folder + "/colour.nae", colour);
    write(folder + "/gray.nae", encode(90, 130, NAE_GRAY, NAE_PREVIEW_NEVER, {}));
    const Bytes preview = encode(300, 200, NAE_RGB, NAE_PREVIEW_ALWAYS, {});
    write(folder + "/preview.nae", preview);
    write(folder + "/damaged-preview.nae", with_damaged_preview(preview));
    write(folder + "/turned.nae",
          encode(300, 200, NAE_RGB, NAE_PREVIEW_ALWAYS,
                 {{"NAE", "EXIF", exif.data(), exif.size()}, {"NAE", "ICC", icc.data(), icc.size()}}));

    write(folder + "/alpha.nae", encode(300, 200, NAE_RGBA, NAE_PREVIEW_ALWAYS, {}));
    write(folder + "/deep.nae", encode(300, 200, NAE_RGB, NAE_PREVIEW_NEVER, {}, true));
    write(folder + "/deep-gray.nae", encode(300, 200, NAE_GRAY, NAE_PREVIEW_NEVER, {}, true));
    write(folder + "/deep-alpha.nae", encode(300, 200, NAE_RGBA, NAE_PREVIEW_NEVER, {}, true));
    // The picture itself is damaged, its overviews are not: who reads it small must not notice.
    Bytes overviews = encode(300, 200, NAE_RGB, NAE_PREVIEW_NEVER, {}, false, true);
    const std::string tiles = "TDAT";
    *(std::search(overviews.begin(), overviews.end(), tiles.begin(), tiles.end()) + 12) ^= 1;
    write(folder + "/overviews.nae", overviews);

    const auto part = [&](size_t n) {
        return Bytes(colour.begin(), colour.begin() + static_cast<ptrdiff_t>(n));
    };
    write(folder + "/broken-empty.nae", {});
    write(folder + "/broken-text.nae", Bytes(500, 'x'));
    write(folder + "/broken-signature-only.nae", part(8));
    write(folder + "/broken-cut-in-header.nae", part(30));
    write(folder + "/broken-cut-in-tiles.nae", part(colour.size() - 60));
    Bytes damaged = colour;
    damaged[kHeadPayload + 5] ^= 1;
    write(folder + "/broken-header-crc.nae", damaged);
    damaged = colour;
    damaged[damaged.size() - 60] ^= 1;
    write(folder + "/broken-tile-crc.nae", damaged);
    write(folder + "/broken-huge.nae",
          with_header(colour, 4, {0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f}));
    write(folder + "/broken-version.nae", with_header(colour, 0, {99, 0}));
    write(folder + "/broken-model.nae", with_header(colour, 20, {1, 2, 3, 4, 5, 6, 7, 8}));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 2) return make(argv[1]), 0;
        std::fprintf(stderr, "usage: make_pictures FOLDER\n");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_pictures: %s\n", error.what());
    }
    return 1;
}
