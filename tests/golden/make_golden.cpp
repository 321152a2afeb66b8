// make_golden FOLDER: writes the golden files that the tiny model can make. Run once for a version of the format; the
// files are then kept, whatever today's encoder would write.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "codec/encoder.h"
#include "format/byte_sink.h"
#include "tests/support/planned_image.h"
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
    // Those above have preview and model before the tiles.
    {"tiles-first-rgb", 100, 70, 3, 64, 70, 5, true, true},
};

// With a model that has a context, and with one that has a restoration filter.
const Golden kContext[] = {
    {"context-rgb", 201, 150, 3, 64, 80, 5, false, false},
    {"context-gray", 75, 97, 1, 64, 30, 5, false, false},
    {"context-one-pixel", 1, 1, 3, 64, 90, 5, false, false},
};
const Golden kFiltered[] = {
    {"filter-rgb", 200, 150, 3, 64, 80, 5, false, false},
    {"filter-gray", 75, 90, 1, 64, 30, 5, false, false},
    {"filter-one-pixel", 1, 1, 3, 64, 50, 5, false, false},
};

// With one whose blocks overlap, and with one that has all three.
const Golden kLapped[] = {
    {"lapped-rgb", 203, 150, 3, 64, 80, 4, false, false},
    {"lapped-gray", 75, 90, 1, 64, 30, 4, false, false},
    {"lapped-cell", 16, 16, 3, 64, 50, 4, false, false},
};
const Golden kEverything[] = {{"everything-model", 130, 170, 3, 128, 70, 4, false, false}};

// With one whose symbols depend on each other, and with one that has all four. The first has a stream of two lanes.
const Golden kTrellis[] = {
    {"trellis-rgb", 640, 470, 3, 1024, 90, 4, false, false},
    {"trellis-gray", 75, 90, 1, 64, 30, 1, false, false},
    {"trellis-one-pixel", 1, 1, 3, 64, 90, 4, false, false},
};
const Golden kAllFour[] = {{"trellis-everything", 131, 170, 3, 128, 70, 4, false, false}};

// With one that has a post-filter, and with one that has all five.
const Golden kPolished[] = {
    {"polished-rgb", 203, 150, 3, 64, 80, 4, false, false},
    {"polished-gray", 75, 90, 1, 64, 30, 4, false, false},
    {"polished-one-pixel", 1, 1, 3, 64, 90, 4, false, false},
};
// Those above were written before tiles had substreams.
const Golden kSubstreams[] = {
    {"substreams-rgb", 641, 480, 3, 1024, 90, 4, false, false},
    {"substreams-gray", 150, 201, 1, 64, 80, 4, false, false},
};
const Golden kSubstreamsOfEverything[] = {{"substreams-everything", 133, 170, 3, 128, 70, 4, false, false}};
// And those before symbols had 256 states, whatever a model's name says.
const Golden kStates[] = {
    {"states-rgb", 642, 481, 3, 1024, 90, 4, false, false},
    {"states-gray", 76, 91, 1, 64, 30, 4, false, false},
    {"states-one-pixel", 1, 1, 3, 64, 90, 4, false, false},
};
const Golden kStatesOfEverything[] = {{"states-everything", 134, 170, 3, 128, 70, 5, false, false}};
const Golden kAllFive[] = {{"polished-everything", 131, 170, 3, 128, 70, 4, false, false}};

// Pictures that have the chunk BAND, several levels, or no model with them.
struct Kind {
    const char* name;
    uint32_t width, height;
    int bands;
    nae::DataType type;
    std::vector<int> rgb;          // bands coded as red, green and blue; the others are gray
    int alpha;                     // -1: none
    bool mask;                     // every third pixel of a column is not valid
    std::optional<double> nodata;  // of every band but alpha, on a diagonal
    int levels;
    bool embed;
};

using nae::DataType;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const Kind kKinds[] = {
    {"gray-alpha", 70, 50, 2, DataType::byte, {}, 1, false, {}, 1, true},
    {"rgb-alpha", 150, 100, 4, DataType::byte, {0, 1, 2}, 3, false, {}, 1, true},
    {"rgb-overviews", 300, 200, 3, DataType::byte, {0, 1, 2}, -1, false, {}, 5, true},
    {"rgb-model-apart", 90, 60, 3, DataType::byte, {0, 1, 2}, -1, false, {}, 1, false},
    {"forty-bands", 20, 20, 40, DataType::byte, {}, -1, false, {}, 1, true},
    {"uint16-gray", 100, 80, 1, DataType::uint16, {}, -1, false, {}, 1, true},
    {"uint16-rgb-mask", 110, 70, 3, DataType::uint16, {2, 1, 0}, -1, true, {}, 3, true},
    {"int16-nodata", 130, 70, 1, DataType::int16, {}, -1, false, -32768.0, 1, true},
    {"uint32-two-bands", 66, 65, 2, DataType::uint32, {}, -1, false, {}, 1, true},
    {"int32-nodata", 66, 65, 1, DataType::int32, {}, -1, false, 7.0, 2, true},
    {"float32-nan", 130, 70, 1, DataType::float32, {}, -1, false, kNan, 1, true},
    {"float32-rgb", 64, 64, 3, DataType::float32, {0, 1, 2}, -1, false, {}, 1, true},
    {"everything-byte", 70, 50, 5, DataType::byte, {3, 1, 0}, 4, true, 128.0, 2, true},
    {"everything-uint16", 70, 50, 5, DataType::uint16, {3, 1, 0}, 4, true, 20000.0, 2, true},
    {"everything-int16", 70, 50, 5, DataType::int16, {3, 1, 0}, 4, true, -32768.0, 2, true},
    {"everything-uint32", 70, 50, 5, DataType::uint32, {3, 1, 0}, 4, true, 0.0, 2, true},
    {"everything-int32", 70, 50, 5, DataType::int32, {3, 1, 0}, 4, true, -1.0, 2, true},
    {"everything-float32", 70, 50, 5, DataType::float32, {3, 1, 0}, 4, true, -9999.0, 2, true},
};

// 0 .. 255: a wave, edges, and noise that depends on nothing but the order of calls.
uint32_t level_at(uint32_t x, uint32_t y, uint32_t band, uint32_t& noise) {
    noise = noise * 1664525u + 1013904223u;
    const uint32_t wave = (x * (3 + band) + y * 5) / 4 % 256;
    const uint32_t edge = x / 40 % 2 == y / 30 % 2 ? 0u : 60u;
    return (wave + edge + (noise >> 28)) % 256;
}

std::vector<uint8_t> pixels(const Golden& g) {
    std::vector<uint8_t> out;
    uint32_t noise = 12345;
    for (uint32_t y = 0; y < g.height; ++y)
        for (uint32_t x = 0; x < g.width; ++x)
            for (uint32_t b = 0; b < static_cast<uint32_t>(g.bands); ++b)
                out.push_back(static_cast<uint8_t>(level_at(x, y, b, noise)));
    return out;
}

// The whole range of an integer type; of Float32 some thousands around zero, with two infinities.
template <class T>
void append_sample(const Kind& kind, uint32_t x, uint32_t y, int band, double value,
                   std::vector<uint8_t>& out) {
    constexpr bool kReal = std::is_floating_point_v<T>;
    const double lo = kReal ? -5000.0 : static_cast<double>(std::numeric_limits<T>::lowest());
    const double hi = kReal ? 7000.0 : static_cast<double>(std::numeric_limits<T>::max());
    T sample = static_cast<T>(lo + (hi - lo) * value);
    if (kind.nodata && band != kind.alpha && (x + y) % 17 == 3) sample = static_cast<T>(*kind.nodata);
    if (kReal && x == 9 && y < 2) sample = static_cast<T>(y == 0 ? HUGE_VAL : -HUGE_VAL);
    uint8_t bytes[sizeof(T)];
    std::memcpy(bytes, &sample, sizeof(T));
    out.insert(out.end(), bytes, bytes + sizeof(T));
}

std::vector<uint8_t> pixels(const Kind& kind) {
    std::vector<uint8_t> out;
    uint32_t noise = 54321;
    for (uint32_t y = 0; y < kind.height; ++y)
        for (uint32_t x = 0; x < kind.width; ++x)
            for (int b = 0; b < kind.bands; ++b) {
                const uint32_t level = level_at(x, y, static_cast<uint32_t>(b), noise);
                const double value = (level * 256 + (noise >> 20) % 256) / 65535.0;
                switch (kind.type) {
                    case DataType::byte:
                        append_sample<uint8_t>(kind, x, y, b, value, out);
                        break;
                    case DataType::uint16:
                        append_sample<uint16_t>(kind, x, y, b, value, out);
                        break;
                    case DataType::int16:
                        append_sample<int16_t>(kind, x, y, b, value, out);
                        break;
                    case DataType::uint32:
                        append_sample<uint32_t>(kind, x, y, b, value, out);
                        break;
                    case DataType::int32:
                        append_sample<int32_t>(kind, x, y, b, value, out);
                        break;
                    case DataType::float32:
                        append_sample<float>(kind, x, y, b, value, out);
                }
            }
    return out;
}

nae::Status write(nae::EncoderOptions options, const nae::ReadyModelPtr& model, nae::ImageSource& image,
                  const nae::Metadata& metadata, const std::string& path) {
    nae::test::TinyAnalysis analysis;
    options.model = model;
    options.analysis = &analysis;
    NAE_ASSIGN_OR_RETURN(const auto sink, nae::FileSink::create(path));
    NAE_RETURN_IF_ERROR(nae::encode(options, image, metadata, *sink));
    return sink->commit();
}

nae::Status make(const Golden& g, const nae::ReadyModelPtr& model, const std::string& path) {
    nae::EncoderOptions options;
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
    return write(options, model, image, metadata, path);
}

nae::Status make(const Kind& kind, const nae::ReadyModelPtr& model, const std::string& path) {
    nae::EncoderOptions options;
    options.embed_model = kind.embed;
    options.quality = 60;
    options.tile_size = 64;
    options.levels = kind.levels;
    nae::BandPlan plan = nae::make_band_plan(kind.bands, kind.type, kind.rgb, kind.alpha, kind.mask);
    for (int band = 0; kind.nodata && band < kind.bands; ++band)
        add_special(plan, kind.type, band, *kind.nodata);
    std::vector<uint8_t> mask(size_t{kind.width} * kind.height, 255);
    for (size_t y = 0; y < kind.height; y += 3) mask[y * kind.width + 3] = 0;
    const std::vector<uint8_t> picture = pixels(kind);
    nae::test::PlannedImage image(picture.data(), kind.width, kind.height, kind.bands, kind.type, plan, mask);
    return write(options, model, image, nae::Metadata(), path);
}

nae::Status save(const std::vector<uint8_t>& bytes, const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const auto sink, nae::FileSink::create(path));
    NAE_RETURN_IF_ERROR(sink->write(bytes.data(), bytes.size()));
    return sink->commit();
}

// Writes those of a list that are not there yet. False after an error.
template <class List>
bool make_all(const List& list, const nae::ReadyModelPtr& model, const std::string& folder) {
    for (const auto& file : list) {
        const std::string path = folder + "/" + file.name + ".nae";
        if (std::filesystem::exists(path)) continue;  // never changed
        const nae::Status status = make(file, model, path);
        if (status.ok()) continue;
        std::fprintf(stderr, "%s: %s\n", path.c_str(), status.message().c_str());
        return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_golden FOLDER\n");
        return 2;
    }
    const std::string folder = argv[1];
    nae::Model filtering = nae::test::make_tiny_model(), lapping = nae::test::make_tiny_model(),
               depending = nae::test::make_tiny_model(), all = nae::test::make_tiny_model_with_context();
    filtering.restoration = all.restoration = nae::test::make_tiny_filter();
    nae::test::add_tiny_lap(lapping);
    nae::test::add_tiny_lap(all);
    nae::test::add_tiny_trellis(depending);
    nae::Model four = all;
    nae::test::add_tiny_trellis(four);
    nae::Model polishing = nae::test::make_tiny_model(), five = four;
    polishing.post_filter = five.post_filter = nae::test::make_tiny_post_filter();
    const auto model = nae::prepare_model(nae::test::make_tiny_model(), "tiny");
    const auto filtered = nae::prepare_model(std::move(filtering), "tiny with a filter");
    const auto seeing = nae::prepare_model(nae::test::make_tiny_model_with_context(), "tiny with a context");
    const auto lapped = nae::prepare_model(std::move(lapping), "tiny with overlap");
    const auto everything = nae::prepare_model(std::move(all), "tiny with everything");
    const auto trellis = nae::prepare_model(std::move(depending), "tiny with a trellis");
    const auto all_four = nae::prepare_model(std::move(four), "tiny with everything and a trellis");
    const auto polished = nae::prepare_model(std::move(polishing), "tiny with a post-filter");
    const auto all_five = nae::prepare_model(std::move(five), "tiny with everything and a post-filter");
    for (const auto* made :
         {&model, &filtered, &seeing, &lapped, &everything, &trellis, &all_four, &polished, &all_five}) {
        if (made->ok()) continue;
        std::fprintf(stderr, "%s\n", made->status().message().c_str());
        return 1;
    }
    const bool done =
        make_all(kPolished, polished.value(), folder) && make_all(kAllFive, all_five.value(), folder) &&
        make_all(kSubstreams, model.value(), folder) &&
        make_all(kSubstreamsOfEverything, all_five.value(), folder) &&
        make_all(kStates, trellis.value(), folder) &&
        make_all(kStatesOfEverything, all_five.value(), folder) &&
        make_all(kTrellis, trellis.value(), folder) && make_all(kAllFour, all_four.value(), folder) &&
        make_all(kLapped, lapped.value(), folder) && make_all(kEverything, everything.value(), folder) &&
        make_all(kContext, seeing.value(), folder) && make_all(kFiltered, filtered.value(), folder) &&
        make_all(kFiles, model.value(), folder) && make_all(kKinds, model.value(), folder) &&
        save(model.value()->decoding_part(), folder + "/tiny.nam").ok();
    return done ? 0 : 1;
}
