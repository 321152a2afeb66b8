// golden_decode [--models FOLDER] [--threads N] [--level NAME] [--windows SEED] FILE…
//
// Decodes pictures and prints, for each, a line of file name, SHA-256 of its pixels (of every level: samples, then the
// mask) and CRC-32 of its latents (all tiles' dequantised symbols). With --windows the pixels come from small windows
// read in random order through a cache that holds next to nothing. The lines must not depend on any option, compiler or machine. Needs neither GDAL nor a
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
#include "format/crc32.h"
#include "format/little_endian.h"
#include "format/text.h"
#include "tests/support/whole_file.h"

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

// Windows of uneven sizes that tile a level, in random order.
std::vector<nae::Window> random_windows(const nae::Header& h, int level, std::mt19937& random) {
    std::vector<nae::Window> windows;
    const uint32_t width = h.level_width(level), height = h.level_height(level);
    for (uint32_t y = 0; y < height;) {
        const uint32_t rows = std::min<uint32_t>(1 + random() % 150, height - y);
        for (uint32_t x = 0; x < width;) {
            const uint32_t columns = std::min<uint32_t>(1 + random() % 150, width - x);
            windows.push_back({x, y, columns, rows, level});
            x += columns;
        }
        y += rows;
    }
    std::shuffle(windows.begin(), windows.end(), random);
    return windows;
}

// All levels, one after another.
nae::Result<Bytes> read_levels(const nae::Decoder& decoder, const Options& options) {
    std::mt19937 random(options.seed);
    Bytes all;
    for (int level = 0; level < decoder.header().levels; ++level) {
        NAE_ASSIGN_OR_RETURN(
            const Bytes pixels,
            options.windows
                ? nae::test::read_level(decoder, level, random_windows(decoder.header(), level, random))
                : nae::test::read_level(decoder, level));
        all.insert(all.end(), pixels.begin(), pixels.end());
    }
    return all;
}

// CRC-32 over the latents of all tiles, as int16 in little-endian order.
nae::Result<uint32_t> sum_latents(const nae::Decoder& decoder, const nae::ByteSource& source,
                                  nae::EngineLevel engine) {
    NAE_ASSIGN_OR_RETURN(const auto latents, nae::test::read_latents(source, decoder.model(), engine));
    uint32_t sum = 0;
    for (const auto& tile : latents) {
        Bytes bytes;
        for (const int16_t v : tile) nae::append_le(bytes, static_cast<uint16_t>(v));
        sum = nae::crc32_of(bytes.data(), bytes.size(), sum);
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
    NAE_ASSIGN_OR_RETURN(const Bytes pixels, read_levels(*decoder, options));
    Sums sums;
    const auto hash = nae::sha256(pixels.data(), pixels.size());
    sums.pixels = nae::to_hex(hash.data(), hash.size());
    NAE_ASSIGN_OR_RETURN(sums.latents, sum_latents(*decoder, *source, options.level));
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
