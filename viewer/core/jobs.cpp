#include "viewer/core/jobs.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace nae {
namespace {

double now_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::optional<double> Job::seconds_left() const {
    const double started = started_;
    const double fraction = fraction_;
    const double spent = now_seconds() - started;
    if (started < 0 || fraction < 0.05 || spent < 0.5) return std::nullopt;
    return spent * (1 - fraction) / fraction;
}

JobQueue::JobQueue(int threads, std::function<void()> wake) : wake_(std::move(wake)) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

JobQueue::~JobQueue() {
    cancel_all();
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ending_ = true;
    }
    ready_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

JobPtr JobQueue::start(std::string name, Work work) {
    auto job = std::make_shared<Job>(std::move(name));
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        waiting_.push_back({job, std::move(work)});
    }
    ready_.notify_one();
    return job;
}

void JobQueue::run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        ready_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (ending_) return;
        Entry entry = std::move(waiting_.front());
        waiting_.pop_front();
        running_.push_back(entry.job);
        lock.unlock();
        std::function<void()> result;
        if (!entry.job->cancelled()) {
            entry.job->started_ = now_seconds();
            result = entry.work(*entry.job);
        }
        entry.work = nullptr;  // what it captured goes here, not under the lock
        lock.lock();
        running_.erase(std::find(running_.begin(), running_.end(), entry.job));
        done_.emplace_back(std::move(entry.job), std::move(result));
        lock.unlock();
        if (wake_) wake_();
        lock.lock();
    }
}

int JobQueue::deliver() {
    std::deque<std::pair<JobPtr, std::function<void()>>> results;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        results.swap(done_);
    }
    for (auto& [job, result] : results)
        if (result && !job->cancelled()) result();
    return static_cast<int>(results.size());
}

std::vector<JobPtr> JobQueue::active() const {
    std::vector<JobPtr> jobs;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const JobPtr& job : running_)
        if (!job->cancelled()) jobs.push_back(job);
    for (const Entry& entry : waiting_)
        if (!entry.job->cancelled()) jobs.push_back(entry.job);
    return jobs;
}

bool JobQueue::idle() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return waiting_.empty() && running_.empty() && done_.empty();
}

void JobQueue::cancel_all() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const JobPtr& job : running_) job->cancel();
    for (const Entry& entry : waiting_) entry.job->cancel();
}

std::string duration_text(double seconds) {
    const auto whole = static_cast<long>(std::ceil(std::max(seconds, 0.0)));
    char text[64];
    if (whole < 60)
        std::snprintf(text, sizeof(text), "%ld s", whole);
    else if (whole < 3600)
        std::snprintf(text, sizeof(text), "%ld min %ld s", whole / 60, whole % 60);
    else
        std::snprintf(text, sizeof(text), "%ld h %ld min", whole / 3600, whole / 60 % 60);
    return text;
}

}  // namespace nae
