// Small files that ask for much. Each is opened and read in a process of its own, whose memory is measured: it must be
// refused before memory is taken.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "format/deflate.h"
#include "format/little_endian.h"
#include "tests/robust/tiny_file.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr long kAllowedKiB = 24 << 10;  // beyond what a process that does nothing has; tables take 1 MiB

struct Outcome {
    ErrorCode code = ErrorCode::internal;
    long peak_kib = 0;
};

// What `body` returns in a child process, and the child's largest resident size.
Outcome in_child(const std::function<ErrorCode()>& body) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) ::_exit(static_cast<int>(body()));
    int status = 0;
    rusage usage{};
    REQUIRE(::wait4(child, &status, 0, &usage) == child);
    Outcome outcome;
    REQUIRE(WIFEXITED(status));
    outcome.code = static_cast<ErrorCode>(WEXITSTATUS(status));
    outcome.peak_kib = usage.ru_maxrss;
    return outcome;
}

// Opens, and reads one pixel in the middle.
ErrorCode open_and_read(const Bytes& file) {
    DecoderOptions options;
    options.threads = 1;
    const auto decoder = Decoder::open(std::make_shared<MemorySource>(ByteSpan(file), "bomb.nae"), options);
    if (!decoder.ok()) return decoder.status().code();
    const Header& h = decoder.value()->header();
    uint8_t pixel[3];
    return decoder.value()->read_window(h.width / 2, h.height / 2, 1, 1, pixel, 3).code();
}

void check_refused(const char* what, const Bytes& file, ErrorCode expected) {
    INFO(what);
    REQUIRE_FALSE(file.empty());
    const Outcome idle = in_child([] { return ErrorCode::ok; });
    const Outcome bomb = in_child([&] { return open_and_read(file); });
    CHECK(error_code_name(bomb.code) == std::string(error_code_name(expected)));
    CHECK(bomb.peak_kib - idle.peak_kib < kAllowedKiB);
}

// A header of any size, the tiny model and as many empty tiles as it takes.
FileLayout empty_tiles(uint32_t width, uint32_t height, uint16_t tile_size, const ReadyModelPtr& model) {
    FileLayout layout;
    layout.header.width = width;
    layout.header.height = height;
    layout.header.tile_size_px = tile_size;
    layout.header.model_id = model->id;
    layout.model = model->decoding_part();
    return layout;
}

Bytes one_chunk(const Bytes& file, ChunkType type, const Bytes& payload) {
    MemorySink sink;
    ChunkWriter writer(sink, kPictureSignature);
    const FileLayout layout = layout_of(file);
    for (const Chunk& chunk : layout.chunks) {
        if (chunk.type == kChunkEnd) break;
        const bool replaced = chunk.type == type;
        const ByteSpan old(file.data() + chunk.payload_offset, static_cast<size_t>(chunk.length));
        REQUIRE(writer.write_chunk(chunk.type, replaced ? ByteSpan(payload) : old).ok());
    }
    REQUIRE(writer.finish().ok());
    return sink.take();
}

Bytes head_of(uint32_t width, uint32_t height, uint16_t tile_size) {
    Header header;
    header.width = width;
    header.height = height;
    header.tile_size_px = tile_size;
    header.model_id = tiny_ready_model()->id;
    auto bytes = serialise_header(header);
    // A writer checks; the attacker does not.
    if (!bytes.ok()) {
        header.width = header.height = 64;
        bytes = serialise_header(header);
        store_le(width, bytes.value().data() + 4);
        store_le(height, bytes.value().data() + 8);
    }
    return bytes.value();
}

// Sixty-four kilobytes of deflate stream for 64 MiB of zeros, or as many metadata items as fit.
Bytes metadata_payload(const Bytes& list) {
    Bytes payload;
    append_le(payload, static_cast<uint32_t>(list.size()));
    const Bytes deflated = deflate_raw(ByteSpan(list)).value();
    append_bytes(payload, deflated.data(), deflated.size());
    return payload;
}

// A synthesis whose every output pixel depends on a thousand by a thousand latents of 2048 channels.
ReadyModelPtr far_reaching_model() {
    constexpr int kChannels = 2048;
    ConvParams p;
    p.out_channels = 1;
    p.kernel = 5;
    p.weights.assign(25, 1);
    p.bias = {0};
    p.mult = {1 << 28};
    p.lo = -100;
    p.hi = 100;
    GraphBuilder b(kChannels, -100, 100);
    int x = b.slice(b.input(), 0, 1);
    for (int i = 0; i < 246; ++i) x = b.conv(x, p);
    for (int i = 0; i < 2; ++i) x = b.depth_to_space(b.concat(std::vector<int>(16, x)), 4);
    b.concat({x, x, x});

    p.out_channels = 2 * kChannels;
    p.kernel = 1;
    p.weights.assign(2 * kChannels, 1);
    p.bias.assign(2 * kChannels, 0);
    p.mult.assign(2 * kChannels, 1 << 28);
    // In parts of 256 channels: no node has more than 4096 of them, at any resolution.
    GraphBuilder h(1, -100, 100);
    const int wide = h.conv(h.input(), p);
    std::vector<int> parts;
    for (int i = 0; i < 16; ++i)
        parts.push_back(h.depth_to_space(h.concat(std::vector<int>(16, h.slice(wide, 256 * i, 256))), 4));
    h.concat(parts);

    Model model = make_tiny_model();
    model.name = "far";
    model.latent_channels = kChannels;
    model.synthesis = b.take();
    model.hyper_synthesis = h.take();
    model.gains.latent.channels = kChannels;
    model.gains.latent.log2_gain.assign(2 * kChannels, 0);
    model.gains.latent.log2_inverse_unit.assign(kChannels, 4 * 256);
    model.analysis = FloatGraph();
    model.hyper_analysis = FloatGraph();
    const auto ready = prepare_model(std::move(model), "far.nam");
    INFO(ready.status().message());
    REQUIRE(ready.ok());
    return ready.value();
}

}  // namespace

TEST_CASE("bombs: sizes that only the header has", "[bomb]") {
    const Bytes file = tiny_file(70, 40);
    check_refused("2^31-1 squared", one_chunk(file, kChunkHead, head_of(0x7FFFFFFF, 0x7FFFFFFF, 4096)),
                  ErrorCode::limit_exceeded);
    check_refused("2^32-1 squared", one_chunk(file, kChunkHead, head_of(0xFFFFFFFF, 0xFFFFFFFF, 64)),
                  ErrorCode::corrupt);
    check_refused("a million tiles", one_chunk(file, kChunkHead, head_of(65536, 65536, 64)),
                  ErrorCode::corrupt);
    check_refused("2^34 pixels", one_chunk(file, kChunkHead, head_of(1 << 17, 1 << 17, 4096)),
                  ErrorCode::corrupt);
}

TEST_CASE("bombs: lengths that lead nowhere", "[bomb]") {
    const Bytes file = tiny_file(70, 40);
    const FileLayout layout = layout_of(file);
    for (const Chunk& chunk : layout.chunks) {
        for (const uint64_t length : {uint64_t{0xFFFFFFFFFFFFFFFF}, uint64_t{0x7FFFFFFFFFFFFFFF},
                                      ~chunk.offset, uint64_t{0} - chunk.payload_offset,
                                      uint64_t{0} - chunk.offset, uint64_t{1} << 32, uint64_t{1} << 40}) {
            Bytes bomb = file;
            store_le(length, bomb.data() + chunk.offset + 4);
            const ErrorCode code = open_and_read(bomb);
            CHECK((code == ErrorCode::truncated || code == ErrorCode::corrupt));
        }
    }
    // Tiles whose lengths add up to more than there is, past 32 bits, too.
    Bytes index;
    for (const uint32_t length : {0x10000000u, 0x10000000u}) {
        append_le(index, length);
        append_le(index, uint32_t{0});
    }
    check_refused("tile lengths", one_chunk(file, kChunkTileIndex, index), ErrorCode::corrupt);
}

TEST_CASE("bombs: metadata", "[bomb]") {
    FileLayout layout = empty_tiles(64, 64, 64, tiny_ready_model());
    layout.metadata.set("", "a", "b");
    const Bytes file = written(layout, {{}});
    Bytes claim;
    append_le(claim, uint32_t{0xFFFFFFFF});
    claim.push_back(3);
    check_refused("4 GiB", one_chunk(file, kChunkMetadata, claim), ErrorCode::limit_exceeded);
    store_le(uint32_t{64 << 20}, claim.data());
    check_refused("64 MiB out of one byte", one_chunk(file, kChunkMetadata, claim), ErrorCode::corrupt);
    Bytes items;
    append_le(items, uint32_t{70000});
    for (uint32_t i = 0; i < 70000; ++i) {
        append_le(items, uint32_t{0});
        append_le(items, uint32_t{4});
        append_le(items, i);
        append_le(items, uint32_t{0});
    }
    check_refused("too many items", one_chunk(file, kChunkMetadata, metadata_payload(items)),
                  ErrorCode::limit_exceeded);
}

TEST_CASE("bombs: models", "[bomb]") {
    const auto with_graph = [](Bytes graph) {
        MemorySink sink;
        ChunkWriter writer(sink, kModelSignature);
        const Bytes tiny = tiny_ready_model()->decoding_part();
        const MemorySource source(ByteSpan(tiny), "tiny");
        ChunkReader reader(source, kModelSignature, Limits());
        REQUIRE(reader.open().ok());
        for (int i = 0; i < 5; ++i) {
            const Chunk chunk = reader.next().value();
            REQUIRE(writer.write_chunk(chunk.type, i == 2 ? graph : reader.read_payload(chunk).value()).ok());
        }
        REQUIRE(writer.finish().ok());
        FileLayout layout = empty_tiles(64, 64, 64, tiny_ready_model());
        layout.model = sink.take();
        return written(layout, {{}});
    };
    // A convolution from 4096 to 4096 channels, 5x5, whose 800 MB of weights are not there.
    check_refused(
        "huge layers",
        with_graph(from_hex("02 00  00 00 10 ff ff 01 00  01 00 00 00 10 05 01 ff ff 01 00 00 00 00 00")),
        ErrorCode::corrupt);
    check_refused("65535 nodes", with_graph(from_hex("ff ff 00 01 00 ff ff 01 00")), ErrorCode::corrupt);

    // Four gigabytes of latents below one pixel.
    const ReadyModelPtr far = far_reaching_model();
    CHECK(far->decoding_part().size() < 120000);
    FileLayout layout = empty_tiles(1 << 17, 1 << 17, 4096, far);
    const Bytes file = written(layout, std::vector<Bytes>(layout.header.tile_count()));
    check_refused("a halo of the whole picture", file, ErrorCode::limit_exceeded);
}

TEST_CASE("limits: every one can be lowered, and the error names it", "[bomb]") {
    const Picture picture = make_picture(70, 40, 3);
    TinyAnalysis analysis;
    MemoryImageSource image(picture.pixels.data(), 70, 40, 3);
    Metadata metadata;
    metadata.set("", "key", "value");
    MemorySink sink;
    REQUIRE(encode(tiny_options(analysis), image, metadata, sink).ok());
    const Bytes file = sink.take();
    const auto refused = [&](void (*lower)(Limits&), const char* wanted) {
        DecoderOptions options;
        lower(options.limits);
        const auto pixels = read_pixels(file, options);
        CHECK(pixels.status().code() == ErrorCode::limit_exceeded);
        CHECK_THAT(pixels.status().message(), Catch::Contains(wanted));
    };
    REQUIRE(read_pixels(file).ok());
    refused([](Limits& l) { l.max_dimension = 69; }, "69");
    refused([](Limits& l) { l.max_pixels = 2799; }, "2799");
    refused([](Limits& l) { l.max_tiles = 1; }, "1");
    refused([](Limits& l) { l.max_chunks = 3; }, "3 chunks");
    refused([](Limits& l) { l.max_chunk_bytes = 28; }, "28");
    refused([](Limits& l) { l.max_metadata_bytes = 10; }, "mETA");
    refused([](Limits& l) { l.max_metadata_items = 0; }, "items");
    refused([](Limits& l) { l.max_model_bytes = 100; }, "100");
    refused([](Limits& l) { l.max_macs_per_pixel = 1; }, "operations per pixel");
    refused([](Limits& l) { l.max_tensor_bytes = 64; }, "64");
}
