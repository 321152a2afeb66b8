#include "codec/worker_crew.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#ifndef _WIN32
#include <pthread.h>
#endif

namespace nae {

class Crew {
  public:
    // The process's. Null only in a forked process without memory.
    static Crew* get();

    void list(CrewHelp& asked) {
        int called = 0;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            asked.before_ = last_;
            (last_ != nullptr ? last_->after_ : first_) = &asked;
            last_ = &asked;
            places_ += asked.places_;
            while (idle_ < places_ && workers_ < std::max(asked.places_, processors_ - 1) && start()) {
            }
            called = std::min(asked.places_, idle_);
        }
        for (int i = 0; i < called; ++i) wake_.notify_one();
    }

    void unlist(CrewHelp& asked) {
        std::unique_lock<std::mutex> lock(mutex_);
        places_ -= asked.places_;
        asked.places_ = 0;
        left_.wait(lock, [&] { return asked.helping_ == 0; });
        (asked.before_ != nullptr ? asked.before_->after_ : first_) = asked.after_;
        (asked.after_ != nullptr ? asked.after_->before_ : last_) = asked.before_;
    }

  private:
    // One thread more. Under the lock.
    bool start() {
        try {
            std::thread([this] { work(); }).detach();
        } catch (const std::exception&) {
            return false;  // no more threads to be had: fewer will do
        }
        ++workers_;
        ++idle_;  // from the start, so that nobody starts another in its place
        return true;
    }

    void work() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return places_ > 0; });
            CrewHelp* asked = first_;  // who asked first is helped first
            while (asked->places_ == 0) asked = asked->after_;
            --places_;
            --asked->places_;
            ++asked->helping_;
            --idle_;
            lock.unlock();
            asked->help_();
            lock.lock();
            ++idle_;
            if (--asked->helping_ == 0) left_.notify_all();
        }
    }

    const int processors_ = static_cast<int>(std::thread::hardware_concurrency());  // a call to the system
    std::mutex mutex_;  // guards all below, and of each CrewHelp what changes
    std::condition_variable wake_, left_;
    CrewHelp *first_ = nullptr, *last_ = nullptr;
    int places_ = 0;   // sum of those of all that is listed
    int workers_ = 0;  // threads there are
    int idle_ = 0;     // those of them that are in no help()
};

Crew* Crew::get() {
    // Never destroyed: its threads wait in it until the process is gone. For the same reason a shared library that holds this must
    // not be unloaded: ours are linked with "nodelete".
    static Crew* crew = nullptr;
    static std::once_flag made;
    std::call_once(made, [] {
        crew = new Crew;
#ifndef _WIN32
        // A forked process has none of the threads, and the lock as one of them may have held it.
        pthread_atfork(nullptr, nullptr, [] { crew = new (std::nothrow) Crew; });
#endif
    });
    return crew;
}

CrewHelp::CrewHelp(const std::function<void()>& help, int helpers) : help_(help), places_(helpers) {
    if (helpers == 0) return;
    crew_ = Crew::get();
    if (crew_ != nullptr) crew_->list(*this);
}

CrewHelp::~CrewHelp() {
    // In a process forked off meanwhile nobody has heard of it.
    if (crew_ != nullptr && crew_ == Crew::get()) crew_->unlist(*this);
}

}  // namespace nae
