// make_golden FOLDER: writes the golden files that the tiny model can make. Run once for a version of the format; the
// files are then kept, whatever today's encoder would write.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "codec/encoder.h"
#include "format/byte_sink.h"
#include "tests/support/tiny_model.h"

namespace {

struct Golden {
    const char* name;
    uint32_t width, height;
    int bands;
    int tile_size;
    double quality;
    int effort;
    bool preview;
    bool metadata;
};

const Golden kFiles[] = {
    {"one-pixel-gray", 1, 1, 1, 64, 75, 5, false, false},
    {"one-pixel-rgb", 1, 1, 3, 4096, 100, 1, true, false},
    {"cell-gray", 16, 16, 1, 64, 50, 5, false, false},
    {"cell-and-one-rgb", 17, 33, 3, 64, 50, 5, false, true},
    {"tiles-rgb", 200, 150, 3, 64, 80, 5, true, true},
    {"tiles-gray", 150, 200, 1, 64, 80, 9, true, true},
    {"tile-128-rgb", 260, 130, 3, 128, 33.33, 5, false, false},
    {"tile-512-rgb", 513, 40, 3, 512, 66.67, 3, false, false},
    {"lowest-quality-rgb", 90, 90, 3, 64, 1, 5, false, false},
    {"highest-quality-rgb", 90, 90, 3, 64, 100, 1, false, false},
    {"column-gray", 1, 700, 1, 64, 75, 2, false, false},
    {"row-rgb", 700, 1, 3, 256, 75, 2, false, false},
    {"lanes-rgb", 640, 480, 3, 1024, 90, 4, false, false},
};

std::vector<uint8_t> pixels(const Golden& g) {
    std::vector<uint8_t> out;
    uint32_t noise = 12345;
    for (uint32_t y = 0; y < g.height; ++y)
        for (uint32_t x = 0; x < g.width; ++x)
            for (int b = 0; b < g.bands; ++b) {
                noise = noise * 1664525u + 1013904223u;
                const uint32_t wave = (x * (3 + static_cast<uint32_t>(b)) + y * 5) / 4 % 256;
                const uint32_t edge = x / 40 % 2 == y / 30 % 2 ? 0u : 60u;
                out.push_back(static_cast<uint8_t>((wave + edge + (noise >> 28)) % 256));
            }
    return out;
}

nae::Status make(const Golden& g, const nae::ReadyModelPtr& model, const std::string& path) {
    nae::test::TinyAnalysis analysis;
    nae::EncoderOptions options;
    options.model = model;
    options.analysis = &analysis;
    options.embed_model = true;
    options.quality = g.quality;
    options.effort = g.effort;
    options.tile_size = g.tile_size;
    options.preview = g.preview ? nae::PreviewMode::always : nae::PreviewMode::never;
    nae::Metadata metadata;
    if (g.metadata) {
        metadata.set("", "DESCRIPTION", "gr\xc3\xbc\xc3\x9f dich");
        metadata.set(nae::kMetadataDomain, nae::kMetadataGeoTransform, "500000 10 0 4600000 0 -10");
        metadata.set(nae::kMetadataDomain, nae::kMetadataIcc, std::string("\0\1\2\377", 4));
    }
    const std::vector<uint8_t> picture = pixels(g);
    nae::MemoryImageSource image(picture.data(), g.width, g.height, g.bands);
    NAE_ASSIGN_OR_RETURN(const auto sink, nae::FileSink::create(path));
    NAE_RETURN_IF_ERROR(nae::encode(options, image, metadata, *sink));
    return sink->commit();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_golden FOLDER\n");
        return 2;
    }
    const auto model = nae::prepare_model(nae::test::make_tiny_model(), "tiny");
    for (const Golden& g : kFiles) {
        const std::string path = std::string(argv[1]) + "/" + g.name + ".nae";
        if (std::filesystem::exists(path)) continue;  // never changed
        const nae::Status status = model.ok() ? make(g, model.value(), path) : model.status();
        if (!status.ok()) {
            std::fprintf(stderr, "%s: %s\n", path.c_str(), status.message().c_str());
            return 1;
        }
    }
    return 0;
}
