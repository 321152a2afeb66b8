// The decoder: any window equals the crop of the whole, whatever the threads, caches and engines; damage
// stays local.
#include "codec/decoder.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "codec/tile_layout.h"
#include "format/file_layout.h"
#include "tests/unit/small_codec.h"
#include "tests/unit/windows.h"

using namespace nae;
using namespace nae::test;

namespace {

// Where tile `i`'s payload lies in the file.
size_t tile_offset(const std::vector<uint8_t>& bytes, size_t i, size_t* length) {
    const MemorySource source(ByteSpan(bytes), "x");
    const auto layout = read_layout(source);
    REQUIRE(layout.ok());
    *length = layout.value().tiles[i].length;
    return static_cast<size_t>(layout.value().tile_data_offset + layout.value().tiles[i].offset);
}

}  // namespace

TEST_CASE("decoder: any window is the crop of the whole", "[decoder]") {
    std::mt19937 random(7);
    struct Size {
        uint32_t w, h;
        int bands;
    };
    for (const Size size :
         {Size{1, 1, 3}, Size{1, 1, 1}, Size{15, 16, 3}, Size{17, 1, 1}, Size{1, 300, 3}, Size{300, 1, 3},
          Size{64, 64, 1}, Size{65, 129, 3}, Size{201, 167, 3}, Size{190, 77, 1}}) {
        INFO("picture " << size.w << "x" << size.h << "x" << size.bands);
        const auto bytes = encode_small(make_picture(size.w, size.h, size.bands));
        DecoderOptions reference;
        reference.threads = 1;
        reference.engine_level = EngineLevel::scalar;
        const auto first = open_bytes(bytes, reference);
        const std::vector<uint8_t> all = decode_all(*first);

        for (const int threads : {1, 2, 7}) {
            DecoderOptions options;
            options.threads = threads;
            options.cache_bytes = threads == 2 ? 0 : threads == 7 ? 20000 : 64 << 20;
            const auto decoder = open_bytes(bytes, options);
            CHECK((decode_all(*decoder) == all));
            for (int i = 0; i < 12; ++i) {
                const uint32_t x = static_cast<uint32_t>(random() % size.w),
                               y = static_cast<uint32_t>(random() % size.h);
                const uint32_t w = 1 + static_cast<uint32_t>(random() % (size.w - x));
                const uint32_t h = 1 + static_cast<uint32_t>(random() % (size.h - y));
                INFO("window " << w << "x" << h << " at " << x << ", " << y << ", threads " << threads);
                REQUIRE((window_of(*decoder, x, y, w, h) == crop(all, decoder->header(), x, y, w, h)));
            }
        }
    }
}

TEST_CASE("decoder: large picture, several chunks and blocks", "[decoder]") {
    BlockMeans analysis;
    EncoderOptions encoder_options = small_options(small_ready_model(), analysis);
    encoder_options.tile_size = 256;
    const auto bytes = encode_bytes(encoder_options, make_picture(1100, 1030, 1));
    DecoderOptions options;
    options.threads = 1;
    options.cache_bytes = 0;
    const auto one = open_bytes(bytes, options);
    options.threads = 3;
    const auto three = open_bytes(bytes, options);
    const std::vector<uint8_t> all = decode_all(*one);
    CHECK((decode_all(*three) == all));
    CHECK((window_of(*three, 5, 509, 1090, 7) == crop(all, one->header(), 5, 509, 1090, 7)));
    CHECK((window_of(*three, 1020, 3, 9, 1020) == crop(all, one->header(), 1020, 3, 9, 1020)));
    // Across the corner of four tiles, where chunks of whole tiles would end; one block, though it begins inside a cell.
    for (const auto& decoder : {&one, &three})
        CHECK((window_of(**decoder, 1001, 901, 99, 129) == crop(all, one->header(), 1001, 901, 99, 129)));
}

TEST_CASE("decoder: every engine level gives the same pixels", "[decoder]") {
    const auto bytes = encode_small(make_picture(150, 90, 3));
    DecoderOptions options;
    options.engine_level = EngineLevel::scalar;
    const std::vector<uint8_t> reference = decode_all(*open_bytes(bytes, options));
    for (const EngineLevel level : available_engine_levels()) {
        INFO(engine_level_name(level));
        options.engine_level = level;
        CHECK((decode_all(*open_bytes(bytes, options)) == reference));
    }
}

TEST_CASE("decoder: planar output", "[decoder]") {
    const auto decoder = open_bytes(encode_small(make_picture(70, 40, 3)));
    const std::vector<uint8_t> all = decode_all(*decoder);
    std::vector<uint8_t> planes(3 * 70 * 40);
    PixelTarget target;
    target.data = planes.data();
    target.pixel_stride = 1;
    target.row_stride = 70;
    target.band_stride = 70 * 40;
    REQUIRE(decoder->read_window(0, 0, 70, 40, target).ok());
    bool same = true;
    for (size_t i = 0; i < all.size(); ++i) same = same && planes[i % 3 * 70 * 40 + i / 3] == all[i];
    CHECK(same);
}

TEST_CASE("decoder: threads that take one tile after another, then blocks of what is there",
          "[decoder][threads]") {
    BlockMeans analysis;
    EncoderOptions encoder_options = small_options(small_ready_model(), analysis);
    encoder_options.tile_size = 512;
    std::vector<uint8_t> bytes = encode_bytes(encoder_options, make_picture(1700, 1300, 1));  // 4 x 3 tiles
    DecoderOptions options;
    options.threads = 1;
    const std::vector<uint8_t> all = decode_all(*open_bytes(bytes, options));
    for (const int threads : {2, 3, 7}) {
        options.threads = threads;
        const auto decoder = open_bytes(bytes, options);
        CHECK((decode_all(*decoder) == all));
        CHECK((window_of(*open_bytes(bytes, options), 300, 200, 1300, 1000) ==
               crop(all, decoder->header(), 300, 200, 1300, 1000)));
    }
    // Damage to one of them is that read's error, or one report.
    size_t length = 0;
    bytes[tile_offset(bytes, 6, &length) + 3] ^= 0x10;
    options.threads = 3;
    std::vector<uint8_t> out(all.size());
    const Status strict = open_bytes(bytes, options)->read_window(0, 0, 1700, 1300, out.data(), 1700);
    CHECK(strict.code() == ErrorCode::corrupt);
    CHECK(strict.message().find("tile 6") != std::string::npos);
    options.strict = false;
    std::vector<std::string> reports;
    options.on_damage = [&](const Status& s) { reports.push_back(s.message()); };
    const auto decoder = open_bytes(bytes, options);
    const std::vector<uint8_t> partial = decode_all(*decoder);
    CHECK(reports.size() == 1);
    CHECK((crop(partial, decoder->header(), 1200, 700, 10, 10) == std::vector<uint8_t>(100, 128)));
    CHECK(
        (crop(partial, decoder->header(), 0, 0, 900, 1300) == crop(all, decoder->header(), 0, 0, 900, 1300)));
}

TEST_CASE("decoder: concurrent reads share one cache", "[decoder]") {
    DecoderOptions options;
    options.threads = 2;
    options.cache_bytes = 30000;  // forces eviction
    const auto bytes = encode_small(make_picture(260, 200, 3));
    const auto decoder = open_bytes(bytes, options);
    const std::vector<uint8_t> all = decode_all(*open_bytes(bytes));
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 random(t);
            for (int i = 0; i < 15; ++i) {
                const uint32_t x = static_cast<uint32_t>(random() % 200),
                               y = static_cast<uint32_t>(random() % 150);
                std::vector<uint8_t> out(size_t{60} * 50 * 3);
                if (!decoder->read_window(x, y, 60, 50, out.data(), 180).ok() ||
                    out != crop(all, decoder->header(), x, y, 60, 50)) {
                    ++wrong;
                }
            }
        });
    }
    for (std::thread& t : threads) t.join();
    CHECK(wrong == 0);
}

TEST_CASE("decoder: a damaged tile is named, or replaced and reported", "[decoder]") {
    const Picture picture = make_picture(200, 130, 3);
    std::vector<uint8_t> bytes = encode_small(picture);
    const std::vector<uint8_t> intact = decode_all(*open_bytes(bytes));
    size_t length = 0;
    bytes[tile_offset(bytes, 5, &length) + 3] ^= 0x10;  // tile (1, 1) of 4 x 3

    std::vector<uint8_t> out(intact.size());
    const Status strict = open_bytes(bytes)->read_window(0, 0, 200, 130, out.data(), 600);
    CHECK(strict.code() == ErrorCode::corrupt);
    CHECK(strict.message().find("small.nae") == 0);
    CHECK(strict.message().find("tile 5") != std::string::npos);
    // Windows that do not need it are fine.
    CHECK(open_bytes(bytes)->read_window(0, 0, 40, 40, out.data(), 600).ok());

    DecoderOptions lenient;
    lenient.strict = false;
    std::vector<std::string> reports;
    lenient.on_damage = [&](const Status& s) { reports.push_back(s.message()); };
    const auto decoder = open_bytes(bytes, lenient);
    const std::vector<uint8_t> partial = decode_all(*decoder);
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].find("tile 5") != std::string::npos);
    // The tile's middle is mid-gray, what lies beyond the halo is as it was.
    CHECK((crop(partial, decoder->header(), 90, 90, 10, 10) == std::vector<uint8_t>(300, 128)));
    CHECK((crop(partial, decoder->header(), 0, 0, 40, 40) == crop(intact, decoder->header(), 0, 0, 40, 40)));
    CHECK((crop(partial, decoder->header(), 160, 0, 40, 130) ==
           crop(intact, decoder->header(), 160, 0, 40, 130)));
}

TEST_CASE("decoder: a tile that its CRC vouches for can still be nonsense", "[decoder]") {
    // Payloads made by hand: the container is in order, the entropy coder has to notice.
    const auto model = small_ready_model();
    const auto good = encode_small(make_picture(64, 64, 3));
    const MemorySource source(ByteSpan(good), "x");
    auto layout = read_layout(source);
    REQUIRE(layout.ok());
    std::vector<uint8_t> payload;
    {
        auto read = read_tile(source, layout.value().tile_data_offset, layout.value().tiles, 0);
        REQUIRE(read.ok());
        payload = read.value();
    }
    std::vector<uint8_t> out(64 * 64 * 3);
    const auto status_with = [&](const std::vector<uint8_t>& tile) {
        MemorySink sink;
        REQUIRE(write_file(sink, layout.value(), {tile}).ok());
        return open_bytes(sink.take())->read_window(0, 0, 64, 64, out.data(), 192);
    };
    REQUIRE(status_with(payload).ok());
    std::mt19937 random(2);
    std::vector<uint8_t> cut = payload;
    cut.pop_back();
    CHECK(status_with(cut).code() == ErrorCode::corrupt);
    CHECK(status_with({}).code() == ErrorCode::corrupt);
    CHECK(status_with({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}).code() == ErrorCode::corrupt);
    CHECK(status_with({0x7f}).message().find("tile 0") != std::string::npos);
    for (int i = 0; i < 100; ++i) {
        std::vector<uint8_t> noise = payload;
        for (int k = 0; k < 8; ++k) noise[random() % noise.size()] = static_cast<uint8_t>(random());
        const Status status = status_with(noise);
        if (!status.ok()) CHECK(status.code() == ErrorCode::corrupt);
    }
}

TEST_CASE("decoder: flipped bits anywhere give an error or a picture, never worse", "[decoder]") {
    const std::vector<uint8_t> bytes = encode_small(make_picture(130, 70, 3));
    std::mt19937 random(4);
    std::vector<uint8_t> out(130 * 70 * 3);
    int noticed = 0;
    constexpr int kTrials = 150;
    for (int i = 0; i < kTrials; ++i) {
        std::vector<uint8_t> damaged = bytes;
        damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1 << random() % 8);
        auto decoder =
            Decoder::open(std::make_shared<MemorySource>(std::move(damaged), "d.nae"), DecoderOptions());
        if (!decoder.ok()) {
            CHECK(decoder.status().message().find("d.nae") == 0);
            CHECK(decoder.status().code() != ErrorCode::internal);
            ++noticed;
            continue;
        }
        const Status status = decoder.value()->read_window(0, 0, 130, 70, out.data(), 390);
        CHECK(status.code() != ErrorCode::internal);
        if (!status.ok()) ++noticed;
    }
    CHECK(noticed == kTrials);  // every byte is under some CRC
}

TEST_CASE("decoder: truncation at any point is noticed on opening", "[decoder]") {
    const std::vector<uint8_t> bytes = encode_small(make_picture(40, 40, 3));
    for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 61) {
        const std::vector<uint8_t> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        const auto decoder = Decoder::open(
            std::make_shared<MemorySource>(std::vector<uint8_t>(part), "t.nae"), DecoderOptions());
        CHECK_FALSE(decoder.ok());
        CHECK(decoder.status().message().find("t.nae") == 0);
    }
}

TEST_CASE("decoder: a missing model is reported with its ID; the header is readable without", "[decoder]") {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.embed_model = false;
    const auto bytes = encode_bytes(options, make_picture(40, 40, 3));
    const auto source = std::make_shared<MemorySource>(std::vector<uint8_t>(bytes), "m.nae");
    ModelStore store({"/nonexistent-directory"});
    DecoderOptions decoder_options;
    decoder_options.model_store = &store;
    const auto opened = Decoder::open(source, decoder_options);
    CHECK(opened.status().code() == ErrorCode::model_not_found);
    CHECK(opened.status().message().find(model_id_string(options.model->id)) != std::string::npos);
    CHECK(opened.status().message().find("m.nae") == 0);

    const auto bare = Decoder::open_without_model(source, decoder_options);
    REQUIRE(bare.ok());
    CHECK(bare.value()->header().width == 40);
    CHECK_FALSE(bare.value()->has_embedded_model());
    CHECK(bare.value()->model() == nullptr);
    std::vector<uint8_t> out(40 * 40 * 3);
    CHECK(bare.value()->read_window(0, 0, 40, 40, out.data(), 120).code() == ErrorCode::model_not_found);
}

TEST_CASE("decoder: windows outside the picture are refused", "[decoder]") {
    const auto decoder = open_bytes(encode_small(make_picture(50, 40, 1)));
    std::vector<uint8_t> out(50 * 40);
    const auto code = [&](uint32_t x, uint32_t y, uint32_t w, uint32_t h) {
        return decoder->read_window(x, y, w, h, out.data(), 50).code();
    };
    CHECK(code(0, 0, 51, 40) == ErrorCode::invalid_argument);
    CHECK(code(0, 0, 50, 41) == ErrorCode::invalid_argument);
    CHECK(code(50, 0, 1, 1) == ErrorCode::invalid_argument);
    CHECK(code(1, 1, 0xffffffff, 1) == ErrorCode::invalid_argument);
    CHECK(code(1, 1, 0, 1) == ErrorCode::invalid_argument);
    CHECK(code(49, 39, 1, 1) == ErrorCode::ok);
    CHECK(decoder->read_window(0, 0, 1, 1, nullptr, 1).code() == ErrorCode::invalid_argument);
}
