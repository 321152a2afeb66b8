// Rasters through GDAL: bands, stretch, missing pixels, tiles at the zoom's resolution; figures of regions.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/histogram.h"
#include "viewer/core/raster_file.h"
#include "viewer/core/region_stats.h"
#include "viewer/core/workbench.h"

namespace {

// A folder that goes away.
struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("nae-viewer-test-" + std::to_string(getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string file(const std::string& name) const { return (path / name).string(); }
};

// An ENVI raster: samples band after band, little-endian, with a text header. No library writes it for us.
void write_envi(const std::string& path, int width, int height, int bands,
                const std::vector<uint16_t>& samples, const std::string& more = "") {
    std::ofstream data(path, std::ios::binary);
    data.write(reinterpret_cast<const char*>(samples.data()),
               static_cast<std::streamsize>(samples.size() * 2));
    std::ofstream header(path + ".hdr");
    header << "ENVI\nsamples = " << width << "\nlines = " << height << "\nbands = " << bands
           << "\ndata type = 12\ninterleave = bsq\nbyte order = 0\nheader offset = 0\n"
           << more;
}

std::vector<uint16_t> ramp(int width, int height, int bands) {
    std::vector<uint16_t> samples;
    for (int b = 0; b < bands; ++b)
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) samples.push_back(static_cast<uint16_t>(1000 * (b + 1) + x + y));
    return samples;
}

}  // namespace

TEST_CASE("16 bits: values are the raster's own, colours are a stretch of them", "[raster]") {
    const Folder folder;
    write_envi(folder.file("deep.img"), 300, 200, 4, ramp(300, 200, 4));
    const auto file = nae::RasterFile::open(folder.file("deep.img")).value();
    CHECK(file->info().bands.size() == 4);
    CHECK_FALSE(file->info().eight_bit());
    CHECK(file->read_values({17, 5, 1, 1}, {3}).value()[0] == 3022);
    const nae::Display display = file->display({4, 2, 1}, nae::StretchMode::min_max).value();
    CHECK(display.ranges[0].low == 4000);
    CHECK(display.ranges[0].high == 4000 + 299 + 199);
    const nae::Picture view = file->read_view({0, 0, 300, 200}, display).value();
    CHECK(view.bands == 3);
    CHECK(int{view.pixel(0, 0)[0]} == 0);
    CHECK(int{view.pixel(299, 199)[2]} == 255);
    const nae::Display narrow = file->display({1}, nae::StretchMode::percentile).value();
    CHECK(narrow.ranges[0].low > 1005);
    CHECK(narrow.ranges[0].high < 1490);
    const nae::Display plain = file->display({1}, nae::StretchMode::none).value();
    CHECK(plain.ranges[0].high == 65535);
}

TEST_CASE("Nodata is transparent and does not disturb the stretch", "[raster]") {
    const Folder folder;
    std::vector<uint16_t> samples = ramp(64, 64, 1);
    samples[0] = 65535;
    write_envi(folder.file("holes.img"), 64, 64, 1, samples, "data ignore value = 65535\n");
    const auto file = nae::RasterFile::open(folder.file("holes.img")).value();
    CHECK(file->info().masked);
    const nae::Display display = file->display({1}, nae::StretchMode::min_max).value();
    CHECK(display.ranges[0].high == 1000 + 63 + 63);
    const auto tiles = nae::RasterFile::tiles(file, display);
    const std::atomic<bool> go{false};
    const nae::Tile tile = tiles->read({0, 0, 0}, go).value();
    CHECK(int{tile.rgba[3]} == 0);
    CHECK(int{tile.rgba[7]} == 255);
}

TEST_CASE("Coarse tiles of a file are means of its pixels", "[raster]") {
    const Folder folder;
    write_envi(folder.file("ramp.img"), 1024, 512, 1, ramp(1024, 512, 1));
    const auto file = nae::RasterFile::open(folder.file("ramp.img")).value();
    const nae::Display display{{1}, {{1000, 1000 + 255 * 8}}};
    const auto tiles = nae::RasterFile::tiles(file, display);
    const std::atomic<bool> go{false};
    const nae::Tile tile = tiles->read({2, 0, 0}, go).value();
    REQUIRE(tile.width == 256);
    REQUIRE(tile.height == 128);
    // Texel (100, 40) covers x 400..403, y 160..163: mean 1000 + 563.
    CHECK(int{tile.rgba[(40 * 256 + 100) * 4]} == Approx(563.0 / 8).margin(1));
    const std::atomic<bool> stop{true};
    CHECK(tiles->read({2, 0, 0}, stop).status().code() == nae::ErrorCode::cancelled);
}

TEST_CASE("A stretch maps its ends to black and white", "[raster]") {
    const nae::ValueRange range{100, 300};
    CHECK(int{range.apply(99)} == 0);
    CHECK(int{range.apply(200)} == 128);
    CHECK(int{range.apply(1e9f)} == 255);
    CHECK(int{range.apply(std::nanf(""))} == 0);
    CHECK(range.undo(255) == 300);
    const std::vector<float> one(10, 7.0f);
    CHECK(nae::stretch_range(nae::StretchMode::min_max, one, {0, 1}).high > 7);
    CHECK(nae::stretch_range(nae::StretchMode::min_max, {}, {0, 1}).high == 1);
}

TEST_CASE("Histograms count every pixel of the region once", "[raster]") {
    nae::Picture picture(8, 4, 3);
    picture.pixel(2, 1)[0] = 9;
    picture.pixel(7, 3)[2] = 9;
    const auto all = nae::histograms(picture, {1, 0, 3, 4});
    REQUIRE(all.size() == 3);
    CHECK(all[0][9] == 1);
    CHECK(all[0][0] == 11);
    CHECK(all[2][0] == 12);
    // One spike does not flatten the rest.
    std::vector<nae::Histogram> spiky(1);
    spiky[0].fill(10);
    spiky[0][0] = 100000;
    CHECK(nae::histogram_axis_end(spiky) == 15);
}

TEST_CASE("Region figures are those of the rectangle alone", "[raster]") {
    nae::Picture a = nae::wave_picture(64, 64, 3);
    nae::Picture b = a;
    b.pixel(40, 40)[1] = static_cast<uint8_t>(a.pixel(40, 40)[1] + 20);
    const auto outside = nae::region_quality(a, b, {0, 0, 32, 32}).value();
    CHECK(std::isinf(outside.psnr));
    CHECK(outside.largest_error == 0);
    const auto inside = nae::region_quality(a, b, {32, 32, 32, 32}).value();
    CHECK(inside.largest_error == 20);
    CHECK(inside.mean_error == Approx(20.0 / (32 * 32 * 3)));
    CHECK(*inside.ssim < 1);
    const auto stats = nae::band_stats(nae::Picture(4, 4, 1), {0, 0, 4, 4});
    CHECK(stats[0].mean == 0);
    CHECK(stats[0].deviation == 0);
    CHECK_FALSE(nae::region_quality(a, b, {100, 100, 5, 5}).ok());
}

TEST_CASE("The workbench reads, compares with JPEG, and says what is missing", "[workbench]") {
    const Folder folder;
    REQUIRE(nae::write_png(folder.file("a.png"), nae::disturbed(nae::wave_picture(200, 180, 3))).ok());
    REQUIRE(nae::write_png(folder.file("b.png"), nae::wave_picture(200, 180, 3)).ok());
    REQUIRE(nae::write_png(folder.file("small.png"), nae::wave_picture(50, 40, 3)).ok());
    nae::Workbench bench;
    const auto settle = [&] {
        do {
            bench.poll();
            std::this_thread::yield();
        } while (!bench.idle());
        bench.poll();
    };
    CHECK_FALSE(bench.open({folder.file("missing.png")}).ok());
    CHECK_FALSE(bench.open({folder.file("a.png"), folder.file("small.png")}).ok());
    CHECK(bench.empty());
    // Two plain pictures are a pair, too: the second is judged against the first.
    REQUIRE(bench.open({folder.file("a.png"), folder.file("b.png")}).ok());
    settle();
    REQUIRE(bench.outcome(nae::Entry::nae) != nullptr);
    CHECK(bench.entry_title(nae::Entry::nae) == "PNG");
    REQUIRE(bench.outcome(nae::Entry::jpeg) != nullptr);
    const double jpeg = static_cast<double>(bench.outcome(nae::Entry::jpeg)->bytes);
    CHECK(jpeg == Approx(static_cast<double>(bench.outcome(nae::Entry::nae)->bytes)).epsilon(0.02));
    CHECK(bench.values(nae::Entry::original, 3, 4).size() == 3);
    CHECK(bench.values(nae::Entry::original, 200, 4).empty());
    CHECK(bench.heat(nae::Entry::jpeg, nae::HeatKind::ssim) == nullptr);
    settle();
    REQUIRE(bench.heat(nae::Entry::jpeg, nae::HeatKind::ssim) != nullptr);
    CHECK(bench.csv().find("\nJPEG,") != std::string::npos);
    CHECK(bench.comparison().value().codecs.size() == 2);
    nae::JpegSettings by_hand;
    by_hand.match = nae::JpegMatchMode::manual;
    by_hand.quality = 33;
    bench.set_jpeg(by_hand);
    // The last good result stays until the new one is there.
    CHECK(bench.outcome(nae::Entry::jpeg) != nullptr);
    settle();
    CHECK(bench.outcome(nae::Entry::jpeg)->quality == 33);
    REQUIRE(bench.save(nae::Entry::jpeg, folder.file("out.jpg")).ok());
    CHECK(std::filesystem::file_size(folder.file("out.jpg")) == bench.outcome(nae::Entry::jpeg)->bytes);
    bench.close();
    CHECK(bench.empty());
    CHECK_FALSE(bench.comparison().ok());
}
