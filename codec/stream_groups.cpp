#include "codec/stream_groups.h"

#include <algorithm>
#include <numeric>

namespace nae {
namespace {

// What each thread decodes, of about equal cost: the largest first, each for whoever has the least; places in the list.
std::vector<std::vector<size_t>> one_part_each(const std::vector<uint64_t>& costs, size_t threads) {
    std::vector<size_t> order(costs.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return costs[a] > costs[b]; });
    std::vector<std::vector<size_t>> parts(threads);
    std::vector<uint64_t> sums(threads, 0);
    for (const size_t i : order) {
        const auto least = static_cast<size_t>(std::min_element(sums.begin(), sums.end()) - sums.begin());
        parts[least].push_back(i);
        sums[least] += std::max<uint64_t>(costs[i], 1);  // streams that cost nothing go round, too
    }
    return parts;
}

}  // namespace

std::vector<std::vector<size_t>> group_streams(const std::vector<uint64_t>& costs, size_t most, int threads) {
    const std::vector<std::vector<size_t>> parts = one_part_each(costs, static_cast<size_t>(threads));
    size_t rounds = 0;
    for (const auto& part : parts) rounds = std::max(rounds, (part.size() + most - 1) / most);
    std::vector<std::vector<size_t>> groups;
    for (const auto& part : parts) {
        const size_t number = std::min(part.size(), rounds);
        // The larger groups last, where streams are shorter.
        for (size_t i = 0; i < number; ++i)
            groups.emplace_back(part.begin() + static_cast<ptrdiff_t>(part.size() * i / number),
                                part.begin() + static_cast<ptrdiff_t>(part.size() * (i + 1) / number));
    }
    return groups;
}

}  // namespace nae
