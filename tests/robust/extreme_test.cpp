// The ends of every range: numbers an analysis should not return, pictures of extreme shapes, operators at their
// bounds.
#include <catch2/catch.hpp>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>

#include "codec/engine.h"
#include "tests/robust/tiny_file.h"
#include "tests/support/planned_image.h"

using namespace nae;
using namespace nae::test;

namespace {

// Whatever the picture, the same number for every latent; or the numbers of a list in turn.
class GivenAnalysis : public AnalysisBackend {
  public:
    explicit GivenAnalysis(std::vector<float> values) : values_(std::move(values)) {}
    int halo_px() const override { return 0; }
    Status run(AnalysisGraph, const float*, int, int, int, float* out, int h, int w, int c) override {
        for (int i = 0; i < h * w * c; ++i) out[i] = values_[static_cast<size_t>(i) % values_.size()];
        return Status();
    }

  private:
    std::vector<float> values_;
};

void check_valid(const Bytes& file, const Picture& picture) {
    LayoutOptions verify;
    verify.verify_tiles = true;
    CHECK(read_bytes(file, verify).ok());
    DecoderOptions options;
    options.threads = 2;
    const auto pixels = read_pixels(file, options);
    REQUIRE(pixels.ok());
    options.engine_level = EngineLevel::scalar;
    CHECK(read_pixels(file, options).value() == pixels.value());
    CHECK(pixels.value().size() == picture.pixels.size());
}

// What section 5.1 of FORMAT.md says, in integers that cannot overflow.
using Wide = __int128;
Wide floor_shift(Wide v, int n) { return v >> n; }
int16_t clamped(Wide v, int32_t lo, int32_t hi) {
    return static_cast<int16_t>(v < lo ? lo : v > hi ? hi : v);
}

Tensor16 column_of(const std::vector<int16_t>& values) {
    Tensor16 t(1, static_cast<int>(values.size()), 1);
    std::copy(values.begin(), values.end(), t.data.begin());
    return t;
}

const std::vector<int16_t> kEnds = {-32767, -32766, -16384, -257, -256,  -255,  -129, -128,
                                    -127,   -2,     -1,     0,    1,     2,     127,  128,
                                    129,    255,    256,    257,  16383, 32766, 32767};

// A graph of one operator on kEnds, at every level, against `expected`.
template <class Expected>
void check_operator(Graph graph, const Expected& expected) {
    const auto packed = PackedGraph::create(std::move(graph));
    INFO(packed.status().message());
    REQUIRE(packed.ok());
    const Tensor16 in = column_of(kEnds);
    const Extents extents{1, static_cast<int64_t>(kEnds.size())};
    for (const EngineLevel level : available_engine_levels()) {
        CAPTURE(engine_level_name(level));
        Tensor16 out;
        REQUIRE(Engine::run(packed.value(), extents, in, whole(extents), whole(extents), out, level).ok());
        for (size_t i = 0; i < kEnds.size(); ++i) {
            CAPTURE(kEnds[i]);
            CHECK(out.data[i] == expected(kEnds[i]));
        }
    }
}

}  // namespace

TEST_CASE("extremes: numbers no analysis should return give valid files", "[extreme]") {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const Picture picture = make_picture(70, 40, 3);
    const std::vector<std::vector<float>> lists = {
        {nan},
        {inf},
        {-inf},
        {FLT_MAX},
        {-FLT_MAX},
        {FLT_MIN},
        {std::numeric_limits<float>::denorm_min()},
        {-0.0f},
        {32767.5f},
        {1e9f},
        {nan, inf, -inf, FLT_MAX, 0.0f, -FLT_MAX, 1e-42f},
    };
    for (const std::vector<float>& values : lists) {
        CAPTURE(values.front(), values.size());
        for (const int effort : {1, 5, 9}) {
            for (const double quality : {1.0, 77.77, 100.0}) {
                GivenAnalysis analysis(values);
                EncoderOptions options = tiny_options(analysis);
                options.effort = effort;
                options.quality = quality;
                check_valid(encode_bytes(options, picture), picture);
            }
        }
    }
}

TEST_CASE("extremes: constant pictures and extreme shapes", "[extreme]") {
    for (const int bands : {1, 3}) {
        for (const uint8_t value : {0, 1, 127, 128, 255}) {
            Picture picture{50, 50, bands, Bytes(static_cast<size_t>(2500 * bands), value)};
            TinyAnalysis analysis;
            const Bytes file = encode_bytes(tiny_options(analysis), picture);
            check_valid(file, picture);
        }
        for (const auto& [width, height] :
             {std::pair<uint32_t, uint32_t>{1, 1}, {1, 65535}, {65535, 1}, {16, 17}}) {
            CAPTURE(width, height, bands);
            TinyAnalysis analysis;
            const Picture picture = make_picture(width, height, bands);
            check_valid(encode_bytes(tiny_options(analysis), picture), picture);
        }
    }
}

TEST_CASE("extremes: samples of Float32 that are hardly numbers", "[extreme]") {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    const float tiny = std::numeric_limits<float>::denorm_min();
    const std::vector<std::vector<float>> lists = {{nan},
                                                   {inf},
                                                   {-inf},
                                                   {tiny},
                                                   {-0.0f, 0.0f},
                                                   {FLT_MIN / 3, -tiny, tiny, FLT_MIN},
                                                   {FLT_MAX},
                                                   {-FLT_MAX, FLT_MAX},
                                                   {nan, inf, -inf},
                                                   {nan, 1e-42f, FLT_MAX, -inf, 0.0f, -FLT_MAX, 3.5f}};
    for (const std::vector<float>& values : lists) {
        for (const auto& [width, height] :
             {std::pair<uint32_t, uint32_t>{70, 40}, {1, 1}, {1, 65535}, {65535, 1}}) {
            CAPTURE(values, width, height);
            std::vector<float> samples(size_t{width} * height);
            for (size_t i = 0; i < samples.size(); ++i) samples[i] = values[i * 7 % values.size()];
            MemoryImageSource image(samples.data(), width, height, 1, 0, DataType::float32);
            TinyAnalysis analysis;
            MemorySink sink;
            REQUIRE(encode(tiny_options(analysis), image, Metadata(), sink).ok());
            const Bytes bytes = read_pixels(sink.bytes()).value();
            DecoderOptions scalar;
            scalar.engine_level = EngineLevel::scalar;
            CHECK((read_pixels(sink.bytes(), scalar).value() == bytes));
            std::vector<float> decoded(samples.size());
            REQUIRE(bytes.size() == decoded.size() * sizeof(float));
            std::memcpy(decoded.data(), bytes.data(), bytes.size());
            size_t wrong = 0;
            for (size_t i = 0; i < samples.size(); ++i) {
                const float a = samples[i], b = decoded[i];
                const bool one_value = values.size() == 1;
                wrong += std::isnan(a)                ? !std::isnan(b)
                         : std::isinf(a) || one_value ? a != b
                                                      : !std::isfinite(b);
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("extremes: constant pictures of every type, and pictures of nothing but nodata", "[extreme]") {
    for (int number = 1; number <= 6; ++number) {
        const auto type = static_cast<DataType>(number);
        for (const double value : {lowest_value(type), highest_value(type), 0.0, 1.0}) {
            for (const bool is_nodata : {false, true}) {
                CAPTURE(data_type_name(type), value, is_nodata);
                const uint32_t bits = sample_bits(value, type);
                Bytes samples;
                for (int i = 0; i < 50 * 30; ++i)
                    for (size_t k = 0; k < sample_bytes(type); ++k)
                        samples.push_back(static_cast<uint8_t>(bits >> 8 * k));
                BandPlan plan = make_band_plan(1, type, {}, -1, false);
                if (is_nodata) add_special(plan, type, 0, value);
                PlannedImage image(samples.data(), 50, 30, 1, type, plan);
                TinyAnalysis analysis;
                MemorySink sink;
                REQUIRE(encode(tiny_options(analysis), image, Metadata(), sink).ok());
                const Bytes decoded = read_pixels(sink.bytes()).value();
                REQUIRE(decoded.size() == samples.size());
                // Byte has the range 0 .. 255 whatever is in it, and the model is coarse.
                if (type != DataType::byte || is_nodata) CHECK((decoded == samples));
            }
        }
    }
}

TEST_CASE("extremes: operators at the ends of their ranges", "[extreme]") {
    constexpr int32_t kMost = 32767;
    // One weight and a bias that together just stay below 2^31.
    for (const int16_t weight : {int16_t{-32768}, int16_t{-32767}, int16_t{-1}, int16_t{0}, int16_t{32767}}) {
        for (const int sign : {-1, 1}) {
            const auto room =
                static_cast<int32_t>((int64_t{1} << 31) - 1 - std::abs(int64_t{weight}) * kMost);
            for (const int32_t mult : {1, 2, 65536, 1 << 30, 0x7FFFFFFF}) {
                CAPTURE(weight, sign, mult);
                ConvParams p;
                p.out_channels = 1;
                p.weights = {weight};
                p.bias = {sign * room};
                p.mult = {mult};
                GraphBuilder b(1, -kMost, kMost);
                b.conv(b.input(), p);
                check_operator(b.take(), [&](int16_t v) {
                    const Wide acc = Wide{sign} * room + Wide{weight} * v;
                    return clamped(floor_shift(acc * mult + (Wide{1} << 31), 32), -kMost, kMost);
                });
            }
        }
    }
    for (const int32_t mult : {INT32_MIN, INT32_MIN + 1, -65536, -1, 0, 1, 65535, 65536, INT32_MAX}) {
        CAPTURE(mult);
        GraphBuilder b(1, -kMost, kMost);
        b.gain(b.input(), {mult});
        check_operator(b.take(), [&](int16_t v) {
            return clamped(floor_shift(Wide{v} * mult + (1 << 15), 16), -kMost, kMost);
        });
    }
    for (const int slope : {0, 1, 128, 255}) {
        CAPTURE(slope);
        GraphBuilder b(1, -kMost, kMost);
        b.leaky_relu(b.input(), slope);
        check_operator(b.take(), [&](int16_t v) {
            return v < 0 ? clamped(floor_shift(Wide{v} * slope + 128, 8), -kMost, kMost) : v;
        });
    }
    for (const auto& [lo, hi] :
         {std::pair<int32_t, int32_t>{-kMost, kMost}, {0, 0}, {kMost, kMost}, {-5, 7}}) {
        CAPTURE(lo, hi);
        GraphBuilder b(1, -kMost, kMost);
        b.add(b.input(), b.input(), lo, hi);
        check_operator(b.take(),
                       [&, low = lo, high = hi](int16_t v) { return clamped(Wide{2} * v, low, high); });
    }
    GraphBuilder b(1, -kMost, kMost);
    b.relu(b.input());
    check_operator(b.take(), [](int16_t v) { return std::max<int16_t>(v, 0); });
}

TEST_CASE("extremes: operators that move values keep every one of them, at their largest sizes",
          "[extreme]") {
    constexpr int32_t kMost = 32767;
    // Each graph gives back what it was given.
    std::vector<Graph> identities;
    for (const int block : {2, 3, kMaxBlock}) {
        GraphBuilder b(3, -kMost, kMost);
        b.depth_to_space(b.space_to_depth(b.input(), block), block);
        identities.push_back(b.take());
    }
    {
        // The most inputs, then the last of them; channels in all as many as there may be.
        constexpr int kEach = kMaxChannels / kMaxInputs;
        GraphBuilder b(kEach, -kMost, kMost);
        const int all = b.concat(std::vector<int>(kMaxInputs, b.input()));
        b.slice(all, kMaxChannels - kEach, kEach);
        identities.push_back(b.take());
    }
    {
        // Taken apart into single channels and put together again.
        GraphBuilder b(kMaxInputs, -kMost, kMost);
        std::vector<int> parts;
        for (int c = 0; c < kMaxInputs; ++c) parts.push_back(b.slice(b.input(), c, 1));
        b.concat(parts);
        identities.push_back(b.take());
    }
    for (size_t k = 0; k < identities.size(); ++k) {
        const auto packed = PackedGraph::create(identities[k]);
        INFO(packed.status().message());
        REQUIRE(packed.ok());
        constexpr int kSide = 2 * kMaxBlock * 3;  // a multiple of every block above
        Tensor16 in(kSide, kSide, packed.value().input_channels());
        // Every value from one end to the other occurs.
        for (size_t i = 0; i < in.data.size(); ++i)
            in.data[i] = static_cast<int16_t>(static_cast<int64_t>(i * 7 % (2 * kMost + 1)) - kMost);
        const Extents extents{kSide, kSide};
        const Rect part{5, 1, kSide - 7, kSide - 3};
        for (const EngineLevel level : available_engine_levels()) {
            CAPTURE(k, engine_level_name(level));
            Tensor16 out;
            REQUIRE(
                Engine::run(packed.value(), extents, in, whole(extents), whole(extents), out, level).ok());
            CHECK((out.data == in.data));
            REQUIRE(Engine::run(packed.value(), extents, in, whole(extents), part, out, level).ok());
            bool same = true;
            for (int y = 0; y < out.h; ++y)
                for (int x = 0; x < out.w; ++x)
                    for (int c = 0; c < out.c; ++c)
                        same &= out.at(y, x, c) ==
                                in.at(y + static_cast<int>(part.y), x + static_cast<int>(part.x), c);
            CHECK(same);
        }
    }
}
