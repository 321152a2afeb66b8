#include "codec/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace nae {
namespace {

// One parallel_for call. Lives until the last thread that looked at it lets go.
struct Job {
    int64_t count = 0;
    const std::function<Status(int64_t)>* body = nullptr;  // valid while indices remain or bodies run
    std::atomic<int64_t> next{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::condition_variable done;
    int64_t running = 0;  // threads inside work()
    Status status;
    int64_t failed_index = 0;

    void fail(int64_t index, Status s) {
        std::lock_guard<std::mutex> lock(mutex);
        if (status.ok() || index < failed_index) {
            status = std::move(s);
            failed_index = index;
        }
        failed = true;
    }

    bool exhausted() const { return failed || next >= count; }

    void work() {
        while (!failed) {
            const int64_t i = next.fetch_add(1);
            if (i >= count) return;
            Status s;
            // Bodies return errors; what the standard library throws must not end the process either.
            try {
                s = (*body)(i);
            } catch (const std::bad_alloc&) {
                s = Status(ErrorCode::limit_exceeded, "out of memory");
            } catch (const std::exception& e) {
                s = Status(ErrorCode::internal, std::string("unexpected exception: ") + e.what());
            }
            if (!s.ok()) fail(i, std::move(s));
        }
    }
};

}  // namespace

struct ThreadPool::Impl {
    int limit = 1;  // threads, the caller included
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::shared_ptr<Job>> jobs;
    std::vector<std::thread> workers;
    bool stop = false;

    void worker() {
        std::unique_lock<std::mutex> lock(mutex);
        for (;;) {
            while (!jobs.empty() && jobs.front()->exhausted()) jobs.pop_front();
            if (stop) return;
            if (jobs.empty()) {
                wake.wait(lock);
                continue;
            }
            const std::shared_ptr<Job> job = jobs.front();
            {
                // Under the pool's lock the job is still listed, so its caller has not returned yet.
                std::lock_guard<std::mutex> job_lock(job->mutex);
                ++job->running;
            }
            lock.unlock();
            job->work();
            {
                std::lock_guard<std::mutex> job_lock(job->mutex);
                --job->running;
            }
            job->done.notify_all();
            lock.lock();
        }
    }
};

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
    if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
    impl_->limit = std::clamp(threads, 1, 256);
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard<std::mutex> lock(impl_->mutex);
        impl_->stop = true;
    }
    impl_->wake.notify_all();
    for (std::thread& t : impl_->workers) t.join();
}

int ThreadPool::threads() const { return impl_->limit; }

Status ThreadPool::parallel_for(int64_t count, const std::function<Status(int64_t)>& body) {
    if (count <= 0) return Status();
    const auto job = std::make_shared<Job>();
    job->count = count;
    job->body = &body;
    const int64_t helpers = std::min<int64_t>(impl_->limit - 1, count - 1);
    if (helpers > 0) {
        std::lock_guard<std::mutex> lock(impl_->mutex);
        while (static_cast<int64_t>(impl_->workers.size()) < helpers) {
            try {
                impl_->workers.emplace_back([impl = impl_.get()] { impl->worker(); });
            } catch (const std::exception&) {
                break;  // no more threads to be had: fewer will do
            }
        }
        impl_->jobs.push_back(job);
    }
    for (int64_t i = 0; i < helpers; ++i) impl_->wake.notify_one();
    job->work();
    if (helpers > 0) {
        // Unlist first, so that no worker joins after the wait below has ended.
        {
            std::lock_guard<std::mutex> lock(impl_->mutex);
            const auto it = std::find(impl_->jobs.begin(), impl_->jobs.end(), job);
            if (it != impl_->jobs.end()) impl_->jobs.erase(it);
        }
        std::unique_lock<std::mutex> lock(job->mutex);
        job->done.wait(lock, [&] { return job->running == 0; });
    }
    std::lock_guard<std::mutex> lock(job->mutex);
    return job->status;
}

}  // namespace nae
