// Things that threads make, and others that they make of them.
#ifndef NAE_CODEC_MAKE_AND_USE_H_
#define NAE_CODEC_MAKE_AND_USE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "codec/thread_team.h"
#include "format/status.h"

namespace nae {

// Calls make(i) for i in [0, made) and use(j) for j in [0, needs.size()), each once and each by a single thread of the team, and use(j)
// only when make(i) has returned for every i in needs[j] (in any order, without repetitions). Everything is begun in this order but
// for uses that are not ready yet, so that no thread waits for others before nothing is left that it could begin. (Uses as early as
// they can be would find what they need in a cache, but the weights of what is made out of it: 4 % slower.) What make(i) wrote is
// visible to its uses. After the first failure nothing is begun any more; which of several failures is returned is not specified.
// Bodies of a millisecond or more: each claim takes a lock. Only from the work of the team, not from within a body.
Status make_and_use(ThreadTeam& team, size_t made, const std::vector<std::vector<size_t>>& needs,
                    const std::function<Status(size_t)>& make, const std::function<Status(size_t)>& use);

}  // namespace nae

#endif  // NAE_CODEC_MAKE_AND_USE_H_
