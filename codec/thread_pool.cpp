#include "codec/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "codec/guard.h"
#include "codec/worker_crew.h"

namespace nae {
namespace {

// One parallel_for call.
class Job {
  public:
    Job(int64_t count, const std::function<Status(int64_t)>& body) : count_(count), body_(body) {}

    // A thread's part.
    void work() {
        while (!failed_) {
            const int64_t i = next_.fetch_add(1);
            if (i >= count_) return;
            // Bodies return errors; what the standard library throws must not end the process either.
            Status s = guarded([&] { return body_(i); });
            if (!s.ok()) fail(i, std::move(s));
        }
    }

    // When all threads have done.
    Status take_status() { return std::move(status_); }

  private:
    void fail(int64_t index, Status s) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (status_.ok() || index < failed_index_) {
            status_ = std::move(s);
            failed_index_ = index;
        }
        failed_ = true;
    }

    const int64_t count_;
    const std::function<Status(int64_t)>& body_;
    std::atomic<int64_t> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;  // guards the two below
    Status status_;
    int64_t failed_index_ = 0;
};

int bounded(int threads) {
    if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
    return std::clamp(threads, 1, 256);
}

}  // namespace

ThreadPool::ThreadPool(int threads) : threads_(bounded(threads)) {}

Status ThreadPool::parallel_for(int64_t count, const std::function<Status(int64_t)>& body) {
    if (count <= 0) return Status();
    Job job(count, body);
    const std::function<void()> help = [&] { job.work(); };
    {
        const CrewHelp helpers(help, static_cast<int>(std::min<int64_t>(threads_ - 1, count - 1)));
        job.work();
    }
    return job.take_status();
}

}  // namespace nae
