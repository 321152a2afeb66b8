// Which of the substreams of several tiles one thread decodes side by side.
#ifndef NAE_CODEC_STREAM_GROUPS_H_
#define NAE_CODEC_STREAM_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nae {

// Puts substreams, given by what they cost (in any unit), into groups of one to `most` (at least 1), for `threads` threads (at least
// 1) to share: places in the list, each once. The groups of a thread come one after another, as many for each thread where there are
// as many (ThreadTeam gives threads stretches of consecutive ones), and cost the threads about the same. Among a thread's substreams
// those of about equal size come together, since one that ends early leaves the others of its group alone.
std::vector<std::vector<size_t>> group_streams(const std::vector<uint64_t>& costs, size_t most, int threads);

}  // namespace nae

#endif  // NAE_CODEC_STREAM_GROUPS_H_
