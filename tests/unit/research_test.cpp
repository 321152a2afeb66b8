// Research models (codec/research_model.h) with a stand-in for LibTorch: cells of 8x8 pixels, each its mean.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/entropy/table_builder.h"
#include "codec/research_codec.h"
#include "codec/research_model.h"
#include "format/byte_sink.h"
#include "format/file_layout.h"

using namespace nae;

namespace {

constexpr int kCell = 8;
constexpr float kStep = 0.05f;  // of a latent, whose range is -1 .. 1

FloatConvParams one_by_one(int out, int in, float weight) {
    FloatConvParams p;
    p.out_channels = out;
    p.type = WeightType::f16;
    p.weights.assign(static_cast<size_t>(out) * static_cast<size_t>(in), weight);
    p.bias.assign(static_cast<size_t>(out), 0.5f);
    return p;
}

ResearchModel cell_model(int colours, int classes = 0) {
    ResearchModel m;
    m.name = "cells";
    m.latent_channels = colours + (classes > 0 ? 1 : 0);
    m.stride = kCell;
    m.picture_channels = colours;
    m.classes = classes;
    m.centre.assign(static_cast<size_t>(m.latent_channels), 0.1f);
    m.step.assign(static_cast<size_t>(m.latent_channels), kStep);
    m.tables.tables.resize(1);
    for (int c = 0; c < m.latent_channels; ++c)
        m.tables.tables.push_back(make_frequency_table(gaussian_magnitudes(4 + c)));
    FloatGraphBuilder a(m.latent_channels), s(m.latent_channels);
    a.conv(a.space_to_depth(0, kCell),
           one_by_one(m.latent_channels, m.latent_channels * kCell * kCell, 0.25f));
    s.sigmoid(
        s.depth_to_space(s.conv(0, one_by_one(colours * kCell * kCell, m.latent_channels, 0.3f)), kCell));
    m.analysis = a.take();
    m.synthesis = s.take();
    m.text = "made for a test";
    return m;
}

// Means of cells, and cells of one value.
class CellBackend : public AnalysisBackend {
  public:
    int halo_px() const override { return 0; }
    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        if (graph == AnalysisGraph::analysis) {
            REQUIRE((h == out_h * kCell && w == out_w * kCell && c == out_c));
            std::fill_n(out,
                        static_cast<size_t>(out_h) * static_cast<size_t>(out_w) * static_cast<size_t>(out_c),
                        0.0f);
            for (int y = 0; y < h; ++y)
                for (int x = 0; x < w; ++x)
                    for (int k = 0; k < c; ++k)
                        out[(y / kCell * out_w + x / kCell) * c + k] +=
                            in[(y * w + x) * c + k] / (kCell * kCell);
        } else {
            for (int y = 0; y < out_h; ++y)
                for (int x = 0; x < out_w; ++x)
                    for (int k = 0; k < out_c; ++k)
                        out[(y * out_w + x) * out_c + k] =
                            (in[(y / kCell * w + x / kCell) * c + k] * 128 + 128) / 255;
        }
        return Status();
    }
};

// What a cell's mean becomes, by the formulas of the format.
int expected(double mean) {
    const double y = 0.1f + kStep * std::round(((mean - 128) / 128 - 0.1f) / kStep);
    return static_cast<int>(std::floor(std::min(std::max(y * 128 + 128, 0.0), 255.0) + 0.5));
}

struct Place {
    std::filesystem::path folder;
    std::unique_ptr<ModelStore> store;
    explicit Place(const ResearchModel& model)
        : folder(std::filesystem::temp_directory_path() / ("nae_research_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder);
        REQUIRE(save_research_model(model, (folder / "cells.nam").string()).ok());
        store = std::make_unique<ModelStore>(std::vector<std::string>{folder.string()});
    }
    ~Place() { std::filesystem::remove_all(folder); }
};

std::vector<uint8_t> picture(int w, int h, int bands) {
    std::vector<uint8_t> p(static_cast<size_t>(w * h * bands));
    for (size_t i = 0; i < p.size(); ++i) p[i] = static_cast<uint8_t>(i * 7 + i / 31 * 3);
    return p;
}

struct Coded {
    std::vector<uint8_t> bytes;
    Status status;
};

Coded code(Place& place, CellBackend& backend, const std::vector<uint8_t>& pixels, int w, int h, int bands,
           int label = -1, bool embed = false, Tune tune = Tune::psnr) {
    EncoderOptions o;
    o.model_name = "cells";
    o.model_store = place.store.get();
    o.analysis = &backend;
    o.tile_size = 64;
    o.label = label;
    o.embed_model = embed;
    o.tune = tune;
    MemoryImageSource image(pixels.data(), static_cast<uint32_t>(w), static_cast<uint32_t>(h), bands);
    MemorySink sink;
    Coded out;
    out.status = encode(o, image, Metadata(), sink);
    out.bytes = sink.take();
    return out;
}

DecoderOptions options(Place& place, CellBackend* backend) {
    DecoderOptions o;
    o.model_store = place.store.get();
    o.research_backend = backend;
    return o;
}

}  // namespace

TEST_CASE("binary16 there and back") {
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        const float value = f16_to_float(static_cast<uint16_t>(bits));
        if (!std::isnan(value)) REQUIRE(float_to_f16(value) == bits);
    }
    CHECK(float_to_f16(1.0f + 1.0f / 2048) == 0x3c00);  // half way: to even
    CHECK(float_to_f16(1.0f + 3.0f / 2048) == 0x3c02);
    CHECK(float_to_f16(65519.0f) == 0x7bff);
    CHECK(float_to_f16(65520.0f) == 0x7c00);
    CHECK(f16_to_float(1) == std::ldexp(1.0f, -24));
}

TEST_CASE("a research model survives its file") {
    const ResearchModel m = cell_model(3);
    const auto bytes = serialise_research_model(m);
    REQUIRE(bytes.ok());
    const auto ready = load_model(bytes.value().data(), bytes.value().size(), "test");
    REQUIRE(ready.ok());
    const ResearchModel& back = *ready.value()->research;
    CHECK(ready.value()->name() == "cells");
    CHECK((back.stride == kCell && back.latent_channels == 3 && back.picture_channels == 3 &&
           back.classes == 0));
    CHECK((back.centre == m.centre && back.step == m.step && back.tables == m.tables && back.text == m.text));
    CHECK(back.synthesis.nodes[1].weights[0] == f16_to_float(float_to_f16(0.3f)));
    // The decoding part alone has the same ID and no analysis.
    const auto part =
        load_model(ready.value()->decoding_bytes.data(), ready.value()->decoding_bytes.size(), "part", true);
    REQUIRE(part.ok());
    CHECK((part.value()->id == ready.value()->id && part.value()->research->analysis.empty()));
    // It is no model of integer networks, and says so.
    const auto parsed = parse_model(bytes.value().data(), bytes.value().size(), "test");
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.status().message().find("research model") != std::string::npos);
}

TEST_CASE("damaged research models are refused") {
    const auto valid = [](auto change) {
        ResearchModel m = cell_model(3);
        change(m);
        return validate(m).ok();
    };
    CHECK(valid([](ResearchModel&) {}));
    CHECK_FALSE(valid([](ResearchModel& m) { m.step[1] = 0; }));
    CHECK_FALSE(valid([](ResearchModel& m) { m.centre[1] = NAN; }));
    CHECK_FALSE(valid([](ResearchModel& m) { m.tables.tables.pop_back(); }));
    CHECK_FALSE(valid([](ResearchModel& m) { m.stride = 4; }));
    CHECK_FALSE(valid([](ResearchModel& m) { m.picture_channels = 1; }));
    CHECK_FALSE(valid([](ResearchModel& m) { m.name = "a/b"; }));
    // Every truncation of the file is an error, never a crash.
    const std::vector<uint8_t> bytes = serialise_research_model(cell_model(1)).value();
    for (size_t n = 0; n < bytes.size(); n += 13) REQUIRE_FALSE(load_model(bytes.data(), n, "cut").ok());
}

TEST_CASE("a decoded picture is the encoder's own reconstruction") {
    Place place(cell_model(3));
    CellBackend backend;
    const int w = 150, h = 70;
    const std::vector<uint8_t> pixels = picture(w, h, 3);
    const Coded coded = code(place, backend, pixels, w, h, 3);
    REQUIRE(coded.status.ok());
    auto decoder = Decoder::open(std::make_shared<MemorySource>(ByteSpan(coded.bytes), "file"),
                                 options(place, &backend));
    REQUIRE(decoder.ok());
    CHECK(decoder.value()->header().flags == kFlagResearch);
    std::vector<uint8_t> back(pixels.size());
    REQUIRE(decoder.value()->read_window(0, 0, w, h, back.data(), w * 3).ok());
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            // Cells are those of the tile; at the picture's edge the last row and column count again.
            const int tx = x / 64 * 64, ty = y / 64 * 64, cx = tx + (x - tx) / kCell * kCell,
                      cy = ty + (y - ty) / kCell * kCell;
            double sum = 0;
            for (int i = 0; i < kCell * kCell; ++i)
                sum += pixels[static_cast<size_t>(
                    (std::min(cy + i / kCell, h - 1) * w + std::min(cx + i % kCell, w - 1)) * 3 + 1)];
            REQUIRE(std::abs(back[static_cast<size_t>((y * w + x) * 3 + 1)] -
                             expected(sum / (kCell * kCell))) <= 1);
        }
    std::vector<uint8_t> part(40 * 30 * 3);
    REQUIRE(decoder.value()->read_window(50, 37, 40, 30, part.data(), 40 * 3).ok());
    for (int y = 0; y < 30; ++y)
        REQUIRE(std::equal(part.begin() + y * 120, part.begin() + (y + 1) * 120,
                           back.begin() + ((y + 37) * w + 50) * 3));
}

TEST_CASE("gray models and classes") {
    Place place(cell_model(1, 10));
    CellBackend backend;
    const std::vector<uint8_t> pixels = picture(28, 28, 1);
    const Coded untold = code(place, backend, pixels, 28, 28, 1);
    REQUIRE_FALSE(untold.status.ok());
    CHECK(untold.status.message().find("0 to 9") != std::string::npos);
    const Coded coded = code(place, backend, pixels, 28, 28, 1, 3);
    REQUIRE(coded.status.ok());
    auto decoder = Decoder::open(std::make_shared<MemorySource>(ByteSpan(coded.bytes), "file"),
                                 options(place, &backend));
    REQUIRE(decoder.ok());
    std::vector<uint8_t> back(pixels.size());
    CHECK(decoder.value()->read_window(0, 0, 28, 28, back.data(), 28).ok());
    CHECK_FALSE(code(place, backend, picture(28, 28, 3), 28, 28, 3, 3).status.ok());  // a gray model
}

TEST_CASE("research models come from the reader's own folders, and errors have names") {
    Place place(cell_model(3));
    CellBackend backend;
    const std::vector<uint8_t> pixels = picture(70, 70, 3);
    CHECK_FALSE(code(place, backend, pixels, 70, 70, 3, -1, true).status.ok());  // not to be embedded
    const Status tuned = code(place, backend, pixels, 70, 70, 3, -1, false, Tune::ssim).status;
    CHECK(tuned.code() == ErrorCode::invalid_argument);
    CHECK(tuned.message().find("tuned") != std::string::npos);
    Coded coded = code(place, backend, pixels, 70, 70, 3);
    REQUIRE(coded.status.ok());
    const auto open = [&](const std::vector<uint8_t>& bytes, CellBackend* with) {
        return Decoder::open(std::make_shared<MemorySource>(ByteSpan(bytes), "file"), options(place, with))
            .status();
    };
    // A file that carries one all the same.
    auto source = std::make_shared<MemorySource>(ByteSpan(coded.bytes), "file");
    FileLayout layout = read_layout(*source, LayoutOptions()).value();
    layout.model = serialise_research_model(cell_model(3)).value();
    ModelStore elsewhere({"/nonexistent"});
    CHECK_FALSE(
        elsewhere.embedded(layout.model.data(), layout.model.size(), layout.header.model_id, "file", Limits())
            .ok());
    // Without the module.
    setenv("NAE_TORCH_MODULE", "/nonexistent/nae_torch.so", 1);
    const Status missing = open(coded.bytes, nullptr);
    unsetenv("NAE_TORCH_MODULE");
    CHECK(missing.code() == ErrorCode::encoder_unavailable);
    CHECK(missing.message().find("research model") != std::string::npos);
    CHECK(missing.message().find("/nonexistent/nae_torch.so") != std::string::npos);
    // Damage in a tile.
    coded.bytes[coded.bytes.size() - 40] ^= 1;
    auto decoder = Decoder::open(std::make_shared<MemorySource>(ByteSpan(coded.bytes), "file"),
                                 options(place, &backend));
    std::vector<uint8_t> back(pixels.size());
    CHECK((!decoder.ok() || !decoder.value()->read_window(0, 0, 70, 70, back.data(), 210).ok()));
}
