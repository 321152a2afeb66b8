// Things that threads make, and others that they make of them.
#include "codec/make_and_use.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace nae;

namespace {

// Of a team of so many threads.
Status run(int threads, size_t made, const std::vector<std::vector<size_t>>& needs,
           const std::function<Status(size_t)>& make, const std::function<Status(size_t)>& use) {
    ThreadPool pool(threads);
    return ThreadTeam::run(pool,
                           [&](ThreadTeam& team) { return make_and_use(team, made, needs, make, use); });
}

}  // namespace

TEST_CASE("make and use: everything once, and nothing before what it needs", "[threads]") {
    std::mt19937 rng(5);
    for (const int threads : {1, 2, 3, 7}) {
        for (int round = 0; round < 200; ++round) {
            const size_t made = rng() % 20, used = rng() % 20;
            std::vector<std::vector<size_t>> needs(used);
            for (auto& of_one : needs)
                for (size_t i = 0; i < made; ++i)
                    if (rng() % 3 == 0) of_one.push_back(i);
            // Without atomics: what a use reads while it is made, or two threads do at once, is ThreadSanitizer's to see.
            std::vector<int> things(made, 0), uses(used, 0);
            const Status status = run(
                threads, made, needs,
                [&](size_t i) {
                    if (i % 4 == 1) std::this_thread::yield();
                    ++things[i];
                    return Status();
                },
                [&](size_t j) {
                    for (const size_t i : needs[j])
                        if (things[i] != 1) return Status(ErrorCode::internal, "not made yet");
                    ++uses[j];
                    return Status();
                });
            CAPTURE(threads, round);
            CHECK(status.ok());
            CHECK(things == std::vector<int>(made, 1));
            CHECK(uses == std::vector<int>(used, 1));
        }
    }
}

TEST_CASE("make and use: what can be begun does not wait for what cannot", "[threads]") {
    if (std::thread::hardware_concurrency() < 2) return;
    // The first use needs a make that takes until another use has run.
    for (int round = 0; round < 20; ++round) {
        std::atomic<bool> used{false};
        std::atomic<bool> alone{false};
        const Status status = run(
            2, 2, {{0}, {1}},
            [&](size_t i) {
                const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
                while (i == 0 && !used) {
                    if (std::chrono::steady_clock::now() > end) {
                        alone = true;  // no second thread was free
                        break;
                    }
                    std::this_thread::yield();
                }
                return Status();
            },
            [&](size_t j) {
                if (j == 1) used = true;
                return Status();
            });
        CHECK(status.ok());
        CHECK(used);
        if (!alone) return;
    }
    FAIL("the second use never ran beside the first make");
}

TEST_CASE("make and use: after a failure nothing is begun, and nobody waits", "[threads]") {
    for (const int threads : {1, 2, 4}) {
        for (const bool thrown : {false, true}) {
            std::atomic<int> later{0};
            const auto fail = [&](size_t i) {
                if (i == 2) {
                    if (thrown) throw std::runtime_error("of make 2");
                    return Status(ErrorCode::corrupt, "of make 2");
                }
                return Status();
            };
            const Status status = run(threads, 3, {{0, 1, 2}, {2}, {2}}, fail, [&](size_t) {
                ++later;
                return Status();
            });
            CHECK(status.code() == (thrown ? ErrorCode::internal : ErrorCode::corrupt));
            CHECK(status.message().find("of make 2") != std::string::npos);
            CHECK(later == 0);

            const Status of_use = run(
                threads, 1, {{0}, {0}}, [](size_t) { return Status(); },
                [](size_t) { return Status(ErrorCode::truncated, "of a use"); });
            CHECK(of_use.code() == ErrorCode::truncated);
        }
    }
}
