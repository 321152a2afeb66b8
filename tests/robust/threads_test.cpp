// Sixteen threads at once, as a server has them. Run under ThreadSanitizer by ./dev threads.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "codec/include/nae/nae.h"
#include "format/text.h"
#include "tests/robust/tiny_file.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kThreads = 16;

// Catch's assertions are for one thread: bodies count what went wrong.
template <class Body>
void in_threads(const Body& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([&body, i] { body(i); });
    for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("threads: sixteen write and read different files", "[threads]") {
    const std::string base =
        (std::filesystem::temp_directory_path() / cat("nae-threads-", ::getpid())).string();
    std::vector<Picture> pictures;
    std::vector<Bytes> expected;
    for (int i = 0; i < kThreads; ++i) {
        pictures.push_back(make_picture(40u + static_cast<uint32_t>(i), 90, i % 2 == 0 ? 3 : 1, 3));
        TinyAnalysis analysis;
        expected.push_back(read_pixels(encode_bytes(tiny_options(analysis), pictures.back())).value());
    }
    const ReadyModelPtr model = tiny_ready_model();
    std::atomic<int> wrong{0};
    in_threads([&](int i) {
        const std::string path = cat(base, "-", i, ".nae");
        const Picture& p = pictures[static_cast<size_t>(i)];
        for (int round = 0; round < 4; ++round) {
            TinyAnalysis analysis;
            EncoderOptions options;
            options.model = model;
            options.analysis = &analysis;
            options.quality = 80;
            options.tile_size = 64;
            options.threads = 2;
            options.embed_model = true;
            MemoryImageSource image(p.pixels.data(), p.width, p.height, p.bands);
            const auto sink = FileSink::create(path);
            if (!sink.ok() || !encode(options, image, Metadata(), *sink.value()).ok() ||
                !sink.value()->commit().ok()) {
                ++wrong;
                continue;
            }
            nae_decoder* decoder = nullptr;
            Bytes pixels(p.pixels.size());
            nae_buffer buffer{};
            buffer.struct_size = sizeof(buffer);
            buffer.data = pixels.data();
            buffer.size = pixels.size();
            if (nae_open_file(path.c_str(), nullptr, &decoder) != NAE_OK ||
                nae_read(decoder, nullptr, &buffer, nullptr, nullptr) != NAE_OK ||
                pixels != expected[static_cast<size_t>(i)])
                ++wrong;
            nae_close(decoder);
        }
        std::filesystem::remove(path);
    });
    CHECK(wrong == 0);
}

TEST_CASE("threads: tiles that threads share, predicted in two steps", "[threads]") {
    // Two tiles of 512 pixels: the large one is everybody's, the small one's symbols are decoded beside its own.
    TinyAnalysis analysis;
    EncoderOptions encoder = tiny_options(analysis);
    encoder.model = prepare_model(make_tiny_model_with_context(), "tiny with a context").value();
    encoder.tile_size = 512;
    const Bytes file = encode_bytes(encoder, make_picture(700, 300, 3));
    DecoderOptions options;
    options.threads = 1;
    const Bytes alone = read_pixels(file, options).value();
    std::atomic<int> wrong{0};
    options.threads = 3;
    options.cache_bytes = 0;
    const auto decoder = open_bytes(file, options);
    in_threads([&](int i) {
        if (i % 4 != 0) return;
        if (i % 8 == 0) {  // one decoder's threads
            Bytes pixels(alone.size());
            if (!decoder->read_window(0, 0, 700, 300, pixels.data(), 2100).ok() || pixels != alone) ++wrong;
        } else {  // everybody's own
            const auto pixels = read_pixels(file, options);
            if (!pixels.ok() || pixels.value() != alone) ++wrong;
        }
    });
    CHECK(wrong == 0);
}

TEST_CASE("threads: sixteen read one file, some of it damaged", "[threads]") {
    Bytes file = tiny_file(260, 200);
    const Bytes whole = read_pixels(file).value();
    const FileLayout layout = layout_of(file);
    file[layout.tile_data_offset + layout.tiles[0].offset] ^= 1;
    std::atomic<int> reports{0}, wrong{0};
    DecoderOptions options;
    options.threads = 3;
    options.strict = false;
    options.cache_bytes = 3000;  // tiles come and go
    options.on_damage = [&](const Status&) { ++reports; };
    const auto decoder = open_bytes(file, options);
    in_threads([&](int i) {
        Bytes pixels(40 * 30 * 3);
        for (int k = 0; k < 20; ++k) {
            const auto x = static_cast<uint32_t>((i * 37 + k * 11) % 220),
                       y = static_cast<uint32_t>(100 + k % 5 * 14);
            if (!decoder->read_window(x, y, 40, 30, pixels.data(), 120).ok() ||
                !std::equal(pixels.begin(), pixels.begin() + 120, whole.begin() + (y * 260 + x) * 3))
                ++wrong;
            Bytes corner(16 * 16 * 3);
            if (!decoder->read_window(0, 0, 16, 16, corner.data(), 48).ok()) ++wrong;
        }
    });
    CHECK(wrong == 0);
    CHECK(reports > 0);
}
