// Many users of one file at once, as several GDAL datasets on it are: each has its own decoder, all share the store of
// models. What this is for shows under ThreadSanitizer (preset tsan).

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <iterator>
#include <thread>

#include "format/file_layout.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

TEST_CASE("decoder: several on one file, opened and read in several threads", "[decoder][threads]") {
    const Picture picture = make_picture(150, 120, 3);
    const std::vector<uint8_t> bytes = encode_small(picture);
    const std::vector<uint8_t> whole = decode_all(*open_bytes(bytes));
    ModelStore store;  // fresh: the first users of a model meet while it is loaded
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 3; ++i) {
                DecoderOptions options;
                options.model_store = &store;
                options.threads = 2;
                const auto decoder =
                    Decoder::open(std::make_shared<MemorySource>(ByteSpan(bytes), "shared.nae"), options);
                std::vector<uint8_t> out(whole.size());
                if (!decoder.ok() || !decoder.value()->read_window(0, 0, 150, 120, out.data(), 450).ok() ||
                    out != whole)
                    ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
}

TEST_CASE("decoder: a preview that several threads ask for is taken apart once",
          "[decoder][threads][preview]") {
    const ReadyModelPtr model = small_ready_model();
    BlockMeans analysis;
    EncoderOptions options = small_options(model, analysis);
    options.preview = PreviewMode::always;
    const std::vector<uint8_t> bytes = encode_bytes(options, make_picture(150, 120, 3));
    const MemorySource source(ByteSpan(bytes), "preview.nae");
    const Preview expected = read_layout(source).value().preview;
    REQUIRE_FALSE(expected.empty());
    const auto decoder = open_bytes(bytes);
    CHECK(decoder->has_preview());
    const uint8_t* found[4] = {};  // where the samples lie: another time they would lie elsewhere
    std::vector<std::thread> threads;
    for (const uint8_t*& one : found)
        threads.emplace_back([&] {
            const auto preview = decoder->preview();
            if (preview.ok() && preview.value()->pixels == expected.pixels)
                one = preview.value()->pixels.data();
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(found[0] != nullptr);
    CHECK(std::count(std::begin(found), std::end(found), found[0]) == 4);

    const auto plain = open_bytes(encode_small(make_picture(20, 20, 3)));
    CHECK_FALSE(plain->has_preview());
    CHECK(plain->preview().value()->empty());
}
