// Files of about 1 kB around the tiny model (tests/support/tiny_model.h), and the parts of a file to attack.
#ifndef NAE_TESTS_ROBUST_TINY_FILE_H_
#define NAE_TESTS_ROBUST_TINY_FILE_H_

#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "codec/decoder.h"
#include "tests/support/tiny_model.h"
#include "tests/unit/format_samples.h"
#include "tests/unit/small_codec.h"

namespace nae::test {

inline ReadyModelPtr tiny_ready_model() {
    static const ReadyModelPtr model = prepare_model(make_tiny_model(), "tiny.nam").value();
    return model;
}

// Tiles of 64 pixels, the model embedded.
inline EncoderOptions tiny_options(AnalysisBackend& analysis) {
    EncoderOptions options = small_options(tiny_ready_model(), analysis);
    options.threads = 1;
    options.quality = 80;
    return options;
}

inline Bytes tiny_file(uint32_t width, uint32_t height, int bands = 3) {
    TinyAnalysis analysis;
    return encode_bytes(tiny_options(analysis), make_picture(width, height, bands));
}

// All pixels, or why there are none.
inline Result<Bytes> read_pixels(const Bytes& file, const DecoderOptions& options = {}) {
    NAE_ASSIGN_OR_RETURN(const auto decoder,
                         Decoder::open(std::make_shared<MemorySource>(ByteSpan(file), "tiny.nae"), options));
    const Header& h = decoder->header();
    const size_t row = h.width * decoder->bands().count() * sample_bytes(h.data_type);
    Bytes pixels(row * h.height);
    NAE_RETURN_IF_ERROR(
        decoder->read_window(0, 0, h.width, h.height, pixels.data(), static_cast<ptrdiff_t>(row)));
    return pixels;
}

inline FileLayout layout_of(const Bytes& file) {
    auto layout = read_bytes(file);
    REQUIRE(layout.ok());
    return std::move(layout).value();
}

}  // namespace nae::test

#endif  // NAE_TESTS_ROBUST_TINY_FILE_H_
