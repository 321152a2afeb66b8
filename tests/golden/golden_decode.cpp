// golden_decode [--models FOLDER] [--threads N] [--level NAME] [--windows SEED] FILE…
//
// Decodes pictures and prints, for each, a line of file name, SHA-256 of its pixels and CRC-32 of its latents (all
// tiles' dequantised symbols). With --windows the pixels come from small windows read in random order through a cache
// that holds next to nothing. The lines must not depend on any option, compiler or machine. Needs neither GDAL nor a
// test framework, so that it can be built for other processors.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "codec/decoder.h"
#include "codec/sha256.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "format/crc32.h"
#include "format/file_layout.h"
#include "format/text.h"

namespace {

using Bytes = std::vector<uint8_t>;

struct Options {
    std::vector<std::string> models;
    int threads = 1;
    nae::EngineLevel level = nae::EngineLevel::automatic;
    bool windows = false;
    unsigned seed = 0;
};

struct Sums {
    std::string pixels;
    uint32_t latents = 0;
};

nae::Result<Bytes> read_whole(const nae::Decoder& decoder) {
    const nae::Header& h = decoder.header();
    Bytes pixels(size_t{h.width} * h.height * h.bands);
    NAE_RETURN_IF_ERROR(decoder.read_window(0, 0, h.width, h.height, pixels.data(),
                                            static_cast<ptrdiff_t>(h.width) * h.bands));
    return pixels;
}

// Windows of uneven sizes that tile the picture, in random order.
nae::Result<Bytes> read_windows(const nae::Decoder& decoder, unsigned seed) {
    const nae::Header& h = decoder.header();
    std::mt19937 random(seed);
    struct Window {
        uint32_t x, y, w, height;
    };
    std::vector<Window> windows;
    for (uint32_t y = 0; y < h.height;) {
        const uint32_t rows = std::min<uint32_t>(1 + random() % 150, h.height - y);
        for (uint32_t x = 0; x < h.width;) {
            const uint32_t columns = std::min<uint32_t>(1 + random() % 150, h.width - x);
            windows.push_back({x, y, columns, rows});
            x += columns;
        }
        y += rows;
    }
    std::shuffle(windows.begin(), windows.end(), random);
    Bytes pixels(size_t{h.width} * h.height * h.bands);
    for (const Window& w : windows) {
        uint8_t* first = pixels.data() + (size_t{w.y} * h.width + w.x) * h.bands;
        NAE_RETURN_IF_ERROR(
            decoder.read_window(w.x, w.y, w.w, w.height, first, static_cast<ptrdiff_t>(h.width) * h.bands));
    }
    return pixels;
}

// CRC-32 over the latents of all tiles, as int16 in little-endian order.
nae::Result<uint32_t> sum_latents(const nae::Decoder& decoder, const nae::ByteSource& source,
                                  const Options& options) {
    NAE_ASSIGN_OR_RETURN(const nae::FileLayout layout, nae::read_layout(source));
    const nae::Header& h = layout.header;
    NAE_ASSIGN_OR_RETURN(const auto codec, nae::TileCodec::create(decoder.model(), h.quality_centi,
                                                                  nae::Limits(), options.level));
    const nae::TileLayout tiles(h.width, h.height, h.tile_size_px);
    uint32_t sum = 0;
    for (int64_t tile = 0; tile < tiles.count(); ++tile) {
        const nae::Rect rect = tiles.latent_rect(tile);
        NAE_ASSIGN_OR_RETURN(const Bytes payload, nae::read_tile(source, layout.tile_data_offset,
                                                                 layout.tiles, static_cast<size_t>(tile)));
        nae::Tensor16 latent;
        NAE_RETURN_IF_ERROR(
            codec->decode(payload, static_cast<int>(rect.h), static_cast<int>(rect.w), latent));
        for (const int16_t v : latent.data) {
            const uint8_t bytes[2] = {static_cast<uint8_t>(v & 0xFF), static_cast<uint8_t>(v >> 8 & 0xFF)};
            sum = nae::crc32_of(bytes, 2, sum);
        }
    }
    return sum;
}

nae::Result<Sums> decode(const std::string& path, nae::ModelStore& store, const Options& options) {
    NAE_ASSIGN_OR_RETURN(auto file, nae::FileSource::open(path));
    const std::shared_ptr<nae::ByteSource> source(std::move(file));
    nae::DecoderOptions decoder_options;
    decoder_options.model_store = &store;
    decoder_options.threads = options.threads;
    decoder_options.engine_level = options.level;
    if (options.windows) decoder_options.cache_bytes = 1 << 12;
    NAE_ASSIGN_OR_RETURN(const auto decoder, nae::Decoder::open(source, decoder_options));
    NAE_ASSIGN_OR_RETURN(const Bytes pixels,
                         options.windows ? read_windows(*decoder, options.seed) : read_whole(*decoder));
    Sums sums;
    const auto hash = nae::sha256(pixels.data(), pixels.size());
    sums.pixels = nae::to_hex(hash.data(), hash.size());
    NAE_ASSIGN_OR_RETURN(sums.latents, sum_latents(*decoder, *source, options));
    return sums;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    int i = 1;
    for (; i + 1 < argc && std::strncmp(argv[i], "--", 2) == 0; i += 2) {
        const std::string name = argv[i];
        if (name == "--models") {
            options.models.push_back(argv[i + 1]);
        } else if (name == "--threads") {
            options.threads = std::atoi(argv[i + 1]);
        } else if (name == "--windows") {
            options.windows = true;
            options.seed = static_cast<unsigned>(std::atoi(argv[i + 1]));
        } else if (name == "--level") {
            const auto level = nae::parse_engine_level(argv[i + 1]);
            const auto available = nae::available_engine_levels();
            // 77: this machine does not have it.
            if (!level.ok() ||
                std::find(available.begin(), available.end(), level.value()) == available.end())
                return 77;
            options.level = level.value();
        } else {
            std::fprintf(stderr, "golden_decode: unknown option %s\n", argv[i]);
            return 2;
        }
    }
    nae::ModelStore store(options.models);
    for (; i < argc; ++i) {
        const auto sums = decode(argv[i], store, options);
        if (!sums.ok()) {
            std::fprintf(stderr, "%s\n", sums.status().message().c_str());
            return 1;
        }
        const std::string path = argv[i];
        std::printf("%s %s %08x\n", path.substr(path.rfind('/') + 1).c_str(), sums.value().pixels.c_str(),
                    sums.value().latents);
    }
    return 0;
}
