// Memory of tensors, which is kept for the next one: nobody may see that.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <thread>

#include "codec/tensor.h"

using namespace nae;

TEST_CASE("Tensors of all sizes lie on cache lines and do not share memory", "[engine]") {
    for (const size_t size : {size_t{1}, size_t{1000}, size_t{40000}, size_t{3} << 20, size_t{20} << 20}) {
        for (int round = 0; round < 3; ++round) {
            AlignedVector16 a(size), b(size / 2 + 1), c(size);
            for (const int16_t* p : {a.data(), b.data(), c.data()})
                CHECK(reinterpret_cast<uintptr_t>(p) % 64 == 0);
            std::fill(a.begin(), a.end(), int16_t{1});
            std::fill(b.begin(), b.end(), int16_t{2});
            std::fill(c.begin(), c.end(), int16_t{3});
            CHECK(std::count(a.begin(), a.end(), 1) == static_cast<ptrdiff_t>(a.size()));
            CHECK(std::count(b.begin(), b.end(), 2) == static_cast<ptrdiff_t>(b.size()));
        }
    }
}

TEST_CASE("Tensors come and go on several threads", "[engine]") {
    std::vector<std::thread> threads;
    std::vector<int> wrong(4);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([t, &wrong] {
            AlignedVector16 last;
            for (int i = 0; i < 200; ++i) {
                AlignedVector16 v(static_cast<size_t>(30000 + 977 * ((i * 7 + t) % 50)));
                std::fill(v.begin(), v.end(), static_cast<int16_t>(t * 1000 + i));
                if (i > 0)
                    wrong[static_cast<size_t>(t)] +=
                        last.front() != t * 1000 + i - 1 || last.back() != t * 1000 + i - 1;
                last = std::move(v);
            }
        });
    }
    for (std::thread& t : threads) t.join();
    CHECK(wrong == std::vector<int>(4));
}
