// make_fuzz_seeds FOLDER: writes the first inputs of every harness into FOLDER/<harness>/.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "codec/encoder.h"
#include "codec/entropy/symbol_codec.h"
#include "codec/entropy/table_builder.h"
#include "format/file_layout.h"
#include "format/little_endian.h"
#include "tests/support/planned_image.h"
#include "tests/support/tiny_model.h"

namespace {

using Bytes = std::vector<uint8_t>;
namespace fs = std::filesystem;

fs::path folder;
bool failed = false;

void store(const std::string& harness, const std::string& name, const Bytes& bytes) {
    fs::create_directories(folder / harness);
    std::ofstream file(folder / harness / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    failed = failed || !file;
}

template <class T>
T checked(nae::Result<T> result) {
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.status().message().c_str());
        std::exit(1);
    }
    return std::move(result).value();
}

Bytes behind(std::initializer_list<uint8_t> head, const Bytes& rest) {
    Bytes out(head);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

Bytes pixels(uint32_t width, uint32_t height, int bands) {
    Bytes out;
    for (uint32_t y = 0; y < height; ++y)
        for (uint32_t x = 0; x < width; ++x)
            for (int b = 0; b < bands; ++b)
                out.push_back(
                    static_cast<uint8_t>(x * 2 + y * 3 + static_cast<uint32_t>(b) * 40 + (x ^ y) % 5));
    return out;
}

nae::Metadata metadata() {
    nae::Metadata m;
    m.set("", "AREA_OR_POINT", "Area");
    m.set("NAE", "CRS_WKT2",
          "GEOGCRS[\"WGS 84\",DATUM[\"WGS 84\",ELLIPSOID[\"WGS 84\",6378137,298.257223563]],"
          "CS[ellipsoidal,2],AXIS[\"lat\",north],AXIS[\"lon\",east],UNIT[\"deg\",0.0174532925199433]]");
    m.set("NAE", "GEOTRANSFORM", "500000 10 0 4600000 0 -10");
    m.set("NAE", "NODATA", "0");
    m.set("NAE", "BAND_DESCRIPTION_1", "red");
    m.set("NAE", "ICC", std::string("\0\0\1\2", 4));
    m.set("NAE", "XMP", "<x/>");
    return m;
}

nae::EncoderOptions options_of(const nae::ReadyModelPtr& model, nae::test::TinyAnalysis& analysis) {
    nae::EncoderOptions options;
    options.model = model;
    options.analysis = &analysis;
    options.tile_size = 64;
    options.embed_model = true;
    options.threads = 1;
    return options;
}

void pictures(const nae::ReadyModelPtr& model) {
    nae::test::TinyAnalysis analysis;
    int number = 0;
    for (const auto& [width, height, bands] : {std::tuple{1, 1, 1}, {40, 33, 3}, {100, 70, 3}, {130, 5, 1}}) {
        nae::EncoderOptions options = options_of(model, analysis);
        options.quality = 60 + 13 * number;
        options.preview = number % 2 == 0 ? nae::PreviewMode::never : nae::PreviewMode::always;
        const Bytes picture = pixels(static_cast<uint32_t>(width), static_cast<uint32_t>(height), bands);
        nae::MemoryImageSource image(picture.data(), static_cast<uint32_t>(width),
                                     static_cast<uint32_t>(height), bands);
        nae::MemorySink sink;
        if (!nae::encode(options, image, number > 1 ? metadata() : nae::Metadata(), sink).ok()) failed = true;
        const std::string name = "picture-" + std::to_string(number++);
        for (const char* harness : {"container_fuzz", "decode_fuzz", "gdal_fuzz"})
            store(harness, name, sink.bytes());
    }
}

void special_picture(const nae::ReadyModelPtr& model, const char* name) {
    nae::test::TinyAnalysis analysis;
    const Bytes picture = pixels(40, 33, 3);
    nae::MemoryImageSource image(picture.data(), 40, 33, 3);
    nae::MemorySink sink;
    if (!nae::encode(options_of(model, analysis), image, nae::Metadata(), sink).ok()) failed = true;
    for (const char* harness : {"decode_fuzz", "gdal_fuzz"}) store(harness, name, sink.bytes());
}

// Every plane and data type there is, in files of two levels.
void kinds(const nae::ReadyModelPtr& model) {
    nae::test::TinyAnalysis analysis;
    for (int number = 1; number <= 6; ++number) {
        const auto type = static_cast<nae::DataType>(number);
        nae::EncoderOptions options = options_of(model, analysis);
        options.levels = 2;
        const Bytes samples = pixels(9, 7, 5 * static_cast<int>(nae::sample_bytes(type)));
        nae::BandPlan plan = nae::make_band_plan(5, type, {3, 1, 0}, 4, number % 2 == 0);
        nae::add_special(plan, type, 2, 40);
        nae::test::PlannedImage image(samples.data(), 9, 7, 5, type, plan, Bytes(63, 7));
        nae::MemorySink sink;
        if (!nae::encode(options, image, nae::Metadata(), sink).ok()) failed = true;
        for (const char* harness : {"container_fuzz", "decode_fuzz", "gdal_fuzz"})
            store(harness, std::string("kind-") + nae::data_type_name(type), sink.bytes());
    }
}

void entropy() {
    const nae::TableSet set = nae::make_gaussian_tables(nae::bias_for_smallest_scale(0.12), 40);
    const nae::SymbolCodec codec = checked(nae::SymbolCodec::create(set));
    for (const size_t count : {5u, 300u, 2100u, 17000u}) {
        const bool many = count >= 400;
        Bytes head = {static_cast<uint8_t>(many ? 0xFF : 0), static_cast<uint8_t>(count),
                      static_cast<uint8_t>(count >> 8)};
        // Long streams of tables that are nearly certain: a fuzzer wants small inputs.
        for (int i = 0; i < 16; ++i)
            head.push_back(static_cast<uint8_t>(many ? 1 + i % 3 : i * 7 % 30 + (i > 3 ? 1 : 0)));
        Bytes indices(count);
        std::vector<int16_t> symbols(count);
        for (size_t i = 0; i < count; ++i) {
            indices[i] = static_cast<uint8_t>(head[3 + i % 16] % 40);
            symbols[i] = indices[i] == 0 ? int16_t{0}
                                         : static_cast<int16_t>(i % 97 == 0 ? 900
                                                                : many      ? 0
                                                                            : i % 3);
        }
        const Bytes stream = checked(codec.encode(indices.data(), symbols.data(), count));
        Bytes input = head;
        input.insert(input.end(), stream.begin(), stream.end());
        store("entropy_fuzz", "stream-" + std::to_string(count), input);
        input = head;
        input[0] = many ? 0xFD : 1;
        for (int i = 0; i < 40; ++i) input.push_back(static_cast<uint8_t>(i * i));
        store("entropy_fuzz", "symbols-" + std::to_string(count), input);
        input[0] = many ? 0x91 : 0x10;  // data[0] % 3 == 1
        store("entropy_fuzz", "trellis-" + std::to_string(count), input);
    }
    Bytes tables = {2, 9, 0};
    for (int i = 0; i < 16; ++i) tables.push_back(static_cast<uint8_t>(i % 5));
    nae::serialise_table_set(nae::make_gaussian_tables(nae::bias_for_smallest_scale(0.3), 6), tables);
    store("entropy_fuzz", "tables", tables);
}

void chunks_alone() {
    const Bytes list = checked(nae::serialise_metadata(metadata()));
    store("metadata_fuzz", "payload", behind({0}, list));
    Bytes plain = {1, 1, 0, 0, 0};
    for (const char* text : {"", "KEY", "value"}) {
        const std::string word = text;
        nae::append_le(plain, static_cast<uint32_t>(word.size()));
        nae::append_bytes(plain, word.data(), word.size());
    }
    store("metadata_fuzz", "list", plain);
    nae::Preview preview;
    preview.width = 9;
    preview.height = 7;
    preview.bands = 3;
    preview.pixels = pixels(9, 7, 3);
    store("preview_fuzz", "payload", behind({0}, checked(nae::serialise_preview(preview))));
    store("preview_fuzz", "rows", {1, 2, 0, 5, 0, 1, 0, 7, 8, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5});
}

nae::Model model_that_knows_the_quality() {
    nae::Model m = nae::test::make_tiny_model();
    const auto anchors = static_cast<size_t>(m.gains.latent.anchors);
    for (size_t i = 0; i < m.analysis.nodes.size(); ++i) {
        const nae::FloatNode& node = m.analysis.nodes[i];
        if (node.op != nae::Op::conv) continue;
        const std::vector<float> values(static_cast<size_t>(node.channels) * anchors, 0.25F);
        m.analysis_affines.push_back({static_cast<int>(i), values, values});
    }
    return m;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_fuzz_seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    const nae::ReadyModelPtr model = checked(nae::prepare_model(nae::test::make_tiny_model(), "tiny"));
    store("model_fuzz", "tiny", checked(nae::serialise_model(nae::test::make_tiny_model())));
    store("model_fuzz", "tiny-decoding", model->decoding_part());
    store("model_fuzz", "tiny-affine", checked(nae::serialise_model(model_that_knows_the_quality())));
    nae::Model filtering = nae::test::make_tiny_model();
    filtering.restoration = nae::test::make_tiny_filter();
    store("model_fuzz", "tiny-filter", checked(nae::serialise_decoding_part(filtering)));
    special_picture(checked(nae::prepare_model(std::move(filtering), "tiny with a filter")), "filtered");
    nae::Model seeing = nae::test::make_tiny_model_with_context();
    store("model_fuzz", "tiny-context", checked(nae::serialise_decoding_part(seeing)));
    special_picture(checked(nae::prepare_model(std::move(seeing), "tiny with a context")), "context");
    nae::Model lapping = nae::test::make_tiny_model();
    nae::test::add_tiny_lap(lapping);
    store("model_fuzz", "tiny-lap", checked(nae::serialise_model(lapping)));
    special_picture(checked(nae::prepare_model(std::move(lapping), "tiny with overlap")), "lapped");
    nae::Model depending = nae::test::make_tiny_model();
    nae::test::add_tiny_trellis(depending);
    store("model_fuzz", "tiny-trellis", checked(nae::serialise_decoding_part(depending)));
    special_picture(checked(nae::prepare_model(std::move(depending), "tiny with a trellis")), "trellis");
    nae::Model polishing = nae::test::make_tiny_model();
    polishing.post_filter = nae::test::make_tiny_post_filter();
    store("model_fuzz", "tiny-post-filter", checked(nae::serialise_decoding_part(polishing)));
    special_picture(checked(nae::prepare_model(std::move(polishing), "tiny with a post-filter")), "polished");
    pictures(model);
    kinds(model);
    entropy();
    chunks_alone();
    // One for each data type, with more and more of what there is.
    for (uint8_t type = 0; type < 6; ++type) {
        Bytes input = {
            static_cast<uint8_t>(80 - 12 * type), static_cast<uint8_t>(17 * type), type, 4, 100, 20};
        input.insert(input.end(),
                     {static_cast<uint8_t>(type == 1 ? 3 : 0), type,
                      static_cast<uint8_t>(type == 0 ? 2 : type - 1), static_cast<uint8_t>(type * 41)});
        for (const uint8_t byte : {0, 0, 192, 127, 0, 0, 128, 255, 1, 0, 0, 0, 66, 1, 200, 30, 90, 7})
            input.push_back(byte);
        store("round_trip_fuzz", "type-" + std::to_string(type + 1), input);
    }
    return failed ? 1 : 0;
}
