// A small pool of threads for strips and tiles.
#ifndef NAE_CODEC_THREAD_POOL_H_
#define NAE_CODEC_THREAD_POOL_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "format/status.h"

namespace nae {

// Up to `threads` threads work on a call, the calling one among them; workers start on first use and end with
// the pool. Calls from several threads share the same workers, so a process never runs more than callers +
// threads - 1.
class ThreadPool {
  public:
    // threads = 0: one per hardware thread. Bounded by 256.
    explicit ThreadPool(int threads = 0);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;

    // Calls body(i) for i in [0, count), each once, in no fixed order, and returns when all are done. After
    // the first failure no new index is started; the failure with the lowest index among those that ran is
    // returned. May be called from within a body: the caller always takes part, so that nothing waits for a
    // free worker.
    Status parallel_for(int64_t count, const std::function<Status(int64_t)>& body);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nae

#endif  // NAE_CODEC_THREAD_POOL_H_
