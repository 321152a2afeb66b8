#include "codec/split_graph.h"

#include <catch2/catch.hpp>

#include "codec/engine.h"
#include "tests/unit/test_graphs.h"

using namespace nae;
using namespace nae::test;

TEST_CASE("A network cut where it stops looking at neighbours computes the same", "[context]") {
    Random rng(11);
    int cut = 0, whole_ones = 0;
    for (int round = 0; round < 80; ++round) {
        const Graph graph = random_graph(rng);
        const SplitGraph parts = split_pointwise(graph);
        Limits limits;
        limits.max_macs_per_pixel = UINT64_MAX;
        const auto all = PackedGraph::create(graph, limits),
                   before = PackedGraph::create(parts.before, limits);
        INFO(all.status().message() << before.status().message());
        REQUIRE((all.ok() && before.ok()));
        const Extents extents{pick(rng, 1, 9), pick(rng, 1, 9)};
        const Tensor16 input = random_tensor(rng, static_cast<int>(extents.h), static_cast<int>(extents.w),
                                             all.value().input_channels(), -8191, 8191);
        const Rect out = whole(all.value().output_extents(extents));
        Tensor16 expected, made, finished;
        REQUIRE(Engine::run(all.value(), extents, input, whole(extents), out, expected).ok());
        REQUIRE(Engine::run(before.value(), extents, input, whole(extents), out, made).ok());
        if (parts.pointwise.empty()) {
            ++whole_ones;
            CHECK(equal(made, expected));
            continue;
        }
        ++cut;
        const auto rest = PackedGraph::create(parts.pointwise, limits);
        REQUIRE(rest.ok());
        const Extents last{out.h, out.w};
        REQUIRE(Engine::run(rest.value(), last, made, whole(last), whole(last), finished).ok());
        CHECK(equal(finished, expected));
    }
    CHECK(cut > 10);
    CHECK(whole_ones > 10);
}

TEST_CASE("The cut comes as early as it can, and never where something is read across it", "[context]") {
    Random rng(3);
    GraphBuilder b(4, -8191, 8191);
    const int wide = b.conv(b.input(), random_conv(rng, 4, 6, 3, 1, 8191));
    const int one = b.conv(wide, random_conv(rng, 6, 5, 1, 1, 8191));
    const int other = b.conv(wide, random_conv(rng, 6, 5, 1, 1, 8191));
    const int sum = b.add(one, other, -8191, 8191);
    b.add(b.conv(sum, random_conv(rng, 5, 5, 1, 1, 8191)), sum);
    const SplitGraph parts = split_pointwise(b.take());
    CHECK(parts.before.nodes.size() == 2);
    CHECK(parts.pointwise.nodes.size() == 6);

    GraphBuilder across(4, -8191, 8191);
    const int seen = across.conv(across.input(), random_conv(rng, 4, 4, 3, 1, 8191));
    across.add(across.relu(seen), across.input());
    const SplitGraph none = split_pointwise(across.take());
    CHECK(none.pointwise.empty());
    CHECK(none.before.nodes.size() == 4);
}
