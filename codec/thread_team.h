// Threads that work through the steps of one computation together.
#ifndef NAE_CODEC_THREAD_TEAM_H_
#define NAE_CODEC_THREAD_TEAM_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "codec/thread_pool.h"
#include "format/status.h"

namespace nae {

// ThreadPool::parallel_for() puts a helper to sleep after each call and wakes it for the next, which costs tens of
// microseconds: as much as one operator of a network on a small picture. A team's helpers watch for the next step instead,
// without a lock, for as long as the computation lasts.
class ThreadTeam {
  public:
    // Calls work(team) once and returns what it returns; meanwhile threads of `pool`, those that are free, take part in
    // what work() shares. Nothing waits for a thread that is not free, so this may be called from within a body of the
    // pool. Meant for computations of milliseconds: helpers watch, and nap only where work() shares nothing for longer.
    static Status run(ThreadPool& pool, const std::function<Status(ThreadTeam&)>& work);

    ThreadTeam(const ThreadTeam&) = delete;
    ThreadTeam& operator=(const ThreadTeam&) = delete;

    // Threads that may take part.
    int threads() const { return threads_; }

    // Calls body(i) for i in [0, count), each once, and returns when all are done. Each thread begins with a stretch of
    // its own, the same part of the whole in every step, so that it finds in its cache what it left there in the step
    // before; then it takes from those of others. After the first failure bodies that have not begun are left out; the
    // failure with the lowest index among those that ran is returned. Only from work(), not from within a body.
    Status share(int64_t count, const std::function<Status(int64_t)>& body);

  private:
    // What is left of a thread's stretch of the current step. On a cache line of its own.
    struct alignas(64) Stretch {
        std::atomic<uint64_t> left{
            0};  // end in the upper half, next index in the lower: all that a claim has to know
    };

    explicit ThreadTeam(int threads)
        : threads_(threads), stretches_(std::make_unique<Stretch[]>(static_cast<size_t>(threads))) {}

    void help(int member);
    // Claims and runs bodies of the current step until none is left.
    void take_part(int member);
    void run_body(int64_t index);

    const int threads_;
    std::unique_ptr<Stretch[]> stretches_;
    std::atomic<uint64_t> step_{0};       // counts the steps; helpers watch it
    std::atomic<int64_t> unfinished_{0};  // bodies of the step that have not ended
    std::atomic<bool> over_{false};       // work() has returned
    // Of the current step: written before its stretches, read after a claim.
    const std::function<Status(int64_t)>* body_ = nullptr;
    int64_t first_ = 0;  // index that the step's 0 stands for

    std::atomic<bool> failed_{false};
    std::mutex mutex_;  // guards the two below
    Status status_;
    int64_t failed_index_ = 0;
};

// Calls body(i) for i in [0, count), by the team if there is one.
inline Status share(ThreadTeam* team, int64_t count, const std::function<Status(int64_t)>& body) {
    if (team != nullptr) return team->share(count, body);
    for (int64_t i = 0; i < count; ++i) NAE_RETURN_IF_ERROR(body(i));
    return Status();
}

}  // namespace nae

#endif  // NAE_CODEC_THREAD_TEAM_H_
