// Any picture, any options, and an analysis that may return anything, NaN included: the encoder gives a valid file,
// the same one twice, and the file decodes to the same pixels by every engine, as a whole and by windows.
//
//   u8 width, u8 height, u8 flags, u8 effort, u16 quality, u8 how many analysis outputs are replaced, then
//   bytes that are pixels and analysis outputs, repeated as needed
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/guard.h"
#include "format/file_layout.h"
#include "tests/fuzz/check_status.h"
#include "tests/support/tiny_model.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kHead = 7;

void demand(bool condition) {
    if (!condition) std::abort();
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

struct Case {
    uint32_t width, height;
    nae::EncoderOptions options;
    int bands;
    unsigned every;
    Bytes pixels;
};

Case read_case(const uint8_t* data, size_t size) {
    static const nae::ReadyModelPtr model = nae::prepare_model(nae::test::make_tiny_model(), "tiny").value();
    Case c;
    c.width = 1u + data[0];
    c.height = 1u + data[1];
    c.bands = (data[2] & 1) != 0 ? 3 : 1;
    c.options.model = model;
    c.options.embed_model = true;
    c.options.preview = (data[2] & 2) != 0 ? nae::PreviewMode::always : nae::PreviewMode::automatic;
    c.options.tile_size = 64 << (data[2] >> 2 & 3);
    c.options.threads = 1;
    c.options.effort = 1 + data[3] % 9;
    c.options.quality = 1 + (data[4] | data[5] << 8) % 9901 / 100.0;
    c.every = data[6];
    c.pixels.resize(size_t{c.width} * c.height * static_cast<size_t>(c.bands));
    for (size_t i = 0; i < c.pixels.size() && size > kHead; ++i)
        c.pixels[i] = data[kHead + i % (size - kHead)];
    return c;
}

Bytes encode(Case& c, const uint8_t* data, size_t size) {
    HostileAnalysis analysis(data, size, c.every);
    c.options.analysis = &analysis;
    nae::MemoryImageSource image(c.pixels.data(), c.width, c.height, c.bands);
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
    auto decoder =
        nae::Decoder::open(std::make_shared<nae::MemorySource>(nae::ByteSpan(file), "file"), options);
    nae::check_status(decoder.status());
    demand(decoder.ok());
    return std::move(decoder).value();
}

Bytes read(const nae::Decoder& decoder, const Case& c, uint32_t x, uint32_t y) {
    const uint32_t w = c.width - x, h = c.height - y;
    Bytes pixels(size_t{w} * h * static_cast<size_t>(c.bands));
    const nae::Status status =
        decoder.read_window(x, y, w, h, pixels.data(), static_cast<ptrdiff_t>(w) * c.bands);
    nae::check_status(status);
    demand(status.ok());
    return pixels;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < kHead) return 0;
    Case c = read_case(data, size);
    const Bytes file = encode(c, data, size);
    demand(encode(c, data, size) == file);

    nae::LayoutOptions layout_options;
    layout_options.verify_tiles = true;
    const nae::MemorySource source(nae::ByteSpan(file), "file");
    const auto layout = nae::read_layout(source, layout_options);
    nae::check_status(layout.status());
    demand(layout.ok() && *layout.value().metadata.find("", "KEY") == std::string(data, data + size));

    const Bytes whole = read(*open(file, nae::EngineLevel::automatic), c, 0, 0);
    demand(read(*open(file, nae::EngineLevel::scalar), c, 0, 0) == whole);
    const uint32_t x = c.width * 2 / 3, y = c.height / 2;
    const Bytes window = read(*open(file, nae::EngineLevel::automatic), c, x, y);
    const size_t bands = static_cast<size_t>(c.bands), row = (c.width - x) * bands;
    for (size_t i = 0; i < c.height - y; ++i)
        demand(std::memcmp(&window[i * row], &whole[((y + i) * c.width + x) * bands], row) == 0);
    return 0;
}
