// Loops that threads share.
#ifndef NAE_CODEC_FOR_EACH_H_
#define NAE_CODEC_FOR_EACH_H_

#include <algorithm>
#include <cstdint>

#include "codec/region.h"
#include "codec/thread_pool.h"
#include "format/status.h"

namespace nae {

// body(i) for i in [0, count), by the threads of the pool if there is one, else by the calling thread. Errors: those of body, as
// ThreadPool::parallel_for() returns them.
template <class F>
Status for_each(ThreadPool* pool, int64_t count, const F& body) {
    if (pool != nullptr && count > 1) return pool->parallel_for(count, body);
    for (int64_t i = 0; i < count; ++i) NAE_RETURN_IF_ERROR(body(i));
    return Status();
}

// body(y), which must not fail, for y in [first, end): a few rows at a time, so that no thread waits long for another.
template <class F>
void for_each_row(ThreadPool& pool, int64_t first, int64_t end, const F& body) {
    const int64_t some = std::clamp<int64_t>((end - first) / (8 * int64_t{pool.threads()}), 1, 16);
    static_cast<void>(pool.parallel_for(div_up(end - first, some), [&](int64_t i) {
        const int64_t from = first + i * some;
        for (int64_t y = from; y < std::min(from + some, end); ++y) body(y);
        return Status();
    }));
}

}  // namespace nae

#endif  // NAE_CODEC_FOR_EACH_H_
