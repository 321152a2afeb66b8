#include "codec/stream_groups.h"

#include <algorithm>
#include <numeric>

namespace nae {
namespace {

// One group for each thread, of about equal cost: the largest first, each to whoever has the least.
std::vector<std::vector<size_t>> one_each(const std::vector<uint64_t>& costs,
                                          const std::vector<size_t>& order, size_t most, size_t number) {
    std::vector<std::vector<size_t>> groups(number);
    std::vector<uint64_t> sums(number, 0);
    for (const size_t i : order) {
        size_t least = number;
        for (size_t g = 0; g < number; ++g)
            if (groups[g].size() < most && (least == number || sums[g] < sums[least])) least = g;
        groups[least].push_back(i);
        sums[least] += costs[i];
    }
    return groups;
}

}  // namespace

std::vector<std::vector<size_t>> group_streams(const std::vector<uint64_t>& costs, size_t most, int threads) {
    const size_t count = costs.size(), team = static_cast<size_t>(threads);
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return costs[a] > costs[b]; });
    const size_t least = (count + most - 1) / most, rounds = (least + team - 1) / team;
    const size_t number = std::min(count, rounds * team);
    if (rounds <= 1) return one_each(costs, order, most, number);
    std::vector<std::vector<size_t>> sorted(number);
    // The larger groups last, where streams are shorter.
    for (size_t i = 0; i < number; ++i)
        sorted[i].assign(order.begin() + static_cast<ptrdiff_t>(count * i / number),
                         order.begin() + static_cast<ptrdiff_t>(count * (i + 1) / number));
    // Round after round, first from the first thread to the last one, then back: 0 3 4 | 1 2 5.
    std::vector<std::vector<size_t>> groups;
    for (size_t thread = 0; thread < team; ++thread)
        for (size_t round = 0; round * team < number; ++round) {
            const size_t i = round * team + (round % 2 == 0 ? thread : team - 1 - thread);
            if (i < number) groups.push_back(std::move(sorted[i]));
        }
    return groups;
}

}  // namespace nae
