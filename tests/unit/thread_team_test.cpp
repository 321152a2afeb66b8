// Steps of a computation shared by a team of threads, and a network run by one.
#include "codec/thread_team.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "codec/cell_rows.h"
#include "codec/engine.h"
#include "test_graphs.h"

using namespace nae;
using namespace nae::test;

TEST_CASE("thread team: every body of every step runs once, and steps do not overlap", "[threads]") {
    for (const int threads : {1, 2, 3, 7}) {
        ThreadPool pool(threads);
        const Status status = ThreadTeam::run(pool, [&](ThreadTeam& team) {
            CHECK(team.threads() == threads);
            std::vector<int> calls(100);
            for (int step = 0; step < 2000; ++step) {
                // Without atomics: a body that ran twice at once, or beside another step, is ThreadSanitizer's to see.
                const int count = step % 101;
                NAE_RETURN_IF_ERROR(team.share(count, [&](int64_t i) {
                    ++calls[static_cast<size_t>(i)];
                    return Status();
                }));
            }
            for (int i = 0; i < 100; ++i) {
                int expected = 0;
                for (int step = 0; step < 2000; ++step) expected += i < step % 101;
                CHECK(calls[static_cast<size_t>(i)] == expected);
            }
            return Status();
        });
        CHECK(status.ok());
    }
}

TEST_CASE("thread team: other threads do take part", "[threads]") {
    if (std::thread::hardware_concurrency() < 2) return;
    ThreadPool pool(2);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    const Status status = ThreadTeam::run(pool, [&](ThreadTeam& team) {
        // Until both have been seen; a busy machine may let the second one wait.
        for (int step = 0; step < 10000 && seen.size() < 2; ++step)
            NAE_RETURN_IF_ERROR(team.share(2, [&](int64_t) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                const std::lock_guard<std::mutex> lock(mutex);
                seen.insert(std::this_thread::get_id());
                return Status();
            }));
        return Status();
    });
    CHECK(status.ok());
    CHECK(seen.size() == 2);
}

TEST_CASE("thread team: the failure with the lowest index is the step's, and the next step begins afresh",
          "[threads]") {
    for (const int threads : {1, 4}) {
        ThreadPool pool(threads);
        std::atomic<int> after{0};
        const Status status = ThreadTeam::run(pool, [&](ThreadTeam& team) {
            const Status failed = team.share(1000, [&](int64_t i) {
                if (i % 7 == 0) return Status(ErrorCode::corrupt, std::to_string(i));
                return Status();
            });
            // Every thread meets a multiple of 7 within its first seven bodies; thread 0 begins with one.
            CHECK(failed.code() == ErrorCode::corrupt);
            CHECK(std::stoi(failed.message()) % 7 == 0);
            return team.share(10, [&](int64_t) {
                ++after;
                return Status();
            });
        });
        CHECK(status.ok());
        CHECK(after == 10);
    }
}

TEST_CASE("thread team: exceptions become errors, of bodies and of the work itself", "[threads]") {
    ThreadPool pool(3);
    const Status of_body = ThreadTeam::run(pool, [](ThreadTeam& team) {
        return team.share(50, [](int64_t i) {
            if (i == 20) throw std::bad_alloc();
            return Status();
        });
    });
    CHECK(of_body.code() == ErrorCode::limit_exceeded);
    const Status of_work =
        ThreadTeam::run(pool, [](ThreadTeam&) -> Status { throw std::runtime_error("mishap"); });
    CHECK(of_work.code() == ErrorCode::internal);
    CHECK(of_work.message().find("mishap") != std::string::npos);
}

TEST_CASE("thread team: within a body of the pool, whose threads are all busy", "[threads]") {
    ThreadPool pool(2);
    std::atomic<int> done{0};
    const Status status = pool.parallel_for(8, [&](int64_t) {
        return ThreadTeam::run(pool, [&](ThreadTeam& team) {
            for (int step = 0; step < 20; ++step)
                NAE_RETURN_IF_ERROR(team.share(5, [&](int64_t) {
                    ++done;
                    return Status();
                }));
            return Status();
        });
    });
    CHECK(status.ok());
    CHECK(done == 8 * 20 * 5);
}

TEST_CASE("thread team: helpers do not burn the processor while the work waits for something else",
          "[threads]") {
    ThreadPool pool(4);
    constexpr double kSeconds = 0.5;
    const std::clock_t before = std::clock();
    const Status status = ThreadTeam::run(pool, [&](ThreadTeam& team) {
        NAE_RETURN_IF_ERROR(team.share(8, [](int64_t) { return Status(); }));
        std::this_thread::sleep_for(std::chrono::duration<double>(kSeconds));  // a slow disk, say
        return team.share(8, [](int64_t) { return Status(); });
    });
    CHECK(status.ok());
    // Of all threads together; three that kept watching would take three times as long as the wait.
    CHECK(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC < kSeconds / 2);
}

TEST_CASE("engine: rows shared by a team give the same values", "[engine][threads]") {
    // Large enough for every operator to be shared.
    Random rng(77);
    GraphBuilder b(64, -8191, 8191);
    int x = b.conv(b.input(), random_conv(rng, 64, 64, 3, 1, 8191, 0, 8191));
    x = b.add(b.conv(x, random_conv(rng, 64, 64, 3, 1, 8191)), b.input(), -8191, 8191);
    x = b.leaky_relu(b.gain(x, std::vector<int32_t>(64, 50000), -8191, 8191), 30);
    x = b.concat({b.slice(x, 32, 32), b.slice(b.relu(x), 0, 32)});
    x = b.space_to_depth(x, 2);
    x = b.conv(x, random_conv(rng, 256, 192, 1, 1, 8191));
    x = b.depth_to_space(x, 8);
    const Result<PackedGraph> packed = PackedGraph::create(b.take());
    REQUIRE(packed.status().message() == "");
    const Extents in{69, 90}, out = packed.value().output_extents(in);
    const Tensor16 input = random_tensor(rng, 69, 90, 64, -8191, 8191);
    for (const Rect& window : {whole(out), Rect{5, 3, 300, 261}}) {
        Tensor16 alone;
        REQUIRE(Engine::run(packed.value(), in, input, whole(in), window, alone).ok());
        for (const int threads : {2, 5}) {
            ThreadPool pool(threads);
            Tensor16 shared;
            REQUIRE(ThreadTeam::run(pool, [&](ThreadTeam& team) {
                        return Engine::run(packed.value(), in, input, whole(in), window, shared,
                                           EngineLevel::automatic, Limits(), &team);
                    }).ok());
            CHECK(equal(shared, alone));
        }
    }
}

TEST_CASE("engine: cells and their rows are what the last depth_to_space would make", "[engine]") {
    Random rng(78);
    for (const int block : {2, 3, 8}) {
        GraphBuilder b(5, -8191, 8191);
        b.depth_to_space(b.conv(b.input(), random_conv(rng, 5, 3 * block * block, 3, 1, 8191)), block);
        const Result<PackedGraph> packed = PackedGraph::create(b.take());
        REQUIRE(packed.ok());
        CHECK(packed.value().last_block() == block);
        const Extents in{6, 7}, out = packed.value().output_extents(in);
        const Tensor16 input = random_tensor(rng, 6, 7, 5, -8191, 8191);
        for (int round = 0; round < 40; ++round) {
            const int x = pick(rng, 0, static_cast<int>(out.w) - 1),
                      y = pick(rng, 0, static_cast<int>(out.h) - 1);
            const Rect window{x, y, pick(rng, 1, static_cast<int>(out.w) - x),
                              pick(rng, 1, static_cast<int>(out.h) - y)};
            INFO("block " << block << ", " << window.w << " x " << window.h << " at " << x << ", " << y);
            Tensor16 pixels, values;
            REQUIRE(Engine::run(packed.value(), in, input, whole(in), window, pixels).ok());
            REQUIRE(Engine::run_to_cells(packed.value(), in, input, whole(in), window, values).ok());
            const CellRows cells(values, cells_of(window, block), block);
            std::vector<int16_t> buffer(static_cast<size_t>(window.w) * 3);
            for (int64_t row = 0; row < window.h; ++row) {
                const int16_t* made = cells.row(y + row, x, window.w, buffer.data());
                REQUIRE(std::equal(buffer.begin(), buffer.end(), pixels.pixel(static_cast<int>(row), 0)));
                REQUIRE(made == buffer.data());
            }
            // The same, told of row by row, by one thread and by several.
            for (const int threads : {1, 3}) {
                ThreadPool pool(threads);
                Tensor16 again;
                std::vector<int> told(static_cast<size_t>(cells_of(window, block).h));
                const Status status = ThreadTeam::run(pool, [&](ThreadTeam& team) {
                    return Engine::run_to_cells(packed.value(), in, input, whole(in), window, again,
                                                EngineLevel::automatic, Limits(), &team,
                                                [&](const Rect& part) {
                                                    for (int64_t row = part.y; row < part.bottom(); ++row)
                                                        ++told[static_cast<size_t>(row - window.y / block)];
                                                    return Status();
                                                });
                });
                REQUIRE(status.ok());
                REQUIRE(equal(again, values));
                REQUIRE(std::all_of(told.begin(), told.end(), [](int times) { return times == 1; }));
            }
        }
    }
    GraphBuilder b(3, -8191, 8191);
    b.relu(b.input());
    const Result<PackedGraph> flat = PackedGraph::create(b.take());
    REQUIRE(flat.ok());
    Tensor16 values;
    const Rect all{0, 0, 2, 2};
    CHECK(flat.value().last_block() == 1);
    CHECK_FALSE(Engine::run_to_cells(flat.value(), {2, 2}, Tensor16(2, 2, 3), all, all, values).ok());
    GraphBuilder deep(12, -8191, 8191);
    deep.depth_to_space(deep.relu(deep.input()), 2);
    const Result<PackedGraph> refused = PackedGraph::create(deep.take());
    REQUIRE(refused.ok());
    CHECK(Engine::run_to_cells(refused.value(), {2, 2}, Tensor16(2, 2, 12), all, Rect{0, 0, 4, 4}, values,
                               EngineLevel::automatic, Limits(), nullptr,
                               [](const Rect&) { return Status(ErrorCode::io, "full"); })
              .code() == ErrorCode::io);
    // In place where there are no cells.
    const Tensor16 plain = random_tensor(rng, 3, 4, 3, -5, 5);
    CHECK(CellRows(plain, Rect{10, 20, 4, 3}, 1).row(21, 12, 2, nullptr) == plain.pixel(1, 2));
}
