#include "training/worker_threads.h"

#include <ATen/Parallel.h>

#include <atomic>

namespace nae::training {

WorkerThreads::WorkerThreads(int count, int threads_each) {
    for (int i = 1; i < count; ++i) threads_.emplace_back([this, i, threads_each] { loop(i, threads_each); });
}

WorkerThreads::~WorkerThreads() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& t : threads_) t.join();
}

void WorkerThreads::call(int index) {
    try {
        (*job_)(index);
    } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
    }
}

void WorkerThreads::loop(int index, int threads_each) {
    at::set_num_threads(threads_each);  // of this thread: OpenMP keeps the number per thread
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        wake_.wait(lock, [&] { return stop_ || round_ != seen; });
        if (stop_) return;
        seen = round_;
        lock.unlock();
        call(index);
        lock.lock();
        if (--running_ == 0) done_.notify_one();
    }
}

void WorkerThreads::run(const std::function<void(int)>& job) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        job_ = &job;
        running_ = int(threads_.size());
        ++round_;
    }
    wake_.notify_all();
    call(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return running_ == 0; });
    job_ = nullptr;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void WorkerThreads::for_each(int64_t n, const std::function<void(int64_t)>& job) {
    std::atomic<int64_t> next{0};
    run([&](int) {
        for (int64_t i = next++; i < n; i = next++) job(i);
    });
}

}  // namespace nae::training
