// Random but valid context networks for tests.
#ifndef NAE_TESTS_UNIT_RANDOM_CONTEXT_H_
#define NAE_TESTS_UNIT_RANDOM_CONTEXT_H_

#include "codec/model.h"
#include "tests/unit/random_conv.h"

namespace nae::test {

// The hyper-synthesis gives `features` channels more, and from them and the first `known` channels of the latent the context
// changes means by some sigma and log2 scales by some octaves.
inline void add_random_context(Model& model, Random& rng, int known, int features) {
    const int c = model.latent_channels;
    GraphBuilder b(known + features, -8191, 8191);
    const int symbols = b.slice(b.input(), 0, known), said = b.slice(b.input(), known, features);
    const int sum = b.add(b.conv(symbols, random_conv(rng, known, 16, 3, 1, 8191)),
                          b.conv(said, random_conv(rng, features, 16, 1, 1, 8191)), 0, 4095);
    b.conv(sum, random_conv(rng, 16, 2 * c, 1, 1, 4095, -300, 300));
    model.context = b.take();

    // Appended to the hyper-synthesis: its output, and something made of it.
    std::vector<Node>& nodes = model.hyper_synthesis.nodes;
    const auto output = static_cast<uint16_t>(nodes.size() - 1);
    GraphBuilder more(2 * c, -kValueLimit, kValueLimit);
    more.concat(
        {more.input(), more.conv(more.input(), random_conv(rng, 2 * c, features, 1, 1, kValueLimit))});
    const Graph tail = more.take();
    for (size_t i = 1; i < tail.nodes.size(); ++i) {
        Node node = tail.nodes[i];
        for (uint16_t& input : node.inputs) input = static_cast<uint16_t>(input + output);
        nodes.push_back(std::move(node));
    }
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_RANDOM_CONTEXT_H_
