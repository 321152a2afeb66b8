// View transform, pane layout, tiles, axes: the arithmetic of what is seen.
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <thread>

#include "tests/viewer/pattern_pictures.h"
#include "viewer/core/axis.h"
#include "viewer/core/pane_layout.h"
#include "viewer/core/tile_cache.h"
#include "viewer/core/triangle_raster.h"
#include "viewer/core/view_transform.h"

using nae::Box;
using nae::View;

TEST_CASE("A point goes to the screen and back", "[view]") {
    const View view{100, 50, 2.5, false};
    const Box pane{10, 20, 400, 300};
    const nae::Point screen = nae::to_screen(view, pane, {100, 50});
    CHECK(screen.x == 210);
    CHECK(screen.y == 170);
    const nae::Point back = nae::to_picture(view, pane, nae::to_screen(view, pane, {33.5, 71.25}));
    CHECK(back.x == Approx(33.5));
    CHECK(back.y == Approx(71.25));
}

TEST_CASE("Zooming keeps what is under the cursor, within limits", "[view]") {
    View view{100, 50, 1, true};
    const Box pane{0, 0, 400, 300};
    const nae::Point before = nae::to_picture(view, pane, {50, 250});
    view = nae::zoomed_about(view, pane, {50, 250}, 3);
    const nae::Point after = nae::to_picture(view, pane, {50, 250});
    CHECK(after.x == Approx(before.x));
    CHECK(after.y == Approx(before.y));
    CHECK_FALSE(view.fit);
    for (int i = 0; i < 50; ++i) view = nae::zoomed_about(view, pane, {0, 0}, 2);
    CHECK(view.zoom == nae::kMaxZoom);
}

TEST_CASE("Fitting shows all of it, and small pictures in whole steps", "[view]") {
    CHECK(nae::fitted_view(2000, 1000, 500, 400).zoom == 0.25);
    CHECK(nae::fitted_view(100, 80, 450, 450).zoom == 4);
    const View view = nae::fitted_view(2000, 1000, 500, 400);
    const nae::Region seen = nae::visible_region(view, {0, 0, 500, 400}, 2000, 1000);
    CHECK(seen == nae::Region{0, 0, 2000, 1000});
}

TEST_CASE("A snapped view begins on a whole screen pixel, less than one away", "[view]") {
    const Box pane{10, 20, 627, 301};
    const View view{300.2, 250.7, 1, false};
    const nae::Point before = nae::to_screen(view, pane, {0, 0});
    const nae::Point corner = nae::to_screen(nae::snapped(view, pane), pane, {0, 0});
    CHECK(corner.x == Approx(std::round(corner.x)).margin(1e-9));
    CHECK(corner.y == Approx(std::round(corner.y)).margin(1e-9));
    CHECK(std::abs(corner.x - before.x) <= 0.5);
    CHECK(std::abs(corner.y - before.y) <= 0.5);
}

TEST_CASE("Panning never loses the picture", "[view]") {
    View view{100, 50, 1, true};
    view = nae::panned(view, 1e6, -1e6, 200, 100);
    CHECK(view.centre_x == 0);
    CHECK(view.centre_y == 100);
}

TEST_CASE("Panes are laid out for the largest picture", "[view]") {
    const Box area{0, 0, 1200, 700};
    const auto tall = nae::pane_boxes(3, area, 6, 40, 0.6);
    CHECK(tall[2].y == 0);  // three columns
    const auto wide = nae::pane_boxes(2, area, 6, 40, 4.0);
    CHECK(wide[1].y > 0);  // one above the other
    const auto four = nae::pane_boxes(4, area, 6, 40, 1.5);
    CHECK(four[3].x > 0);
    CHECK(four[3].y > 0);
    for (const Box& box : four) CHECK(box.width == four[0].width);
    nae::CompareMode mode = nae::CompareMode::single;
    for (const char* name : {"single", "2-up", "3-up", "4-up", "wipe"}) {
        REQUIRE(nae::compare_mode_of(name, mode));
        CHECK(std::string(nae::compare_mode_name(mode)) == name);
    }
    CHECK_FALSE(nae::compare_mode_of("5-up", mode));
}

TEST_CASE("Tiles cover a region without gaps, coarser as the zoom falls", "[view]") {
    CHECK(nae::level_for_zoom(1, 5000, 5000) == 0);
    CHECK(nae::level_for_zoom(0.5, 5000, 5000) == 1);
    CHECK(nae::level_for_zoom(0.26, 5000, 5000) == 1);
    CHECK(nae::level_for_zoom(1e-6, 5000, 5000) == nae::coarsest_level(5000, 5000));
    const nae::Region region{300, 10, 1000, 600};
    long covered = 0;
    for (const nae::TileKey& key : nae::tiles_of_region(region, 1, 5000, 5000)) {
        const nae::Region part = nae::intersection(nae::tile_region(key, 5000, 5000), region);
        covered += long{part.width} * part.height;
    }
    CHECK(covered == 600000);
    CHECK(nae::tile_region({1, 9, 0}, 5000, 400) == nae::Region{4608, 0, 392, 400});
}

TEST_CASE("A picture's tiles are its pixels, and their means further out", "[view]") {
    auto picture = std::make_shared<const nae::Picture>(nae::pattern_picture(300, 40, 3));
    const auto tiles = nae::tiles_of_picture(picture, 0, 0, 300, 40);
    const std::atomic<bool> go{false};
    const nae::Tile second = tiles->read({0, 1, 0}, go).value();
    REQUIRE(second.width == 44);
    CHECK(second.rgba[0] == picture->pixel(256, 0)[0]);
    CHECK(second.rgba[3] == 255);
    const nae::Tile coarse = tiles->read({1, 0, 0}, go).value();
    REQUIRE(coarse.width == 150);
    int sum = 0;
    for (const int x : {0, 1})
        for (const int y : {0, 1}) sum += picture->pixel(x, y)[1];
    CHECK(int{coarse.rgba[1]} == (sum + 2) / 4);
    // A picture that covers a part of its raster is transparent around it.
    const auto part = nae::tiles_of_picture(picture, 100, 0, 500, 40);
    CHECK(int{part->read({0, 0, 0}, go).value().rgba[3]} == 0);
    const std::atomic<bool> stop{true};
    CHECK(tiles->read({0, 0, 0}, stop).status().code() == nae::ErrorCode::cancelled);
}

namespace {

// Counts what is read.
class CountingTiles : public nae::TileSource {
  public:
    int width() const override { return 100000; }
    int height() const override { return 100000; }
    nae::Result<nae::Tile> read(const nae::TileKey&, const std::atomic<bool>&) const override {
        ++reads;
        return nae::Tile{256, 256, std::vector<uint8_t>(256 * 256 * 4, 7)};
    }
    mutable std::atomic<int> reads{0};
};

void settle(nae::TileCache& cache) {
    while (!cache.settled()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("The tile cache reads once, wakes, and stays within its bound", "[view]") {
    std::atomic<int> woken{0};
    const size_t tile_bytes = 256 * 256 * 4;
    nae::TileCache cache(10 * tile_bytes, 2, [&] { ++woken; });
    const auto source = std::make_shared<CountingTiles>();
    const auto ask = [&](int column) {
        cache.begin_frame();
        const nae::TilePtr tile = cache.get(source, {0, column, 0});
        cache.end_frame();
        settle(cache);
        return tile;
    };
    CHECK(ask(0) == nullptr);
    CHECK(ask(0) != nullptr);
    CHECK(source->reads == 1);
    // The tile is there a moment before anybody is woken for it.
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (woken == 0 && std::chrono::steady_clock::now() < late) std::this_thread::yield();
    CHECK(woken == 1);
    for (int column = 1; column < 100; ++column) ask(column);
    CHECK(cache.bytes() <= 10 * tile_bytes);
    CHECK(cache.peek(source, {0, 99, 0}) != nullptr);
    CHECK(cache.peek(source, {0, 0, 0}) == nullptr);
}

TEST_CASE("Axes have round ticks and labels that tell them apart", "[view]") {
    const nae::Axis axis = nae::make_axis(31.4, 44.2, 5, true);
    CHECK(axis.low == 30);
    CHECK(axis.high == 45);
    CHECK(axis.ticks.size() == 4);
    CHECK(axis.label(axis.ticks[1]) == "35");
    const nae::Axis fine = nae::make_axis(0, 0.013, 4, false);
    CHECK(fine.label(fine.ticks[0]) == "0.000");
    CHECK(fine.ticks.back() <= 0.013 + 1e-9);
    const nae::Axis one = nae::make_axis(7, 7, 4, true);
    CHECK(one.high > one.low);
}

TEST_CASE("Two triangles make a rectangle, each pixel once", "[view]") {
    nae::Picture target(20, 20, 3);
    const nae::Texture white{1, 1, {255, 255, 255, 255}, false};
    const auto corner = [](float x, float y) {
        nae::Vertex vertex{x, y, 0, 0, {200, 100, 50, 128}};
        return vertex;
    };
    const nae::ClipBox clip{0, 0, 15, 20};
    nae::paint_triangle(target, clip, corner(5, 5), corner(17, 5), corner(17, 12), white);
    nae::paint_triangle(target, clip, corner(5, 5), corner(17, 12), corner(5, 12), white);
    for (int y = 0; y < 20; ++y)
        for (int x = 0; x < 20; ++x) {
            const bool inside = x >= 5 && x < 15 && y >= 5 && y < 12;
            CHECK(int{target.pixel(x, y)[0]} == (inside ? 100 : 0));  // half of 200, not three quarters
        }
}

TEST_CASE("Two triangles leave no pixel of their diagonal out, wherever their corners are", "[view]") {
    const nae::Texture white{1, 1, {255, 255, 255, 255}, false};
    const auto corner = [](float x, float y) { return nae::Vertex{x, y, 0, 0, {200, 100, 50, 128}}; };
    for (int round = 0; round < 60; ++round) {
        nae::Picture target(700, 320, 3);
        const float side = 256 * (458.0f + static_cast<float>(round)) / 768;
        const float x0 = 474, y0 = 101, x1 = x0 + side, y1 = y0 + side;
        const nae::ClipBox clip{0, 0, 700, 320};
        nae::paint_triangle(target, clip, corner(x0, y0), corner(x1, y0), corner(x1, y1), white);
        nae::paint_triangle(target, clip, corner(x0, y0), corner(x1, y1), corner(x0, y1), white);
        int wrong = 0;
        for (int y = 101; y < static_cast<int>(y1) - 1; ++y)
            for (int x = 474; x < static_cast<int>(x1) - 1; ++x)
                wrong += target.pixel(x, y)[0] != 100 ? 1 : 0;
        CAPTURE(round);
        CHECK(wrong == 0);
    }
}
