// The encoder: what it asks for, what it writes, and that strips, halos and threads leave no trace in the
// file.
#include "codec/encoder.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

#include "format/file_layout.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

FileLayout layout_of(const std::vector<uint8_t>& bytes) {
    const MemorySource source(ByteSpan(bytes), "x");
    LayoutOptions options;
    options.verify_tiles = true;
    auto layout = read_layout(source, options);
    INFO(layout.status().message());
    REQUIRE(layout.ok());
    return std::move(layout).value();
}

std::vector<uint8_t> payload_of(const std::vector<uint8_t>& bytes, size_t tile) {
    const FileLayout layout = layout_of(bytes);
    const MemorySource source(ByteSpan(bytes), "x");
    auto payload = read_tile(source, layout.tile_data_offset, layout.tiles, tile);
    REQUIRE(payload.ok());
    return payload.value();
}

// Checks the promise that every row is asked for once and in order.
class StrictSource : public MemoryImageSource {
  public:
    explicit StrictSource(const Picture& p)
        : MemoryImageSource(p.pixels.data(), p.width, p.height, p.bands) {}
    Status read_rows(uint32_t y, uint32_t count, const std::vector<int>& bands, uint8_t* out) override {
        if (y != next_ || count == 0) return Status(ErrorCode::internal, "row order");
        if (y + count > fail_from) return Status(ErrorCode::io, "no such row");
        next_ += count;
        largest = std::max(largest, count);
        return MemoryImageSource::read_rows(y, count, bands, out);
    }
    uint32_t next_ = 0;
    uint32_t largest = 0;
    uint32_t fail_from = 0xffffffff;
};

class FailingAnalysis : public BlockMeans {
  public:
    Status run(AnalysisGraph, const float*, int, int, int, float*, int, int, int) override {
        return Status(ErrorCode::internal, "out of order");
    }
};

}  // namespace

TEST_CASE("encoder: size and PSNR grow with quality", "[encoder]") {
    const Picture picture = make_picture(200, 150, 3);
    size_t last_size = 0;
    double last_psnr = 0;
    for (const double quality : {1.0, 20.0, 40.0, 60.0, 80.0, 100.0}) {
        const auto bytes = encode_small(picture, quality);
        const FileLayout layout = layout_of(bytes);
        const double db = psnr(picture, decode_all(*open_bytes(bytes)));
        INFO("quality " << quality << ": " << layout.tiles.data_bytes() << " bytes, " << db << " dB");
        CHECK(layout.tiles.data_bytes() > last_size);
        CHECK(db > last_psnr);
        last_size = layout.tiles.data_bytes();
        last_psnr = db;
    }
    CHECK(last_psnr > 25);  // what 8 x 8 means can do
    CHECK(last_psnr < 60);
}

TEST_CASE("encoder: header says what was asked for", "[encoder]") {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.quality = 33.33;
    options.effort = 7;
    options.tile_size = 128;
    EncodeStatistics statistics;
    const Picture picture = make_picture(130, 70, 1);
    const auto bytes = encode_bytes(options, picture, &statistics);
    const FileLayout layout = layout_of(bytes);
    CHECK(layout.header.width == 130);
    CHECK(layout.header.height == 70);
    CHECK(layout.header.bands == 1);
    CHECK(layout.header.colour == Colour::gray);
    CHECK(layout.header.quality_centi == 3333);
    CHECK(layout.header.effort == 7);
    CHECK(layout.header.tile_size_px == 128);
    CHECK(layout.header.model_name == "small");
    CHECK(layout.header.model_id == options.model->id);
    CHECK((layout.model == options.model->decoding_part()));
    CHECK(layout.preview.empty());
    CHECK(layout.tiles.size() == 2);
    CHECK(statistics.tiles == 2);
    CHECK(statistics.total_bytes == bytes.size());
    CHECK(statistics.hyper_bytes + statistics.latent_bytes + 2 <= layout.tiles.data_bytes());
    CHECK(statistics.coded_symbols > 0);

    options.embed_model = false;
    options.preview = PreviewMode::always;
    const FileLayout other = layout_of(encode_bytes(options, picture));
    CHECK(other.model.empty());
    CHECK(other.preview.width == 128);
    CHECK(other.preview.height == 69);
    // The mean over the preview is the mean over the picture.
    double a = 0, b = 0;
    for (const uint8_t v : picture.pixels) a += v;
    for (const uint8_t v : other.preview.pixels) b += v;
    CHECK(a / static_cast<double>(picture.pixels.size()) ==
          Approx(b / static_cast<double>(other.preview.pixels.size())).margin(1.0));
}

TEST_CASE("encoder: metadata travels along", "[encoder]") {
    BlockMeans analysis;
    const EncoderOptions options = small_options(small_ready_model(), analysis);
    const Picture picture = make_picture(20, 20, 3);
    MemoryImageSource image(picture.pixels.data(), 20, 20, 3);
    Metadata metadata;
    metadata.set("", "AUTHOR", "somebody");
    MemorySink sink;
    REQUIRE(encode(options, image, metadata, sink).ok());
    const auto decoder = open_bytes(sink.take());
    REQUIRE(decoder->metadata().find("", "AUTHOR") != nullptr);
    CHECK(*decoder->metadata().find("", "AUTHOR") == "somebody");
}

TEST_CASE("encoder: the number of threads does not show in the file", "[encoder]") {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    const Picture picture = make_picture(300, 200, 3);
    options.threads = 1;
    const auto reference = encode_bytes(options, picture);
    for (const int threads : {2, 7}) {
        options.threads = threads;
        CHECK((encode_bytes(options, picture) == reference));
    }
}

TEST_CASE("encoder: analysis blocks and bands leave no seams", "[encoder]") {
    // The same content at another place in the picture must give the same tiles, although it then lies
    // elsewhere in the analysis blocks (two of 1120 pixels) and bands (1024 rows).
    const Picture picture = make_picture(2240, 1300, 1);
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    const auto whole = encode_bytes(options, picture);
    CHECK(analysis.largest_side < 1300);  // it did work in blocks

    constexpr uint32_t kX = 1024, kY = 896, kW = 192, kH = 320;  // across the seams at x = 1120 and y = 1024
    Picture part{kW, kH, 1, {}};
    for (uint32_t y = 0; y < kH; ++y)
        part.pixels.insert(part.pixels.end(), picture.at(kX, kY + y), picture.at(kX, kY + y) + kW);
    const auto cropped = encode_bytes(options, part);
    const size_t across = 2240 / 64;
    // Inner tiles, away from the crop's edges, of 3 x 5.
    for (size_t ty = 1; ty < 4; ++ty) {
        INFO("row of tiles " << ty);
        CHECK((payload_of(whole, (kY / 64 + ty) * across + kX / 64 + 1) == payload_of(cropped, ty * 3 + 1)));
    }
}

TEST_CASE("encoder: rows are asked for once, in order, in portions", "[encoder]") {
    BlockMeans analysis;
    const EncoderOptions options = small_options(small_ready_model(), analysis);
    const Picture picture = make_picture(33, 2700, 3);
    StrictSource image(picture);
    MemorySink sink;
    const Status status = encode(options, image, Metadata(), sink);
    CHECK(status.message() == "");
    CHECK(image.next_ == 2700);
    CHECK(image.largest < 1100);
}

TEST_CASE("encoder: pictures smaller than a cell, and edge replication", "[encoder]") {
    for (const uint32_t width : {1u, 5u, 16u}) {
        for (const uint32_t height : {1u, 9u, 17u}) {
            const Picture flat{width, height, 3, std::vector<uint8_t>(size_t{width} * height * 3, 200)};
            const auto bytes = encode_small(flat, 100);
            INFO(width << "x" << height);
            CHECK(psnr(flat, decode_all(*open_bytes(bytes))) > 25);
            // Nothing of what lies beyond the edge is in the file: it is as if the picture filled its cells.
            const Picture filled{
                (width + 15) / 16 * 16, (height + 15) / 16 * 16, 3,
                std::vector<uint8_t>(size_t{(width + 15) / 16} * ((height + 15) / 16) * 768, 200)};
            CHECK((payload_of(bytes, 0) == payload_of(encode_small(filled, 100), 0)));
        }
    }
}

TEST_CASE("encoder: rate-aware quantisation saves bits at little loss", "[encoder]") {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.quality = 10;
    const Picture picture = make_picture(256, 256, 3);
    EncodeStatistics plain, aware;
    options.effort = 1;
    const double plain_psnr = psnr(picture, decode_all(*open_bytes(encode_bytes(options, picture, &plain))));
    options.effort = 5;
    options.distortion_weight = 0.3;
    const double aware_psnr = psnr(picture, decode_all(*open_bytes(encode_bytes(options, picture, &aware))));
    CHECK(aware.latent_bytes < plain.latent_bytes);
    CHECK(aware.hyper_bytes == plain.hyper_bytes);
    CHECK(aware_psnr > plain_psnr - 0.5);
    EncodeStatistics lossy;
    options.distortion_weight = 0.17;
    encode_bytes(options, picture, &lossy);
    CHECK(lossy.latent_bytes < aware.latent_bytes);
}

TEST_CASE("encoder: bad options are refused before anything is read", "[encoder]") {
    BlockMeans analysis;
    const EncoderOptions good = small_options(small_ready_model(), analysis);
    const Picture picture = make_picture(20, 20, 3);
    const auto code_with = [&](auto change) {
        EncoderOptions options = good;
        change(options);
        StrictSource image(picture);
        MemorySink sink;
        const Status status = encode(options, image, Metadata(), sink);
        CHECK(image.next_ == (status.ok() ? 20 : 0));
        CHECK(sink.bytes().empty() == !status.ok());
        return status.code();
    };
    CHECK(code_with([](EncoderOptions&) {}) == ErrorCode::ok);
    CHECK(code_with([](EncoderOptions& o) { o.quality = 0.99; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.quality = 100.5; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.quality = std::numeric_limits<double>::quiet_NaN(); }) ==
          ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.levels = 30; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.levels = 9; }) ==
          ErrorCode::invalid_argument);  // 20x20 has six
    CHECK(code_with([](EncoderOptions& o) { o.effort = 0; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.effort = 10; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.tile_size = 96; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.tile_size = 32; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) { o.distortion_weight = 0; }) == ErrorCode::invalid_argument);
    CHECK(code_with([](EncoderOptions& o) {
              o.model = nullptr;
              o.model_name = "no-such-model";
          }) == ErrorCode::model_not_found);
    // The model has no analysis graphs and nothing else was given.
    CHECK(code_with([](EncoderOptions& o) { o.analysis = nullptr; }) == ErrorCode::encoder_unavailable);

    MemoryImageSource no_bands(picture.pixels.data(), 10, 10, 0);
    MemorySink sink;
    CHECK(encode(good, no_bands, Metadata(), sink).code() == ErrorCode::invalid_argument);
    MemoryImageSource nothing(picture.pixels.data(), 0, 10, 3);
    CHECK_FALSE(encode(good, nothing, Metadata(), sink).ok());
}

TEST_CASE("encoder: errors of others come through, cancelling works, and nothing is written then",
          "[encoder]") {
    const Picture picture = make_picture(100, 1300, 3);
    MemorySink sink;
    {
        BlockMeans analysis;
        StrictSource image(picture);
        image.fail_from = 1000;
        const Status status = encode(small_options(small_ready_model(), analysis), image, Metadata(), sink);
        CHECK(status.code() == ErrorCode::io);
        CHECK(status.message() == "no such row");
    }
    {
        FailingAnalysis analysis;
        StrictSource image(picture);
        const Status status = encode(small_options(small_ready_model(), analysis), image, Metadata(), sink);
        CHECK(status.message().find("out of order") != std::string::npos);
    }
    {
        BlockMeans analysis;
        EncoderOptions options = small_options(small_ready_model(), analysis);
        std::vector<double> fractions;
        options.progress = [&](double f) {
            fractions.push_back(f);
            return fractions.size() < 2;
        };
        StrictSource image(picture);
        CHECK(encode(options, image, Metadata(), sink).code() == ErrorCode::cancelled);
        CHECK(fractions.size() == 2);
        CHECK(image.next_ < 1300);
    }
    CHECK(sink.bytes().empty());

    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    std::vector<double> fractions;
    options.progress = [&](double f) {
        fractions.push_back(f);
        return true;
    };
    encode_bytes(options, picture);
    REQUIRE(fractions.size() >= 3);
    CHECK(std::is_sorted(fractions.begin(), fractions.end()));
    CHECK(fractions.back() == 1.0);
    CHECK(fractions.front() == 0);  // asked before the first tile, too: what comes before takes a while
}

TEST_CASE("encoder: values no symbol can hold do not break it", "[encoder]") {
    class Wild : public BlockMeans {
      public:
        Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h,
                   int out_w, int out_c) override {
            const Status status = BlockMeans::run(graph, in, h, w, c, out, out_h, out_w, out_c);
            const float wild[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 40000.0f};
            for (int i = 0; i < out_h * out_w * out_c; i += 7) out[i] = wild[i / 7 % 6];
            return status;
        }
    };
    Wild analysis;
    const Picture picture = make_picture(100, 100, 3);
    const auto bytes = encode_bytes(small_options(small_ready_model(), analysis), picture);
    decode_all(*open_bytes(bytes));
}

TEST_CASE("analysis loader: says what is missing and where it looked", "[encoder]") {
    Model model = small_model();
    CHECK(load_analysis_backend(model, kMaxQualityCenti, 1).status().code() ==
          ErrorCode::encoder_unavailable);  // no analysis part
    FloatGraphBuilder analysis(3);
    FloatConvParams conv;
    conv.out_channels = kSmallLatents;
    conv.weights.assign(768 * kSmallLatents, 0.0f);
    conv.bias.assign(kSmallLatents, 0.0f);
    analysis.conv(analysis.space_to_depth(analysis.input(), 16), conv);
    model.analysis = analysis.take();

    // Whatever the environment says is put back.
    const char* before = std::getenv("NAE_TORCH_MODULE");
    const std::string saved = before != nullptr ? before : "";
    setenv("NAE_TORCH_MODULE", "/nonexistent/module.so", 1);
    const auto missing = load_analysis_backend(model, kMaxQualityCenti, 1);
    CHECK(missing.status().code() == ErrorCode::encoder_unavailable);
    CHECK(missing.status().message().find("/nonexistent/module.so") != std::string::npos);
    // A file that is no library.
    setenv("NAE_TORCH_MODULE", NAE_SOURCE_DIR "/CMakeLists.txt", 1);
    const auto unusable = load_analysis_backend(model, kMaxQualityCenti, 1);
    CHECK(unusable.status().code() == ErrorCode::encoder_unavailable);
    CHECK(unusable.status().message().find("CMakeLists.txt") != std::string::npos);
    if (before != nullptr) {
        setenv("NAE_TORCH_MODULE", saved.c_str(), 1);
    } else {
        unsetenv("NAE_TORCH_MODULE");
    }
}
