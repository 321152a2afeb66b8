// Which of the substreams of several tiles one thread decodes side by side.
#ifndef NAE_CODEC_STREAM_GROUPS_H_
#define NAE_CODEC_STREAM_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nae {

// Puts substreams, given by what they cost (in any unit), into groups of one to `most` (at least 1), for `threads` threads (at least
// 1) to share: places in the list, each once. Where a group for each thread is enough, these cost about the same. Otherwise substreams
// of about equal size come together, since one that ends early leaves the others of its group alone; the number of groups is a
// multiple of that of threads, since a group of fewer is done sooner; and they are ordered so that threads that take stretches of
// consecutive ones (ThreadTeam) have about equal work.
std::vector<std::vector<size_t>> group_streams(const std::vector<uint64_t>& costs, size_t most, int threads);

}  // namespace nae

#endif  // NAE_CODEC_STREAM_GROUPS_H_
