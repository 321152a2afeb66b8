// The post-filter in the decoder: which graph serves a picture, and that windows of a filtered picture are crops of the whole,
// at every level, with every number of threads, whatever else the model has.
#include "codec/polisher.h"

#include <catch2/catch.hpp>
#include <mutex>

#include "codec/finisher.h"
#include "codec/post_filter_engines.h"
#include "codec/thread_pool.h"
#include "tests/unit/random_lap.h"
#include "tests/unit/random_post_filter.h"
#include "tests/unit/random_restoration.h"
#include "tests/unit/small_codec.h"
#include "tests/unit/windows.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kSets = 3;

// Which stages a model has besides.
struct Stages {
    bool laps = false, restores = false;
};

Model filtered_model(Stages stages) {
    Model m = small_model();
    std::mt19937 rng(29);
    m.post_filter = random_post_filter(rng, kSets, 10, 1, m.output_frac_bits);
    if (stages.restores) m.restoration = random_restoration(rng, 2, 3);
    if (stages.laps) m.lap = random_lap(rng);
    return m;
}

ReadyModelPtr ready_model(Stages stages) {
    auto ready = prepare_model(filtered_model(stages), "filtered.nam");
    REQUIRE(ready.status().message() == "");
    return ready.value();
}

std::vector<uint8_t> encoded(const ReadyModelPtr& model, const Picture& picture, double quality = 70) {
    BlockMeans analysis;
    EncoderOptions options = small_options(model, analysis);
    options.quality = quality;
    return encode_bytes(options, picture);
}

Tensor16 random_pixels(std::mt19937& rng, int h, int w, int most) {
    Tensor16 t(h, w, 3);
    for (int16_t& v : t.data) v = static_cast<int16_t>(std::uniform_int_distribution<int>(-most, most)(rng));
    return t;
}

Tensor16 part_of(const Tensor16& t, const Rect& r) {
    Tensor16 out(static_cast<int>(r.h), static_cast<int>(r.w), 3);
    for (int y = 0; y < out.h; ++y)
        std::copy_n(t.pixel(static_cast<int>(r.y) + y, static_cast<int>(r.x)), 3 * r.w, out.pixel(y, 0));
    return out;
}

// All rows of a window, as a tensor.
Tensor16 polished(const Polisher& polisher, const Tensor16& pixels, const Rect& available,
                  const Extents& raster, const Rect& window, ThreadTeam* team) {
    Tensor16 out(static_cast<int>(window.h), static_cast<int>(window.w), 3);
    const Status status =
        polisher.run(pixels, available, raster, window, team, [&](int64_t y, const int16_t* row) {
            std::copy_n(row, 3 * window.w, out.pixel(static_cast<int>(y - window.y), 0));
            return Status();
        });
    REQUIRE(status.message() == "");
    return out;
}

}  // namespace

TEST_CASE("post-filter: each set's graph is arranged once, when it is asked for", "[post_filter]") {
    std::mt19937 rng(5);
    const PostFilter filter = random_post_filter(rng, kSets, 8, 1);
    const auto engines = PostFilterEngines::create(filter).value();
    CHECK(engines->info().output_channels() == 3);
    std::vector<PackedGraph> graphs(60);
    ThreadPool pool(4);
    REQUIRE(pool.parallel_for(60,
                              [&](int64_t i) {
                                  NAE_ASSIGN_OR_RETURN(graphs[static_cast<size_t>(i)],
                                                       engines->get(i % 3 == 0   ? 100
                                                                    : i % 3 == 1 ? 5050
                                                                                 : 10000));
                                  return Status();
                              })
                .ok());
    for (size_t i = 0; i < graphs.size(); ++i) {
        CHECK(&graphs[i].data() == &graphs[i % 3].data());
        const Graph& graph = graphs[i].graph();
        CHECK(graph.nodes[static_cast<size_t>(first_convolution(graph))].bias == filter.sets[i % 3].bias);
        CHECK(graph.nodes[static_cast<size_t>(last_convolution(graph))].mult == filter.sets[i % 3].mult);
    }
}

TEST_CASE("post-filter: strips of any height, shared or not, make the same", "[post_filter][engine]") {
    std::mt19937 rng(6);
    const PostFilter filter = random_post_filter(rng, 1, 32, 1);
    const PackedGraph graph = PackedGraph::create(filter.at(0)).value();
    const Extents raster{400, 96};
    // Values beyond black and white, too, which the network does not see as such.
    const Tensor16 pixels = random_pixels(rng, 400, 96, 3000);
    Tensor16 all;
    REQUIRE(Engine::run(graph, raster, pixels, whole(raster), whole(raster), all, EngineLevel::scalar).ok());
    for (const EngineLevel level : available_engine_levels()) {
        const Polisher polisher(graph, level, Limits());
        for (const Rect window : {Rect{0, 0, 96, 400}, Rect{7, 11, 50, 301}, Rect{95, 399, 1, 1}}) {
            CAPTURE(engine_level_name(level), window.y, window.h);
            const Rect needed = polisher.required(window, raster);
            const Tensor16 part = part_of(pixels, needed), expected = part_of(all, window);
            CHECK((polished(polisher, part, needed, raster, window, nullptr).data == expected.data));
            for (const int threads : {2, 5}) {
                ThreadPool pool(threads);
                REQUIRE(ThreadTeam::run(pool, [&](ThreadTeam& team) {
                            CHECK((polished(polisher, pixels, whole(raster), raster, window, &team).data ==
                                   expected.data));
                            return Status();
                        }).ok());
            }
        }
    }
    // Four convolutions, one after another, on cells of 2 x 2 pixels: eight pixels.
    const Polisher polisher(graph, EngineLevel::automatic, Limits());
    CHECK(polisher.required({40, 100, 2, 2}, raster) == Rect{32, 92, 18, 18});
    CHECK(polisher.required({(int64_t{1} << 31) - 2, 0, 2, 2}, {16, int64_t{1} << 31}) ==
          Rect{(int64_t{1} << 31) - 10, 0, 10, 10});
    const auto nothing = [](int64_t, const int16_t*) { return Status(); };
    CHECK(polisher
              .run(part_of(pixels, {33, 92, 18, 18}), {33, 92, 18, 18}, raster, {40, 100, 2, 2}, nullptr,
                   nothing)
              .code() == ErrorCode::internal);
    Limits tight;
    tight.max_tensor_bytes = 1000;
    CHECK(Polisher(graph, EngineLevel::automatic, tight)
              .run(pixels, whole(raster), raster, {0, 0, 96, 400}, nullptr, nothing)
              .code() == ErrorCode::limit_exceeded);
    CHECK(polisher
              .run(pixels, whole(raster), raster, {0, 0, 96, 400}, nullptr,
                   [](int64_t, const int16_t*) { return Status(ErrorCode::io, "full"); })
              .code() == ErrorCode::io);
}

TEST_CASE("post-filter: every window equals the crop of the whole", "[post_filter][decoder]") {
    std::mt19937 rng(7);
    for (const Stages stages :
         {Stages{false, false}, Stages{false, true}, Stages{true, false}, Stages{true, true}}) {
        const ReadyModelPtr model = ready_model(stages);
        CHECK(model->model.post_filter.empty());  // it lives in the engines
        REQUIRE(model->post_filter != nullptr);
        for (const auto& [width, height] : {std::pair(1u, 1u), std::pair(7u, 130u), std::pair(203u, 149u)}) {
            CAPTURE(stages.laps, stages.restores, width, height);
            const Picture picture = make_picture(width, height, 3);
            const std::vector<uint8_t> bytes = encoded(model, picture);
            const std::vector<uint8_t> whole = decode_all(*open_bytes(bytes));
            Model without = filtered_model(stages);
            without.post_filter = PostFilter();
            const auto plain = prepare_model(std::move(without), "plain.nam");
            CHECK((width * height == 1 || whole != decode_all(*open_bytes(encoded(plain.value(), picture)))));
            for (const EngineLevel level : available_engine_levels()) {
                DecoderOptions options;
                options.engine_level = level;
                options.threads = 1 + static_cast<int>(level) % 3;
                CHECK((decode_all(*open_bytes(bytes, options)) == whole));
            }
            DecoderOptions options;
            options.threads = 2;
            check_random_windows(*open_bytes(bytes, options), whole, rng, 25);
        }
    }
}

TEST_CASE("post-filter: a picture larger than a block of the decoder", "[post_filter][decoder]") {
    const Picture picture = make_picture(1061, 1090, 3);
    const std::vector<uint8_t> bytes = encoded(ready_model({true, true}), picture);
    DecoderOptions options;
    options.threads = 1;
    const std::vector<uint8_t> whole = decode_all(*open_bytes(bytes, options));
    std::mt19937 rng(8);
    for (const int threads : {2, 7}) {
        options.threads = threads;
        const auto decoder = open_bytes(bytes, options);
        CHECK((decode_all(*decoder) == whole));
        check_random_windows(*decoder, whole, rng, 3);
    }
}

TEST_CASE("post-filter: the set is the quality's", "[post_filter][decoder]") {
    const Picture picture = make_picture(40, 40, 3);
    Model m = filtered_model({});
    const std::vector<PostFilterSet> sets = m.post_filter.sets;
    const auto pixels_with = [&](const std::vector<PostFilterSet>& some, double quality) {
        m.post_filter.sets = some;
        const auto ready = prepare_model(m, "filtered.nam");
        REQUIRE(ready.status().message() == "");
        return decode_all(*open_bytes(encoded(ready.value(), picture, quality)));
    };
    for (const auto& [quality, set] : {std::pair(20.0, 0), std::pair(50.5, 1), std::pair(80.0, 2)}) {
        const std::vector<uint8_t> expected = pixels_with({sets[static_cast<size_t>(set)]}, quality);
        CHECK((pixels_with(sets, quality) == expected));
        CHECK((pixels_with({sets[static_cast<size_t>((set + 1) % 3)]}, quality) != expected));
    }
}

TEST_CASE("post-filter: a reader's limit on work counts it", "[post_filter][decoder]") {
    const Picture picture = make_picture(20, 20, 3);
    BlockMeans analysis;
    EncoderOptions encoder = small_options(ready_model({}), analysis);
    encoder.embed_model = true;
    const std::vector<uint8_t> bytes = encode_bytes(encoder, picture);
    DecoderOptions options;
    options.limits.max_macs_per_pixel = 900;  // its convolutions alone: 990
    const auto refused = Decoder::open(std::make_shared<MemorySource>(bytes, "x.nae"), options);
    CHECK(refused.status().code() == ErrorCode::limit_exceeded);
    CHECK(refused.status().message().find("operations per pixel") != std::string::npos);
}

TEST_CASE("post-filter: the encoder's search judges what it makes", "[post_filter][refine]") {
    // A backend that answers with what is there already finds nothing better, whatever comes behind the synthesis.
    class Same : public BlockMeans {
      public:
        Status refine(const Refinement& task, const int16_t* symbols, float* target, float* weight) override {
            const auto count = static_cast<size_t>(task.h * task.w * task.channels);
            std::copy_n(symbols, count, target);
            std::fill_n(weight, count, 1e6F);
            ++calls;
            return Status();
        }
        int calls = 0;
    };
    const Picture picture = make_picture(150, 90, 3);
    std::vector<uint8_t> pixels[2];
    for (const int effort : {4, 9}) {
        Same same;
        EncoderOptions options = small_options(ready_model({true, true}), same);
        options.effort = effort;
        pixels[effort == 9] = decode_all(*open_bytes(encode_bytes(options, picture)));
        CHECK((effort == 9) == (same.calls > 0));
    }
    CHECK((pixels[0] == pixels[1]));
}
