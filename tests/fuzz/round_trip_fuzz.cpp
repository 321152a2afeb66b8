// Any picture, any options, and an analysis that may return anything, NaN included: the encoder gives a valid file, the
// same one twice; the decoder finds the latents that the encoder chose, keeps exactly what is to be kept exactly, and
// gives the same samples by every engine, as a whole and by windows.
//
//   u8 width, u8 height, u8 tile size and preview, u8 effort, u16 quality, u8 how many analysis outputs are replaced,
//   u8 data type, u8 bands, u8 what the bands are, then bytes that are samples and analysis outputs, repeated as needed
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/entropy/table_builder.h"
#include "codec/guard.h"
#include "codec/latent_quantiser.h"
#include "codec/tile_codec.h"
#include "format/file_layout.h"
#include "tests/fuzz/check_status.h"
#include "tests/support/planned_image.h"
#include "tests/support/tiny_model.h"
#include "tests/support/whole_file.h"

namespace {

using Bytes = std::vector<uint8_t>;
using Latents = std::vector<std::vector<int16_t>>;

constexpr size_t kHead = 10;
constexpr uint32_t kMaxSide = 90;  // two tiles across and down

void demand(bool condition) {
    if (!condition) std::abort();
}

template <class T>
T expected(nae::Result<T> result) {
    nae::check_status(result.status());
    demand(result.ok());
    return std::move(result).value();
}

// The tiny model with as few tables as will do: each takes 16384 steps to prepare, whenever a file is opened.
nae::ReadyModelPtr model() {
    static const nae::ReadyModelPtr ready = [] {
        nae::Model m = nae::test::make_tiny_model();
        m.latent_tables = nae::make_gaussian_tables(nae::bias_for_smallest_scale(0.12), 3);
        m.hyper_tables = nae::make_gaussian_tables(nae::bias_for_smallest_scale(0.12), 2);
        return nae::prepare_model(std::move(m), "tiny").value();
    }();
    return ready;
}

// The tiny model's analysis with every n-th output replaced by whatever the input says.
class HostileAnalysis : public nae::AnalysisBackend {
  public:
    HostileAnalysis(const uint8_t* data, size_t size, unsigned every)
        : data_(data), size_(size), every_(every) {}
    int halo_px() const override { return 0; }
    nae::Status run(nae::AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h,
                    int out_w, int out_c) override {
        NAE_RETURN_IF_ERROR(honest_.run(graph, in, h, w, c, out, out_h, out_w, out_c));
        const auto count = static_cast<size_t>(out_h * out_w * out_c);
        for (size_t i = 0; every_ != 0 && size_ >= 4 && i < count; i += every_)
            std::memcpy(&out[i], data_ + 4 * i % (size_ - 3), 4);
        return {};
    }

  private:
    nae::test::TinyAnalysis honest_;
    const uint8_t* data_;
    size_t size_;
    unsigned every_;
};

// Latents as the encoder has chosen them.
class Predicted : public nae::TileObserver {
  public:
    explicit Predicted(int quality_centi) {
        const nae::NodeInfo& input = model()->synthesis.info().nodes.front();
        scale_ = nae::make_latent_scale(model()->model.gains.latent, model()->model.latent_tables,
                                        quality_centi, input.lo, input.hi);
    }
    void tile_coded(const nae::TileSymbols& tile) override {
        std::vector<int16_t> latent(tile.symbols.size());
        const auto channels = static_cast<size_t>(scale_.channels());
        const auto predicted = static_cast<size_t>(tile.prediction.c);
        for (size_t at = 0; at < latent.size(); at += channels)
            nae::dequantise_position(scale_, &tile.symbols[at],
                                     &tile.prediction.data[at / channels * predicted], &latent[at]);
        latents.push_back(std::move(latent));
    }
    Latents latents;

  private:
    nae::LatentScale scale_;
};

struct Case {
    uint32_t width, height;
    nae::EncoderOptions options;
    int bands;
    nae::DataType type;
    nae::BandPlan plan;
    unsigned every;
    Bytes pixels, mask;

    const uint8_t* sample(size_t pixel, size_t band) const {
        return &pixels[(pixel * static_cast<size_t>(bands) + band) * nae::sample_bytes(type)];
    }
};

Case read_case(const uint8_t* data, size_t size) {
    Case c;
    c.width = 1u + data[0] % kMaxSide;
    c.height = 1u + data[1] % kMaxSide;
    c.options.model = model();
    c.options.embed_model = true;
    c.options.tile_size = 64 << (data[2] & 1);
    c.options.preview = (data[2] & 2) != 0 ? nae::PreviewMode::always : nae::PreviewMode::never;
    c.options.levels = std::min(1 + (data[2] >> 2) % 3, nae::automatic_levels(c.width, c.height, 1));
    c.options.threads = 1;
    c.options.effort = 1 + data[3] % 9;
    c.options.quality = (100 + (data[4] | data[5] << 8) % 9901) / 100.0;
    c.every = data[6];
    c.type = static_cast<nae::DataType>(1 + data[7] % 6);
    c.bands = 1 + data[8] % 5;
    const std::vector<int> rgb =
        c.bands >= 3 && (data[9] & 1) != 0 ? std::vector<int>{2, 0, 1} : std::vector<int>{};
    const int alpha = c.bands % 2 == 0 && (data[9] & 2) != 0 ? c.bands - 1 : -1;
    c.plan = nae::make_band_plan(c.bands, c.type, rgb, alpha, (data[9] & 4) != 0);
    const size_t pixels = size_t{c.width} * c.height;
    c.pixels.resize(pixels * static_cast<size_t>(c.bands) * nae::sample_bytes(c.type));
    for (size_t i = 0; i < c.pixels.size() && size > kHead; ++i)
        c.pixels[i] = data[kHead + i % (size - kHead)];
    for (size_t i = 0; i < pixels; ++i)
        c.mask.push_back(size > kHead && data[kHead + i % (size - kHead)] % 4 == 1 ? 0 : 255);
    // The first sample stands for "nodata", of the bands that bits say.
    uint32_t bits = 0;
    std::memcpy(&bits, c.pixels.data(), nae::sample_bytes(c.type));
    if (c.type == nae::DataType::int16) bits = static_cast<uint32_t>(static_cast<int16_t>(bits));
    for (int band = 0; band < c.bands; ++band)
        if ((data[9] >> (3 + band) & 1) != 0)
            nae::add_special(c.plan, c.type, band, nae::sample_value(bits, c.type));
    return c;
}

Bytes encode(Case& c, const uint8_t* data, size_t size, nae::TileObserver* observer) {
    HostileAnalysis analysis(data, size, c.every);
    c.options.analysis = &analysis;
    c.options.observer = observer;
    nae::test::PlannedImage image(c.pixels.data(), c.width, c.height, c.bands, c.type, c.plan, c.mask);
    nae::MemorySink sink;
    nae::Metadata metadata;
    metadata.set("", "KEY", std::string(data, data + size));
    const nae::Status status = nae::encode(c.options, image, metadata, sink);
    nae::check_status(status);
    demand(status.ok());
    return sink.take();
}

std::unique_ptr<nae::Decoder> open(const Bytes& file, nae::EngineLevel level) {
    nae::DecoderOptions options;
    options.threads = 1;
    options.engine_level = level;
    return expected(
        nae::Decoder::open(std::make_shared<nae::MemorySource>(nae::ByteSpan(file), "file"), options));
}

// Alpha, the mask, and where a band's special values are.
void check_exact(const Case& c, const nae::Decoder& decoder, const Bytes& decoded) {
    const nae::BandTable& table = decoder.bands();
    const size_t size = nae::sample_bytes(c.type), pixels = size_t{c.width} * c.height;
    const auto bands = static_cast<size_t>(c.bands);
    const auto places = nae::band_places(table);
    const auto value_of = [&](const uint8_t* sample) {
        uint32_t bits = 0;
        std::memcpy(&bits, sample, size);
        if (c.type == nae::DataType::int16) bits = static_cast<uint32_t>(static_cast<int16_t>(bits));
        return nae::sample_value(bits, c.type);
    };
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    for (size_t band = 0; band < bands; ++band) {
        const bool lossless =
            table.planes[static_cast<size_t>(places[band].plane)].kind == nae::PlaneKind::lossless;
        const std::vector<double>& specials = table.bands[band].specials;
        for (size_t i = 0; i < pixels; ++i) {
            const uint8_t* before = c.sample(i, band);
            const uint8_t* after = &decoded[(i * bands + band) * size];
            if (lossless) {
                demand(std::memcmp(before, after, size) == 0);
                continue;
            }
            for (const double special : specials)
                demand(same(value_of(before), special) == same(value_of(after), special));
        }
    }
    if (table.mask() >= 0)
        demand(std::equal(c.mask.begin(), c.mask.end(), decoded.end() - static_cast<ptrdiff_t>(pixels)));
}

void check_window(const Case& c, const nae::Decoder& decoder, const Bytes& whole) {
    const uint32_t x = c.width * 2 / 3, y = c.height / 2, w = c.width - x, h = c.height - y;
    const size_t pixel = static_cast<size_t>(c.bands) * nae::sample_bytes(c.type), row = w * pixel;
    Bytes window(row * h);
    std::vector<int> bands;
    for (int band = 0; band < c.bands; ++band) bands.push_back(band);
    nae::PixelTarget target;
    target.data = window.data();
    target.pixel_stride = static_cast<ptrdiff_t>(pixel);
    target.row_stride = static_cast<ptrdiff_t>(row);
    target.band_stride = static_cast<ptrdiff_t>(nae::sample_bytes(c.type));
    const nae::Status status = decoder.read({x, y, w, h, 0}, bands, target);
    nae::check_status(status);
    demand(status.ok());
    for (size_t i = 0; i < h; ++i)
        demand(std::memcmp(&window[i * row], &whole[((y + i) * c.width + x) * pixel], row) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < kHead) return 0;
    Case c = read_case(data, size);
    Predicted predicted(static_cast<int>(std::lround(c.options.quality * 100)));
    const Bytes file = encode(c, data, size, &predicted);
    demand(encode(c, data, size, nullptr) == file);

    nae::LayoutOptions layout_options;
    layout_options.verify_tiles = true;
    const nae::MemorySource source(nae::ByteSpan(file), "file");
    const nae::FileLayout layout = expected(nae::read_layout(source, layout_options));
    demand(*layout.metadata.find("", "KEY") == std::string(data, data + size));
    Latents latents = expected(nae::test::read_latents(source, model(), nae::EngineLevel::automatic));
    std::sort(latents.begin(), latents.end());  // tiles are coded in any order
    std::sort(predicted.latents.begin(), predicted.latents.end());
    demand(latents == predicted.latents);

    const auto decoder = open(file, nae::EngineLevel::automatic),
               scalar = open(file, nae::EngineLevel::scalar);
    for (int level = 0; level < c.options.levels; ++level) {
        const Bytes whole = expected(nae::test::read_level(*decoder, level));
        demand(expected(nae::test::read_level(*scalar, level)) == whole);
        if (level > 0) continue;
        check_exact(c, *decoder, whole);
        check_window(c, *decoder, whole);
    }
    return 0;
}
