// Memory that is cut from slabs: blocks never overlap, holes join again, and what nobody uses goes back.
#include "codec/slab_heap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <utility>
#include <vector>

using namespace nae;

namespace {

constexpr size_t kKiB = 1024, kMiB = 1024 * kKiB;

}  // namespace

TEST_CASE("slabs: random blocks keep their contents and leave nothing behind", "[slabs]") {
    struct Block {
        char* at;
        size_t bytes;
        char mark;
    };
    SlabHeap heap;
    std::vector<Block> blocks;
    std::mt19937 random(7);
    size_t wrong = 0;
    const auto give_back = [&](size_t i) {
        const Block b = blocks[i];
        wrong += static_cast<size_t>(std::count(b.at, b.at + b.bytes, b.mark)) != b.bytes;
        heap.give_back(b.at, b.bytes);
        blocks.erase(blocks.begin() + static_cast<ptrdiff_t>(i));
    };
    for (int i = 0; i < 600; ++i) {
        if (blocks.size() > 12 || (!blocks.empty() && random() % 3 == 0)) {
            give_back(random() % blocks.size());
            continue;
        }
        // Of all sizes from one byte to more than a slab.
        const size_t bytes = 1 + random() % (random() % 8 == 0 ? 10 * kMiB : 700 * kKiB);
        Block b{static_cast<char*>(heap.take(bytes)), bytes, static_cast<char>(i)};
        wrong += reinterpret_cast<uintptr_t>(b.at) % SlabHeap::kAlignment != 0;
        std::memset(b.at, b.mark, bytes);
        blocks.push_back(b);
    }
    while (!blocks.empty()) give_back(blocks.size() - 1);
    CHECK(wrong == 0);
    CHECK(heap.unused_bytes() == heap.slab_bytes());
    CHECK(heap.slab_bytes() <= SlabHeap::kMostUnused);
}

TEST_CASE("slabs: holes join with both neighbours", "[slabs]") {
    SlabHeap heap;
    const size_t quarter = SlabHeap::kSlabBytes / 4;
    void* const a = heap.take(quarter);
    void* const b = heap.take(quarter);
    void* const c = heap.take(quarter);
    void* const d = heap.take(quarter);
    REQUIRE(heap.slab_bytes() == SlabHeap::kSlabBytes);
    CHECK(heap.unused_bytes() == 0);
    heap.give_back(b, quarter);
    heap.give_back(d, quarter);
    heap.give_back(c, quarter);  // between two holes
    heap.give_back(a, quarter);  // before one
    // One hole again: halves fit where quarters were.
    void* const first = heap.take(2 * quarter);
    void* const second = heap.take(2 * quarter);
    CHECK(first == a);
    CHECK(second == c);
    CHECK(heap.slab_bytes() == SlabHeap::kSlabBytes);
    heap.give_back(first, 2 * quarter);
    heap.give_back(second, 2 * quarter);
}

TEST_CASE("slabs: a large block has one of its own, kept for the next of about its size", "[slabs]") {
    SlabHeap heap;
    void* const large = heap.take(10 * kMiB);
    heap.give_back(large, 10 * kMiB);
    void* const small = heap.take(1 * kMiB);  // does not settle there
    CHECK(heap.slab_bytes() == 10 * kMiB + SlabHeap::kSlabBytes);
    void* const again = heap.take(9 * kMiB);
    CHECK(again == large);
    void* const half = heap.take(4 * kMiB + 1);
    CHECK(heap.slab_bytes() > 14 * kMiB + SlabHeap::kSlabBytes);
    heap.give_back(again, 9 * kMiB);
    heap.give_back(half, 4 * kMiB + 1);
    void* const less = heap.take(4 * kMiB + 70000);  // the large one would be more than twice as large
    CHECK(less != large);
    heap.give_back(less, 4 * kMiB + 70000);
    heap.give_back(small, 1 * kMiB);
    CHECK(heap.unused_bytes() == heap.slab_bytes());
}

TEST_CASE("slabs: the first hole that is large enough is used again", "[slabs]") {
    SlabHeap heap;
    void* const a = heap.take(2 * kMiB);
    void* const b = heap.take(2 * kMiB);
    heap.give_back(a, 2 * kMiB);
    void* const larger = heap.take(3 * kMiB);  // does not fit there
    CHECK(larger > b);
    void* const smaller = heap.take(1 * kMiB);
    CHECK(smaller == a);
    for (const auto& [block, size] : {std::pair{b, 2 * kMiB}, {larger, 3 * kMiB}, {smaller, 1 * kMiB}})
        heap.give_back(block, size);
}

TEST_CASE("slabs: unused ones go back to the system above a limit", "[slabs]") {
    SlabHeap heap;
    std::vector<void*> blocks;
    const size_t size = 30 * kMiB, kept = SlabHeap::kMostUnused / size;
    for (size_t i = 0; i < kept + 2; ++i) blocks.push_back(heap.take(size));
    CHECK(heap.slab_bytes() == (kept + 2) * size);
    for (void* block : blocks) heap.give_back(block, size);
    CHECK(heap.slab_bytes() == kept * size);  // one more of them would be more than the limit
    CHECK(heap.unused_bytes() == kept * size);
    heap.trim(2 * size);
    CHECK(heap.slab_bytes() == 2 * size);
    heap.trim(0);
    CHECK(heap.slab_bytes() == 0);
}

TEST_CASE("slabs: those of large blocks go back before shared ones", "[slabs]") {
    SlabHeap heap;
    void* const small = heap.take(1 * kMiB);
    void* const large = heap.take(30 * kMiB);
    heap.give_back(small, 1 * kMiB);
    heap.give_back(large, 30 * kMiB);
    REQUIRE(heap.slab_bytes() == SlabHeap::kSlabBytes + 30 * kMiB);
    heap.trim(30 * kMiB);
    CHECK(heap.slab_bytes() == SlabHeap::kSlabBytes);
    void* const again = heap.take(1 * kMiB);
    CHECK(again == small);
    heap.give_back(again, 1 * kMiB);
}

TEST_CASE("slabs: sizes beyond the address space are refused", "[slabs]") {
    SlabHeap heap;
    CHECK_THROWS_AS(heap.take(SIZE_MAX), std::bad_alloc);
    CHECK_THROWS_AS(heap.take(SIZE_MAX - 100), std::bad_alloc);
    CHECK(heap.slab_bytes() == 0);
}
