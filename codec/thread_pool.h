// A small pool of threads for strips and tiles.
#ifndef NAE_CODEC_THREAD_POOL_H_
#define NAE_CODEC_THREAD_POOL_H_

#include <cstdint>
#include <functional>

#include "format/status.h"

namespace nae {

// Up to `threads` threads work on a call, the calling one among them. The others are the process's, which all pools share
// (worker_crew.h): it never runs more than one for each processor besides those that call, or as many as the largest pool asks for.
class ThreadPool {
  public:
    // threads = 0: one per hardware thread. Bounded by 256.
    explicit ThreadPool(int threads = 0);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return threads_; }

    // Calls body(i) for i in [0, count), each once, in no fixed order, and returns when all are done. After
    // the first failure no new index is started; the failure with the lowest index among those that ran is
    // returned. May be called from within a body: the caller always takes part, so that nothing waits for a
    // free worker.
    Status parallel_for(int64_t count, const std::function<Status(int64_t)>& body);

  private:
    const int threads_;
};

}  // namespace nae

#endif  // NAE_CODEC_THREAD_POOL_H_
