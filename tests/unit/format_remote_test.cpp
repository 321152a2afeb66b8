// What a source on another machine is asked for.

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/format_samples.h"

namespace nae {
namespace {

using test::Bytes;

class FarSource : public MemorySource {
  public:
    explicit FarSource(Bytes bytes) : MemorySource(std::move(bytes), "far.nae") {}
    bool remote() const override { return true; }
    void prefetch(const std::vector<ByteRange>& ranges) const override { announced = ranges; }
    Status read(uint64_t offset, void* dst, size_t n) const override {
        furthest = std::max(furthest, offset + n);
        return MemorySource::read(offset, dst, n);
    }
    mutable uint64_t furthest = 0;
    mutable std::vector<ByteRange> announced;
};

// A file whose tiles are longer than what a reader takes at the start.
Bytes long_file(FileLayout layout = {}) {
    layout.header = test::sample_header();
    return test::written(layout, {Bytes(40000, 7), Bytes(40000, 7)});
}

TEST_CASE("opening a remote file does not ask for its end", "[format][remote]") {
    FileLayout with_more;
    with_more.preview = test::sample_preview();
    with_more.model = Bytes(20000, 3);
    const FarSource source(long_file(with_more));
    const auto layout = read_layout(source);
    REQUIRE(layout.ok());
    CHECK(source.furthest <= 16384);
    CHECK(layout.value().tile_data_offset > 0);
    CHECK_FALSE(layout.value().whole);
    CHECK(layout.value().model.empty());
    LayoutOptions rest;
    rest.whole = true;
    CHECK(read_layout(source, rest).value().whole);
    CHECK(read_layout(source, rest).value().model == with_more.model);
    CHECK(read_layout(source, rest).value().preview.pixels == with_more.preview.pixels);
    LayoutOptions verify;
    verify.verify_tiles = true;
    CHECK(read_layout(source, verify).ok());
    CHECK(source.furthest == source.size());
}

TEST_CASE("a remote file cut anywhere is an error all the same", "[format][remote]") {
    const Bytes whole = long_file();
    for (const size_t missing :
         {size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{20}, whole.size() / 2}) {
        CAPTURE(missing);
        const FarSource source(Bytes(whole.begin(), whole.end() - static_cast<ptrdiff_t>(missing)));
        CHECK(read_layout(source).status().code() == ErrorCode::truncated);
    }
}

TEST_CASE("tiles to be read are announced as they lie in the file", "[format][remote]") {
    const FarSource source(long_file());
    const auto layout = read_layout(source);
    REQUIRE(layout.ok());
    const TileIndex& tiles = layout.value().tiles;
    prefetch_tiles(source, layout.value().tile_data_offset, tiles, {0, tiles.size(), tiles.size() + 7});
    REQUIRE(source.announced.size() == 1);
    CHECK(source.announced[0].offset == layout.value().tile_data_offset);
    CHECK(source.announced[0].length == 40000);
}

}  // namespace
}  // namespace nae
