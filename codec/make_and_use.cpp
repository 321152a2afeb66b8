#include "codec/make_and_use.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "codec/guard.h"
#include "codec/patience.h"

namespace nae {
namespace {

class Line {
  public:
    Line(size_t made, const std::vector<std::vector<size_t>>& needs)
        : made_(made), left_(made + needs.size()), waiting_(made), ready_(needs.size()) {
        for (size_t j = 0; j < needs.size(); ++j) {
            missing_.push_back(needs[j].size());
            if (needs[j].empty()) set_ready(j);
            for (const size_t i : needs[j]) waiting_[i].push_back(j);
        }
    }

    // Until nothing is left to begin.
    void work(const std::function<Status(size_t)>& make, const std::function<Status(size_t)>& use) {
        Patience patience;
        for (;;) {
            Task task;
            switch (claim(task)) {
                case Found::nothing_left:
                    return;
                case Found::nothing_yet:
                    patience.wait();
                    break;
                case Found::task:
                    Status status = guarded([&] { return task.is_use ? use(task.index) : make(task.index); });
                    ended(task, std::move(status));
                    patience = Patience();
            }
        }
    }

    Status result() { return std::move(status_); }

  private:
    struct Task {
        bool is_use = false;
        size_t index = 0;
    };
    enum class Found { task, nothing_yet, nothing_left };

    Found claim(Task& task) {
        // Those who wait look without the lock, which the others need.
        if (left_ > 0 && may_begin_ == 0 && next_make_ >= made_) return Found::nothing_yet;
        const std::lock_guard<std::mutex> lock(mutex_);
        if (left_ == 0) return Found::nothing_left;
        if (next_make_ < made_) {
            task = Task{false, next_make_++};
        } else if (may_begin_ > 0) {
            const auto first = std::find(ready_.begin(), ready_.end(), true);
            *first = false;
            --may_begin_;
            task = Task{true, static_cast<size_t>(first - ready_.begin())};
        } else {
            return Found::nothing_yet;
        }
        --left_;
        return Found::task;
    }

    // Allocates nothing: were a use not to become ready, the other threads would wait for it.
    void ended(const Task& task, Status status) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!status.ok()) {
            if (status_.ok()) status_ = std::move(status);
            left_ = 0;
        } else if (!task.is_use) {
            for (const size_t j : waiting_[task.index])
                if (--missing_[j] == 0) set_ready(j);
        }
    }

    void set_ready(size_t use) {
        ready_[use] = true;
        ++may_begin_;
    }

    const size_t made_;
    std::mutex mutex_;          // guards what follows; the atomics may be read without it
    std::atomic<size_t> left_;  // tasks not begun; 0 after a failure
    std::atomic<size_t> next_make_{0};
    std::atomic<size_t> may_begin_{0};          // uses that are ready and not begun
    std::vector<std::vector<size_t>> waiting_;  // uses that need a make
    std::vector<size_t> missing_;               // makes that a use still needs
    std::vector<bool> ready_;                   // of each use: ready and not begun
    Status status_;
};

}  // namespace

Status make_and_use(ThreadTeam& team, size_t made, const std::vector<std::vector<size_t>>& needs,
                    const std::function<Status(size_t)>& make, const std::function<Status(size_t)>& use) {
    Line line(made, needs);
    NAE_RETURN_IF_ERROR(team.share(team.threads(), [&](int64_t) {
        line.work(make, use);
        return Status();
    }));
    return line.result();
}

}  // namespace nae
