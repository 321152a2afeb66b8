// The threads that all pools of a process share.
#include "codec/worker_crew.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "codec/thread_pool.h"
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace nae;

namespace {

// Waits until `done` or for ten seconds, which a busy machine may take.
template <class F>
bool in_time(F done) {
    for (int i = 0; i < 10000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return done();
}

// Of the calling thread, in the order in which threads first ask. (A std::thread::id may be that of one that has ended.)
int thread_number() {
    static std::atomic<int> threads{0};
    thread_local const int number = threads++;
    return number;
}

// The threads, but for the calling one, that meet in the bodies of a parallel_for() of `pool`.
std::set<int> helpers_of(ThreadPool& pool) {
    std::mutex mutex;
    std::set<int> seen;
    std::atomic<int> here{0};
    CHECK(pool.parallel_for(pool.threads(),
                            [&](int64_t) {
                                ++here;
                                in_time([&] { return here == pool.threads(); });
                                const std::lock_guard<std::mutex> lock(mutex);
                                seen.insert(thread_number());
                                return Status();
                            })
              .ok());
    seen.erase(thread_number());
    return seen;
}

}  // namespace

TEST_CASE("worker crew: help comes as often as it is asked for", "[threads]") {
    for (const int helpers : {0, 1, 3}) {
        std::atomic<int> calls{0};
        const std::function<void()> help = [&] { ++calls; };
        {
            const CrewHelp asked(help, helpers);
            CHECK(in_time([&] { return calls == helpers; }));
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        CHECK(calls == helpers);
    }
}

TEST_CASE("worker crew: pools of the same size have the same threads", "[threads]") {
    std::set<int> all;
    for (int i = 0; i < 20; ++i) {
        ThreadPool pool(3);
        const auto some = helpers_of(pool);
        CHECK(some.size() == 2);
        all.insert(some.begin(), some.end());
    }
    // Other tests of this program may have asked for more.
    CHECK(all.size() < 20);
}

TEST_CASE("worker crew: whoever began is waited for, and nobody else", "[threads]") {
    std::atomic<bool> begun{false}, ended{false};
    const std::function<void()> slow = [&] {
        begun = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ended = true;
    };
    {
        const CrewHelp asked(slow, 1);
        REQUIRE(in_time([&] { return begun.load(); }));
    }
    CHECK(ended);

    // All threads busy: who asks next goes on alone, and does not wait for them.
    std::atomic<bool> go_on{false};
    std::atomic<int> busy{0}, left{0};
    const std::function<void()> stay = [&] {
        ++busy;
        in_time([&] { return go_on.load(); });
        ++left;
    };
    const int many = 2 + static_cast<int>(std::thread::hardware_concurrency());
    {
        const CrewHelp asked(stay, many);
        REQUIRE(in_time([&] { return busy == many; }));
        {
            const std::function<void()> help = [] {};
            const CrewHelp more(help, 1);
        }
        CHECK(left == 0);  // nobody had to end first
        go_on = true;
    }
}

TEST_CASE("worker crew: threads that ask all at once", "[threads]") {
    std::vector<std::thread> callers;
    std::atomic<int64_t> sum{0};
    for (int t = 0; t < 6; ++t)
        callers.emplace_back([&] {
            for (int round = 0; round < 300; ++round) {
                ThreadPool pool(1 + round % 4);
                (void)pool.parallel_for(5, [&](int64_t i) {
                    return pool.parallel_for(i, [&](int64_t k) {
                        sum += k + 1;
                        return Status();
                    });
                });
            }
        });
    for (std::thread& caller : callers) caller.join();
    CHECK(sum == int64_t{6} * 300 * (1 + 3 + 6 + 10));
}

#ifndef _WIN32
// ThreadSanitizer does not follow a process with threads through a fork.
#if defined(__SANITIZE_THREAD__)
#define NAE_NO_FORK 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define NAE_NO_FORK 1
#endif
#endif
#ifndef NAE_NO_FORK
TEST_CASE("worker crew: a process that is forked off has threads of its own", "[threads]") {
    ThreadPool pool(2);
    CHECK(helpers_of(pool).size() == 1);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        std::atomic<int> here{0};
        const Status status = pool.parallel_for(2, [&](int64_t) {
            ++here;
            in_time([&] { return here == 2; });
            return Status();
        });
        _exit(status.ok() && here == 2 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(helpers_of(pool).size() == 1);
}
#endif
#endif
