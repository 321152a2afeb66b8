// The engine against an evaluator that follows the specification word by word over whole rasters, and all
// levels, windows and sizes against each other.
#include "codec/engine.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

#include "codec/thread_pool.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

namespace {

int64_t value(const Tensor16& t, int64_t y, int64_t x, int c) {
    if (y < 0 || x < 0 || y >= t.h || x >= t.w) return 0;
    return t.at(static_cast<int>(y), static_cast<int>(x), c);
}

int64_t clamp(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

int64_t evaluate(const Node& n, const std::vector<const Tensor16*>& in, int y, int x, int c, int channels) {
    const Tensor16& a = *in[0];
    const size_t o = static_cast<size_t>(c);
    switch (n.op) {
        case Op::conv: {
            int64_t acc = n.bias[o];
            size_t w = o * static_cast<size_t>(n.kernel * n.kernel * a.c);
            for (int ky = 0; ky < n.kernel; ++ky) {
                for (int kx = 0; kx < n.kernel; ++kx) {
                    for (int i = 0; i < a.c; ++i) {
                        acc += n.weights[w++] * value(a, n.stride * y + ky - n.kernel / 2,
                                                      n.stride * x + kx - n.kernel / 2, i);
                    }
                }
            }
            REQUIRE(std::abs(acc) < int64_t{1} << 31);
            return clamp((acc * n.mult[o] + (int64_t{1} << 31)) >> 32, n.lo, n.hi);
        }
        case Op::add:
            return clamp(value(a, y, x, c) + value(*in[1], y, x, c), n.lo, n.hi);
        case Op::relu:
            return std::max<int64_t>(value(a, y, x, c), 0);
        case Op::leaky_relu: {
            const int64_t v = value(a, y, x, c);
            return v < 0 ? (v * n.slope + 128) >> 8 : v;
        }
        case Op::concat: {
            size_t k = 0;
            while (c >= in[k]->c) c -= in[k++]->c;
            return value(*in[k], y, x, c);
        }
        case Op::slice:
            return value(a, y, x, n.begin + c);
        case Op::depth_to_space:
            return value(a, y / n.block, x / n.block, (y % n.block * n.block + x % n.block) * channels + c);
        case Op::space_to_depth: {
            const int pos = c / a.c;
            return value(a, int64_t{y} * n.block + pos / n.block, int64_t{x} * n.block + pos % n.block,
                         c % a.c);
        }
        case Op::gain:
            return clamp((value(a, y, x, c) * n.mult[o] + 32768) >> 16, n.lo, n.hi);
        default:
            FAIL("operator");
            return 0;
    }
}

Tensor16 reference(const Graph& g, const Tensor16& input) {
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;
    const Result<GraphInfo> info = validate(g, limits);
    REQUIRE(info.ok());
    std::vector<Tensor16> t(g.nodes.size());
    t[0] = input;
    for (size_t i = 1; i < g.nodes.size(); ++i) {
        const NodeInfo& n = info.value().nodes[i];
        std::vector<const Tensor16*> in;
        for (uint16_t k : g.nodes[i].inputs) in.push_back(&t[k]);
        t[i] = Tensor16(static_cast<int>(n.resolution.apply(input.h)),
                        static_cast<int>(n.resolution.apply(input.w)), n.channels);
        for (int y = 0; y < t[i].h; ++y) {
            for (int x = 0; x < t[i].w; ++x) {
                for (int c = 0; c < n.channels; ++c) {
                    const int64_t v = evaluate(g.nodes[i], in, y, x, c, n.channels);
                    REQUIRE((v >= n.lo && v <= n.hi));  // the static range holds
                    t[i].at(y, x, c) = static_cast<int16_t>(v);
                }
            }
        }
    }
    return t.back();
}

PackedGraph pack(const Graph& g) {
    Limits limits;
    limits.max_macs_per_pixel = UINT64_MAX;
    Result<PackedGraph> packed = PackedGraph::create(g, limits);
    REQUIRE(packed.ok());
    return packed.value();
}

Rect random_rect(Random& rng, const Extents& e) {
    const int x = pick(rng, 0, static_cast<int>(e.w) - 1), y = pick(rng, 0, static_cast<int>(e.h) - 1);
    return Rect{x, y, pick(rng, 1, static_cast<int>(e.w) - x), pick(rng, 1, static_cast<int>(e.h) - y)};
}

}  // namespace

TEST_CASE("Levels have names and the scalar one always exists", "[engine]") {
    const std::vector<EngineLevel> levels = available_engine_levels();
    REQUIRE_FALSE(levels.empty());
    CHECK(levels.front() == EngineLevel::scalar);
    std::string names;
    for (EngineLevel level : levels) {
        CHECK(parse_engine_level(engine_level_name(level)).value() == level);
        names += std::string(engine_level_name(level)) + " ";
    }
    WARN("engine levels here: " << names);
    CHECK_FALSE(parse_engine_level("sse9").ok());
}

TEST_CASE("Random networks, every level, every window: equal to the specification", "[engine]") {
    Random rng(20);
    for (int round = 0; round < 150; ++round) {
        const Graph g = random_graph(rng);
        const PackedGraph packed = pack(g);
        const int shape = pick(rng, 0, 4);
        const int h = shape == 0 || shape == 1 ? 1 : pick(rng, 1, 11);
        const int w = shape == 0 || shape == 2 ? 1 : pick(rng, 1, 13);
        const Tensor16 input = random_tensor(rng, h, w, packed.input_channels(), -8191, 8191);
        const Tensor16 expected = reference(g, input);
        const Extents in{h, w}, out = packed.output_extents(in);
        REQUIRE(out == Extents{expected.h, expected.w});
        for (EngineLevel level : available_engine_levels()) {
            INFO("round " << round << ", level " << engine_level_name(level) << ", " << h << " x " << w);
            Tensor16 got;
            REQUIRE(Engine::run(packed, in, input, whole(in), whole(out), got, level).ok());
            REQUIRE(equal(got, expected));
            for (int k = 0; k < 3; ++k) {
                const Rect window = random_rect(rng, out);
                // Only what the window needs is given.
                const Rect need = required_input(packed, in, window);
                REQUIRE(need == required_input(g, in, window));
                const Tensor16 part = crop(input, whole(in), need);
                REQUIRE(Engine::run(packed, in, part, need, window, got, level).ok());
                REQUIRE(equal(got, crop(expected, whole(out), window)));
            }
        }
    }
}

TEST_CASE("Convolutions of all shapes at every level", "[engine]") {
    // Channel counts around the sizes of vectors and register tiles, widths around pixel tiles.
    Random rng(21);
    for (int ci : {1, 2, 3, 16, 31, 64}) {
        for (int co : {1, 3, 15, 16, 17, 32, 48, 64, 80, 112, 128, 130}) {
            const int kernel = 2 * pick(rng, 0, 2) + 1, stride = pick(rng, 1, 2);
            GraphBuilder b(ci, -8191, 8191);
            b.conv(0, random_conv(rng, ci, co, kernel, stride, 8191, -32767, 32767));
            const Graph g = b.take();
            const PackedGraph packed = pack(g);
            const Extents in{pick(rng, 1, 5), pick(rng, 1, 29)}, out = packed.output_extents(in);
            const Tensor16 input =
                random_tensor(rng, static_cast<int>(in.h), static_cast<int>(in.w), ci, -8191, 8191);
            const Tensor16 expected = reference(g, input);
            for (EngineLevel level : available_engine_levels()) {
                INFO(engine_level_name(level) << " " << ci << " -> " << co << ", kernel " << kernel);
                Tensor16 got;
                REQUIRE(Engine::run(packed, in, input, whole(in), whole(out), got, level).ok());
                REQUIRE(equal(got, expected));
            }
        }
    }
}

TEST_CASE("Accumulators at the proven bound do not wrap", "[engine]") {
    const int32_t limit = std::numeric_limits<int32_t>::max();
    for (const int sign : {1, -1}) {
        for (const int32_t mult : {1, 0x7FFFFFFF, 65536}) {
            // 34 inputs: |bias| + 34 * 1927 * 32767 = 2^31 - 1 exactly.
            GraphBuilder b(34, -32767, 32767);
            ConvParams p;
            p.out_channels = 20;
            p.lo = -32767;
            p.hi = 32767;
            for (int o = 0; o < 20; ++o) {
                for (int i = 0; i < 34; ++i)
                    p.weights.push_back(static_cast<int16_t>(sign * (i % 2 == 0 ? 1927 : -1927)));
                p.bias.push_back(sign * (limit - 34 * 1927 * 32767));
                p.mult.push_back(mult);
            }
            b.conv(0, p);
            const Graph g = b.take();
            const PackedGraph packed = pack(g);
            Tensor16 input(2, 5, 34);
            for (size_t i = 0; i < input.data.size(); ++i) input.data[i] = i % 2 == 0 ? 32767 : -32767;
            const Tensor16 expected = reference(g, input);
            const int64_t acc = static_cast<int64_t>(sign) * limit;
            CHECK(expected.data[0] == clamp((acc * mult + (int64_t{1} << 31)) >> 32, -32767, 32767));
            for (EngineLevel level : available_engine_levels()) {
                Tensor16 got;
                REQUIRE(
                    Engine::run(packed, {2, 5}, input, Rect{0, 0, 5, 2}, Rect{0, 0, 5, 2}, got, level).ok());
                CHECK(equal(got, expected));
            }
        }
    }
    // Two products of -32768 and -32767 in one pair, the largest a pair can be.
    GraphBuilder b(2, -32767, 32767);
    ConvParams p;
    p.out_channels = 1;
    p.weights = {-32768, -32768};
    p.bias = {0};
    p.mult = {0x7FFFFFFF};
    p.lo = -32767;
    p.hi = 32767;
    b.conv(0, p);
    const PackedGraph packed = pack(b.take());
    Tensor16 input(1, 1, 2);
    input.data = {-32767, -32767};
    for (EngineLevel level : available_engine_levels()) {
        Tensor16 got;
        REQUIRE(Engine::run(packed, {1, 1}, input, Rect{0, 0, 1, 1}, Rect{0, 0, 1, 1}, got, level).ok());
        CHECK(got.data[0] == 32767);
    }
}

TEST_CASE("Inputs outside their declared range are clamped", "[engine]") {
    GraphBuilder b(1, -5, 7);
    b.relu(0);
    const PackedGraph packed = pack(b.take());
    Tensor16 input(1, 3, 1);
    input.data = {-32768, 6, 32767};
    Tensor16 got;
    REQUIRE(Engine::run(packed, {1, 3}, input, Rect{0, 0, 3, 1}, Rect{0, 0, 3, 1}, got).ok());
    CHECK(got.data == AlignedVector16{0, 6, 7});
}

TEST_CASE("Wrong arguments are errors, not crashes", "[engine]") {
    Random rng(22);
    GraphBuilder b(3, -10, 10);
    b.conv(0, random_conv(rng, 3, 4, 3, 1, 10));
    const PackedGraph packed = pack(b.take());
    const Tensor16 input(8, 9, 3);
    const Extents e{8, 9};
    const Rect all{0, 0, 9, 8};
    Tensor16 out;
    CHECK(Engine::run(packed, e, input, all, all, out).ok());
    CHECK_FALSE(Engine::run(packed, e, input, all, Rect{0, 0, 10, 8}, out).ok());
    CHECK_FALSE(Engine::run(packed, e, input, all, Rect{-1, 0, 3, 3}, out).ok());
    CHECK_FALSE(Engine::run(packed, e, input, all, Rect{0, 0, 0, 3}, out).ok());
    CHECK_FALSE(Engine::run(packed, e, input, Rect{1, 0, 9, 8}, all, out).ok());  // does not cover
    CHECK_FALSE(Engine::run(packed, e, input, Rect{0, 0, 8, 8}, all, out).ok());  // not the tensor's size
    CHECK_FALSE(Engine::run(packed, e, Tensor16(8, 9, 2), all, all, out).ok());   // channels
    CHECK_FALSE(Engine::run(packed, {0, 9}, input, all, all, out).ok());
    CHECK_FALSE(Engine::run(packed, {int64_t{1} << 62, 9}, input, all, all, out).ok());
    CHECK_FALSE(Engine::run(PackedGraph(), e, input, all, all, out).ok());
    Limits limits;
    limits.max_tensor_bytes = working_bytes(packed, e, all);
    CHECK(limits.max_tensor_bytes == 11 * 10 * 3 * 2);  // the input with a frame of zeros
    CHECK(Engine::run(packed, e, input, all, all, out, EngineLevel::automatic, limits).ok());
    limits.max_tensor_bytes -= 1;
    CHECK(Engine::run(packed, e, input, all, all, out, EngineLevel::automatic, limits).code() ==
          ErrorCode::limit_exceeded);
    // A window far away on a huge raster needs only its surroundings.
    const Extents huge{int64_t{1} << 27, int64_t{1} << 27};
    const Rect far{(int64_t{1} << 27) - 8, (int64_t{1} << 26), 7, 6};
    CHECK(required_input(packed, huge, far) == Rect{far.x - 1, far.y - 1, 9, 8});
    CHECK(Engine::run(packed, huge, input, Rect{far.x - 1, far.y - 1, 9, 8}, far, out).ok());
    setenv("NAE_ENGINE", "nonsense", 1);
    const Status s = Engine::run(packed, e, input, all, all, out);
    setenv("NAE_ENGINE", "scalar", 1);
    const Status scalar = Engine::run(packed, e, input, all, all, out);
    unsetenv("NAE_ENGINE");
    CHECK(s.message().find("NAE_ENGINE") != std::string::npos);
    CHECK(scalar.ok());
}

TEST_CASE("The thread pool runs every index once and reports the first failure", "[engine]") {
    for (int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        CHECK(pool.threads() == threads);
        for (int64_t count : {0, 1, 3, 1000}) {
            std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
            REQUIRE(pool.parallel_for(count,
                                      [&](int64_t i) {
                                          ++hits[static_cast<size_t>(i)];
                                          return Status();
                                      })
                        .ok());
            for (const auto& h : hits) REQUIRE(h == 1);
        }
        const Status s = pool.parallel_for(100, [&](int64_t i) {
            return i >= 3 ? Status(ErrorCode::corrupt, std::to_string(i)) : Status();
        });
        CHECK(s.code() == ErrorCode::corrupt);
        const Status thrown = pool.parallel_for(2, [&](int64_t) -> Status { throw std::bad_alloc(); });
        CHECK(thrown.code() == ErrorCode::limit_exceeded);
        // Nested and concurrent use.
        std::atomic<int> sum{0};
        REQUIRE(pool.parallel_for(8,
                                  [&](int64_t) {
                                      return pool.parallel_for(16, [&](int64_t) {
                                          ++sum;
                                          return Status();
                                      });
                                  })
                    .ok());
        CHECK(sum == 128);
    }
}
