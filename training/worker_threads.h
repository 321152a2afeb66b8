// Threads that take part in every step of a training run, each computing its share on its own.
//
// Splitting a batch over threads that do not wait for each other within a step is faster than letting every operator
// run on all of them: there is one wait a step instead of several a layer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nae::training {

class WorkerThreads {
  public:
    // `count` threads (at least 1) in all: the caller of run() and count - 1 of its own. LibTorch's operators use
    // `threads_each` threads within each of those it starts; what they use within the caller is the caller's business.
    WorkerThreads(int count, int threads_each);
    ~WorkerThreads();
    WorkerThreads(const WorkerThreads&) = delete;
    WorkerThreads& operator=(const WorkerThreads&) = delete;

    int count() const { return int(threads_.size()) + 1; }
    // Calls job(0) here and job(1) … job(count - 1) on the other threads; returns when all are done. An exception thrown
    // by one of them is thrown again here. Not to be called by two threads at once, nor from within a job.
    void run(const std::function<void(int)>& job);
    // Calls job(i) for each i in [0, n), each on whichever thread is free.
    void for_each(int64_t n, const std::function<void(int64_t)>& job);

  private:
    void loop(int index, int threads_each);
    void call(int index);

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    const std::function<void(int)>* job_ = nullptr;
    uint64_t round_ = 0;
    int running_ = 0;
    bool stop_ = false;
    std::exception_ptr error_;
};

}  // namespace nae::training
