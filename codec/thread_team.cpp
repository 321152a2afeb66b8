#include "codec/thread_team.h"

#include <algorithm>
#include <utility>

#include "codec/guard.h"
#include "codec/patience.h"

namespace nae {
namespace {

// Indices of a step: threads that look too late count on beyond the end of a stretch, which must not reach its upper half.
constexpr int64_t kMaxCount = int64_t{1} << 30;

uint32_t end_of(uint64_t stretch) { return static_cast<uint32_t>(stretch >> 32); }
uint32_t next_of(uint64_t stretch) { return static_cast<uint32_t>(stretch); }

}  // namespace

Status ThreadTeam::run(ThreadPool& pool, const std::function<Status(ThreadTeam&)>& work) {
    ThreadTeam team(pool.threads());
    if (team.threads_ == 1) return guarded([&] { return work(team); });
    Status result;
    // Whoever comes first leads; those that come after the end find it over.
    const Status status = pool.parallel_for(team.threads_, [&](int64_t i) {
        if (i == 0) {
            result = guarded([&] { return work(team); });
            team.over_ = true;
        } else {
            team.help(static_cast<int>(i));
        }
        return Status();
    });
    return status.ok() ? result : status;
}

void ThreadTeam::run_body(int64_t index) {
    if (!failed_) {
        Status s = guarded([&] { return (*body_)(index); });
        if (!s.ok()) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (status_.ok() || index < failed_index_) {
                status_ = std::move(s);
                failed_index_ = index;
            }
            failed_ = true;
        }
    }
    --unfinished_;
}

void ThreadTeam::take_part(int member) {
    for (int k = 0; k < threads_; ++k) {
        std::atomic<uint64_t>& left = stretches_[static_cast<size_t>((member + k) % threads_)].left;
        // Looked at first, so that the index does not run on while there is nothing to claim.
        for (uint64_t seen = left; next_of(seen) < end_of(seen); seen = left) {
            const uint64_t claim =
                left.fetch_add(1);  // maybe of a later step, whose body is then the one that runs
            if (next_of(claim) >= end_of(claim)) break;
            run_body(first_ + next_of(claim));
        }
    }
}

void ThreadTeam::help(int member) {
    Patience patience;
    uint64_t seen = 0;
    while (!over_) {
        const uint64_t step = step_;
        if (step != seen) {
            seen = step;
            take_part(member);
            patience = Patience();
        } else {
            patience.wait();
        }
    }
}

Status ThreadTeam::share(int64_t count, const std::function<Status(int64_t)>& body) {
    if (threads_ == 1 || count == 1) {
        for (int64_t i = 0; i < count; ++i) NAE_RETURN_IF_ERROR(body(i));
        return Status();
    }
    failed_ = false;
    status_ = Status();
    for (int64_t first = 0; first < count && !failed_; first += kMaxCount) {
        const int64_t n = std::min(kMaxCount, count - first);
        body_ = &body;
        first_ = first;
        unfinished_ = n;
        for (int64_t t = 0; t < threads_; ++t) {
            const auto begin = static_cast<uint64_t>(n * t / threads_),
                       end = static_cast<uint64_t>(n * (t + 1) / threads_);
            stretches_[static_cast<size_t>(t)].left = end << 32 | begin;
        }
        ++step_;
        take_part(0);
        for (Patience patience; unfinished_ > 0;) patience.wait();
    }
    return std::move(status_);
}

}  // namespace nae
