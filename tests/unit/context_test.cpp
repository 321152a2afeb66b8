// The second step of the latent's prediction (codec/latent_context.h) and the order in which positions are coded.
#include <catch2/catch.hpp>
#include <cmath>

#include "codec/checkerboard.h"
#include "codec/engine_kernels.h"
#include "codec/float_shadow.h"
#include "codec/latent_context.h"
#include "codec/model.h"
#include "codec/substreams.h"
#include "codec/symbol_search.h"
#include "codec/tile_codec.h"
#include "codec/tile_layout.h"
#include "tests/unit/random_context.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kFeatures = 6;

Model model_with_context(unsigned seed = 1) {
    Model m = small_model(seed);
    Random rng(seed);
    add_random_context(m, rng, kSmallLatents - 2, kFeatures);
    return m;
}

ReadyModelPtr ready_with_context(unsigned seed = 1) {
    auto ready = prepare_model(model_with_context(seed), "context.nam");
    INFO(ready.status().message());
    REQUIRE(ready.ok());
    return ready.value();
}

std::vector<uint8_t> window_of(const Decoder& decoder, const Rect& r) {
    const auto row = static_cast<size_t>(r.w) * decoder.header().bands;
    std::vector<uint8_t> out(row * static_cast<size_t>(r.h));
    const Status status = decoder.read_window(static_cast<uint32_t>(r.x), static_cast<uint32_t>(r.y),
                                              static_cast<uint32_t>(r.w), static_cast<uint32_t>(r.h),
                                              out.data(), static_cast<ptrdiff_t>(row));
    INFO(status.message());
    REQUIRE(status.ok());
    return out;
}

std::vector<uint8_t> crop(const std::vector<uint8_t>& all, const Header& header, const Rect& r) {
    std::vector<uint8_t> out;
    const auto bands = static_cast<size_t>(header.bands);
    for (int64_t y = r.y; y < r.bottom(); ++y) {
        const auto* from =
            all.data() + (static_cast<size_t>(y) * header.width + static_cast<size_t>(r.x)) * bands;
        out.insert(out.end(), from, from + static_cast<size_t>(r.w) * bands);
    }
    return out;
}

}  // namespace

TEST_CASE("checkerboard: every position is one of the two, in order", "[context]") {
    for (int rows = 1; rows < 6; ++rows) {
        for (int w = 1; w < 6; ++w) {
            std::vector<int> all(static_cast<size_t>(rows * w) * 2), back(all.size(), -1);
            for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
            size_t count = 0;
            for (const Squares which : {Squares::first, Squares::second}) {
                const Stream stream{which, 0, w};
                std::vector<int> some(stream_positions(stream, rows) * 2, -1);
                take_stream(stream, all.data(), rows, w, 2, some.data());
                CHECK(std::is_sorted(some.begin(), some.end()));
                CHECK(std::count(some.begin(), some.end(), -1) == 0);
                put_stream(stream, some.data(), rows, w, 2, back.data());
                count += some.size();
            }
            CHECK(count == all.size());
            CHECK(back == all);
            CHECK(square_count(Squares::first, rows, w) >= square_count(Squares::second, rows, w));
        }
    }
}

TEST_CASE("context: the formulas, by floating point", "[context]") {
    const ReadyModelPtr model = ready_with_context(5);
    const Kernels* kernels = kernels_for(EngineLevel::scalar).value();
    constexpr int h = 21, w = 5, c = kSmallLatents;  // more than one strip
    const int known = model->context.input_channels() - kFeatures;
    const NodeInfo& input = model->synthesis.info().nodes.front();
    const LatentScale scale =
        make_latent_scale(model->model.gains.latent, model->model.latent_tables, 5000, input.lo, input.hi);
    const ContextScales scales = context_scales(model->model.latent_tables);
    Random rng(3);
    Tensor16 before(h, w, 2 * c + kFeatures);
    std::vector<int16_t> symbols(static_cast<size_t>(h * w * c));
    std::vector<uint8_t> index(symbols.size());
    for (int p = 0; p < h * w; ++p) {
        int16_t* at = before.data.data() + p * before.c;
        for (int i = 0; i < before.c; ++i)
            at[i] = static_cast<int16_t>(i < c ? pick(rng, -3000, 3000) : pick(rng, -400, 1200));
        scale_indices(scale, at + c, index.data() + p * c);
        for (int i = 0; i < c; ++i)
            symbols[static_cast<size_t>(p * c + i)] =
                static_cast<int16_t>(index[static_cast<size_t>(p * c + i)] == 0 ? 0 : pick(rng, -9, 9));
    }
    Tensor16 after = before;
    const Limits limits;
    const ContextTask task{model->context,
                           model->context_pointwise,
                           context_reach(model->context),
                           scale,
                           scales,
                           *kernels,
                           h,
                           w,
                           TilePart{h, 0, w},
                           symbols.data(),
                           index.data(),
                           EngineLevel::scalar,
                           limits};
    REQUIRE(add_context(task, TilePart{h, 0, w}, 0, h, after).ok());

    Tensor16 seen(h, w, known + kFeatures), said;
    for (int p = 0; p < h * w; ++p) {
        for (int i = 0; i < known + kFeatures; ++i) {
            const size_t s = static_cast<size_t>(p * c + i);
            double v = 0;
            if (i >= known)
                v = before.data[static_cast<size_t>(p * before.c + 2 * c + i - known)];
            else if ((p / w + p % w) % 2 == 0 && index[s] != 0)
                v = std::floor(symbols[s] * 64 / table_scale(model->model.latent_tables.bias, index[s]) +
                               0.5);
            seen.data[static_cast<size_t>(p * seen.c + i)] = static_cast<int16_t>(v);
        }
    }
    const Extents extents{h, w};
    const auto network = PackedGraph::create(model_with_context(5).context);
    REQUIRE(
        Engine::run(network.value(), extents, seen, whole(extents), whole(extents), said, EngineLevel::scalar)
            .ok());
    CHECK_FALSE(model->context_pointwise.empty());
    int moved = 0;
    for (int p = 0; p < h * w; ++p) {
        const bool second = (p / w + p % w) % 2 == 1;
        for (int i = 0; i < before.c; ++i) {
            const auto at = static_cast<size_t>(p * before.c + i);
            double expected = before.data[at];
            if (second && i < 2 * c) {
                const double o = said.data[static_cast<size_t>(p * said.c + i)];
                const uint8_t table = index[static_cast<size_t>(p * c + i % c)];
                const double sigma = table == 0 ? 0 : table_scale(model->model.latent_tables.bias, table);
                expected += i >= c ? o : o / 256 * sigma * scale.steps.step[static_cast<size_t>(i)] / 65536.0;
            }
            expected = std::clamp(expected, -32767.0, 32767.0);
            moved += std::abs(expected - before.data[at]) > 1;
            REQUIRE(std::abs(after.data[at] - expected) <= (i < c ? 1.0 + std::abs(expected) / 1000 : 0.0));
        }
    }
    CHECK(moved > h * w);
}

TEST_CASE("context: every engine level changes means alike", "[context]") {
    Random rng(8);
    for (int round = 0; round < 200; ++round) {
        const int channels = pick(rng, 1, 70);
        TableSet tables = small_model().latent_tables;
        tables.bias = pick(rng, 0, 9) == 0 ? -pick(rng, 0, 3000) : tables.bias;  // scales beyond 32 bits
        const ContextScales scales = context_scales(tables);
        LatentScale scale;
        std::vector<int16_t> said, mean;
        std::vector<uint8_t> index;
        const bool mostly_zero = pick(rng, 0, 1) == 1;
        for (int c = 0; c < channels; ++c) {
            scale.steps.step.push_back(pick(rng, 0, 2) == 0 ? pick(rng, 1, 1 << 28) : pick(rng, 1, 1 << 20));
            said.push_back(static_cast<int16_t>(pick(rng, 0, 3) == 0 ? pick(rng, -kValueLimit, kValueLimit)
                                                                     : pick(rng, -300, 300)));
            mean.push_back(static_cast<int16_t>(pick(rng, -kValueLimit, kValueLimit)));
            index.push_back(static_cast<uint8_t>(
                mostly_zero && c < channels / 2 ? 0
                                                : pick(rng, 0, static_cast<int>(tables.tables.size()) - 1)));
        }
        std::vector<int16_t> expected = mean;
        change_means(scale, scales, said.data(), index.data(), expected.data());
        for (const EngineLevel level : available_engine_levels()) {
            INFO(engine_level_name(level) << ", round " << round);
            std::vector<int16_t> got = mean;
            kernels_for(level).value()->change_means(scale, scales, said.data(), index.data(), got.data());
            REQUIRE(got == expected);
        }
    }
}

TEST_CASE("context: any window is the crop of the whole, whatever the threads and the engine",
          "[context][decoder]") {
    std::mt19937 random(7);
    struct Size {
        uint32_t w, h;
        int bands;
    };
    for (const Size size : {Size{1, 1, 3}, Size{17, 1, 1}, Size{1, 300, 3}, Size{65, 129, 3},
                            Size{201, 167, 3}, Size{600, 610, 1}}) {
        INFO("picture " << size.w << "x" << size.h << "x" << size.bands);
        for (const int tile : {64, 512}) {
            BlockMeans analysis;
            EncoderOptions encoder = small_options(ready_with_context(), analysis);
            encoder.tile_size = tile;
            const auto bytes = encode_bytes(encoder, make_picture(size.w, size.h, size.bands));
            DecoderOptions reference;
            reference.threads = 1;
            reference.engine_level = EngineLevel::scalar;
            const auto first = open_bytes(bytes, reference);
            const std::vector<uint8_t> all = decode_all(*first);
            for (const int threads : {1, 3}) {
                DecoderOptions options;
                options.threads = threads;
                options.cache_bytes = 0;
                const auto decoder = open_bytes(bytes, options);
                CHECK((decode_all(*decoder) == all));
                for (int i = 0; i < 8; ++i) {
                    Rect r{static_cast<int64_t>(random() % size.w), static_cast<int64_t>(random() % size.h),
                           0, 0};
                    r.w = 1 + static_cast<int64_t>(random() % (size.w - static_cast<uint32_t>(r.x)));
                    r.h = 1 + static_cast<int64_t>(random() % (size.h - static_cast<uint32_t>(r.y)));
                    if (i % 2 == 0) r.h = std::min<int64_t>(r.h, 20);  // the first rows of a tile alone
                    INFO("window " << r.w << "x" << r.h << " at " << r.x << ", " << r.y);
                    REQUIRE((window_of(*decoder, r) == crop(all, decoder->header(), r)));
                }
            }
        }
    }
}

namespace {

// What both analyses might give of a tile.
std::pair<std::vector<float>, std::vector<float>> random_outputs(int h, int w, unsigned seed) {
    Random rng(seed);
    std::normal_distribution<float> normal(0, 400);
    const Extents hyper = TileLayout::hyper_extents(h, w);
    std::vector<float> y(static_cast<size_t>(h * w * kSmallLatents)),
        z(static_cast<size_t>(hyper.h * hyper.w * kSmallHypers));
    for (float& v : y) v = normal(rng);
    for (float& v : z) v = normal(rng);
    return {std::move(y), std::move(z)};
}

}  // namespace

TEST_CASE("context: what the encoder believes is what the decoder sees", "[context][encoder]") {
    const ReadyModelPtr model = ready_with_context(2);
    const auto codec = TileCodec::create(model, 6000, Limits(), EngineLevel::automatic).value();
    constexpr int h = 9, w = 7;
    const auto [y, z] = random_outputs(h, w, 4);
    const ptrdiff_t stride = w * kSmallLatents;
    TileSymbols tile;
    REQUIRE(codec->quantise(y.data(), stride, h, w, z.data(), QuantiserOptions(), tile).ok());
    const TileSymbols before = tile;

    // Chosen again from the same first squares: the same. From others: the second ones' prediction changes, theirs does not.
    REQUIRE(codec->quantise_second(y.data(), stride, QuantiserOptions(), tile).ok());
    CHECK((tile.symbols == before.symbols && tile.prediction.data == before.prediction.data));
    for (size_t i = 0; i < tile.symbols.size(); ++i)
        if (is_square(Squares::first, static_cast<int64_t>(i / kSmallLatents / w),
                      static_cast<int64_t>(i / kSmallLatents % w)) &&
            tile.index[i] != 0)
            tile.symbols[i] = static_cast<int16_t>(tile.symbols[i] + 1);
    REQUIRE(codec->quantise_second(y.data(), stride, QuantiserOptions(), tile).ok());
    int changed[2] = {};
    for (size_t i = 0; i < tile.prediction.data.size(); ++i) {
        const auto p = static_cast<int64_t>(i) / tile.prediction.c;
        changed[is_square(Squares::second, p / w, p % w)] +=
            tile.prediction.data[i] != before.prediction.data[i];
    }
    CHECK(changed[0] == 0);
    CHECK(changed[1] > 10);

    TileStatistics statistics;
    const auto payload = codec->pack(tile, &statistics);
    REQUIRE(payload.ok());
    CHECK(statistics.hyper_bytes + statistics.latent_bytes + 2 <= payload.value().size());
    PredictedTile predicted;
    AlignedVector16 symbols;
    const TilePart all{h, 0, w};
    REQUIRE(codec->predict_tile(ByteSpan(payload.value()), h, w, all, predicted).ok());
    REQUIRE(codec->decode_symbols(predicted, symbols).ok());
    CHECK(std::equal(symbols.begin(), symbols.end(), tile.symbols.begin(), tile.symbols.end()));
    CHECK(predicted.prediction.data == tile.prediction.data);

    // Broken payloads.
    std::vector<uint8_t> broken = payload.value();
    broken.resize(broken.size() - 1);
    PredictedTile other;
    REQUIRE(codec->predict_tile(ByteSpan(broken), h, w, all, other).ok());
    CHECK(codec->decode_symbols(other, symbols).code() == ErrorCode::corrupt);
    broken.resize(statistics.hyper_bytes + 2);
    PredictedTile third;
    CHECK(codec->predict_tile(ByteSpan(broken), h, w, all, third).code() == ErrorCode::corrupt);
}

TEST_CASE("substreams: every part of a tile is the crop of the whole, from every number of them",
          "[context][tiles]") {
    const bool with_context = GENERATE(true, false);
    const ReadyModelPtr model =
        with_context ? ready_with_context(2) : prepare_model(small_model(), "small").value();
    const auto codec = TileCodec::create(model, 6000, Limits(), EngineLevel::automatic).value();
    constexpr int h = 11, w = 21;
    const auto [y, z] = random_outputs(h, w, 5);
    Random rng(6);
    TileSymbols tile;
    REQUIRE(codec->quantise(y.data(), w * kSmallLatents, h, w, z.data(), QuantiserOptions(), tile).ok());
    for (const int count : {1, 2, 5, 11, 32}) {
        tile.substreams = count;
        const auto payload = codec->pack(tile, nullptr);
        REQUIRE(payload.ok());
        const auto decoded = [&](const TilePart& part, PredictedTile& predicted) {
            AlignedVector16 symbols;
            Tensor16 latent;
            REQUIRE(codec->predict_tile(ByteSpan(payload.value()), h, w, part, predicted).ok());
            REQUIRE(codec->decode_symbols(predicted, symbols).message() == "");
            REQUIRE(codec->dequantise(predicted, symbols, latent).ok());
            return latent;
        };
        PredictedTile unused;
        const Tensor16 whole_tile = decoded({h, 0, w}, unused);
        for (int i = 0; i < 40; ++i) {
            TilePart part{1 + static_cast<int>(rng() % h), static_cast<int>(rng() % w), 0};
            part.right = part.left + 1 + static_cast<int>(rng() % static_cast<unsigned>(w - part.left));
            part.top = static_cast<int>(rng() % static_cast<unsigned>(part.rows));
            CAPTURE(count, part.rows, part.left, part.right, part.top);
            PredictedTile predicted;
            const Tensor16 latent = decoded(part, predicted);
            REQUIRE(predicted.part.contains(part));
            REQUIRE(latent.h == predicted.part.height());
            bool same = true;
            for (int row = part.top; row < part.rows; ++row) {
                const int16_t* const made =
                    latent.pixel(row - predicted.part.top, part.left - predicted.part.left);
                same = same && std::equal(made, made + (part.right - part.left) * kSmallLatents,
                                          whole_tile.pixel(row, part.left));
            }
            CHECK(same);
        }
        // Fewer columns of a tile that is cut: less is decoded.
        if (count > 2) CHECK((decoded({h, 0, 2}, unused).w < w));
    }
    // Numbers of substreams that there cannot be, and a list that ends early.
    tile.substreams = 2;
    std::vector<uint8_t> payload = codec->pack(tile, nullptr).value();
    const size_t at = 1 + payload[0];  // behind the hyper-latent stream
    for (const int wrong : {0, kMaxSubstreams + 1, 255}) {
        payload[at] = static_cast<uint8_t>(wrong);
        PredictedTile predicted;
        CHECK(codec->predict_tile(ByteSpan(payload), h, w, {h, 0, w}, predicted).code() ==
              ErrorCode::corrupt);
    }
    payload.resize(at);
    PredictedTile predicted;
    CHECK(codec->predict_tile(ByteSpan(payload), h, w, {h, 0, w}, predicted).code() == ErrorCode::corrupt);
}

TEST_CASE("context: a model file with one", "[context][model]") {
    const Model m = model_with_context();
    const std::vector<uint8_t> bytes = serialise_model(m).value();
    const auto parsed = parse_model(bytes.data(), bytes.size(), "x.nam");
    REQUIRE(parsed.ok());
    CHECK(serialise_model(parsed.value()).value() == bytes);
    CHECK(model_id(m).value() != model_id(small_model()).value());
    CHECK(decoder_macs_per_pixel(m) > decoder_macs_per_pixel(small_model()));

    const auto refused = [&](auto change) {
        Model copy = m;
        change(copy);
        return validate(copy).code() == ErrorCode::corrupt;
    };
    CHECK(refused([](Model& x) { x.hyper_synthesis = small_model().hyper_synthesis; }));  // no features
    CHECK(refused([](Model& x) { x.context = Graph(); }));         // features for nobody
    CHECK(refused([](Model& x) { x.context.nodes.pop_back(); }));  // no output
    CHECK(refused([](Model& x) { x.context.nodes.front().channels = kFeatures; }));
    CHECK(refused([](Model& x) { x.context.nodes.front().channels = kSmallLatents + kFeatures + 1; }));
    Limits limits;
    limits.max_macs_per_pixel = static_cast<uint64_t>(decoder_macs_per_pixel(small_model())) + 1;
    CHECK(validate(m, limits).code() == ErrorCode::limit_exceeded);
}

TEST_CASE("context: the search refines both halves, and files decode", "[context][refine]") {
    const ReadyModelPtr model = ready_with_context();
    const Picture picture = make_picture(150, 90, 3);
    size_t size[2] = {};
    double error[2] = {};
    for (const int effort : {4, 6}) {
        const auto analysis = with_symbol_search(std::make_unique<BlockMeans>(),
                                                 float_shadow(model->synthesis.graph()), 1.0F / 16, true, 1);
        EncoderOptions options = small_options(model, *analysis);
        options.effort = effort;
        const auto bytes = encode_bytes(options, picture);
        const auto pixels = decode_all(*open_bytes(bytes));
        size[effort == 6] = bytes.size();
        for (size_t i = 0; i < pixels.size(); ++i)
            error[effort == 6] += std::pow(int{pixels[i]} - int{picture.pixels[i]}, 2);
    }
    const double weight = distortion_weight_at(static_cast<int>(100 * EncoderOptions().quality)) / 3;
    CHECK(8 * static_cast<double>(size[1]) + weight * error[1] <
          8 * static_cast<double>(size[0]) + weight * error[0]);
}
