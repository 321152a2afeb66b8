// Long work in the background: progress, time left, cancelling. Results come back on the caller's thread.
#ifndef NAE_VIEWER_CORE_JOBS_H_
#define NAE_VIEWER_CORE_JOBS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace nae {

// One piece of work. Every function may be called from any thread.
class Job {
  public:
    explicit Job(std::string name) : name_(std::move(name)) {}

    const std::string& name() const { return name_; }
    void cancel() { cancelled_ = true; }
    bool cancelled() const { return cancelled_; }
    // 0 to 1, set by the work itself. Returns whether to go on, which is what encoders' callbacks want.
    bool progress(double fraction) {
        fraction_ = fraction;
        return !cancelled_;
    }
    double fraction() const { return fraction_; }
    // Flag for functions that poll one.
    const std::atomic<bool>& cancel_flag() const { return cancelled_; }
    // Seconds until done at the pace so far; none before 5 % or half a second.
    std::optional<double> seconds_left() const;

  private:
    friend class JobQueue;
    const std::string name_;
    std::atomic<bool> cancelled_{false};
    std::atomic<double> fraction_{0};
    std::atomic<double> started_{-1};  // seconds of the steady clock
};

using JobPtr = std::shared_ptr<Job>;

// A few threads and a queue. Work must not throw.
class JobQueue {
  public:
    // `wake` is called from working threads whenever deliver() has something to do; it may be empty.
    explicit JobQueue(int threads, std::function<void()> wake = {});
    // Cancels everything and waits for what is running.
    ~JobQueue();
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    // `work` runs on a thread of the queue and returns what deliver() is to call on the caller's thread (or
    // an empty function). A cancelled job's result is dropped.
    using Work = std::function<std::function<void()>(Job&)>;
    JobPtr start(std::string name, Work work);

    // Calls the results that are there, in the order they came; call it from one thread. How many there were.
    int deliver();
    // Running and waiting jobs that were not cancelled, oldest first.
    std::vector<JobPtr> active() const;
    // Nothing runs, waits or is to be delivered.
    bool idle() const;
    void cancel_all();

  private:
    struct Entry {
        JobPtr job;
        Work work;
    };
    void run();

    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Entry> waiting_;
    std::vector<JobPtr> running_;
    std::deque<std::pair<JobPtr, std::function<void()>>> done_;
    std::function<void()> wake_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

// "3 s", "2 min 10 s", "1 h 5 min": for people.
std::string duration_text(double seconds);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_JOBS_H_
