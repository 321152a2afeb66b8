#include "codec/slab_heap.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <new>

#include "format/prefault.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nae {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
// Sizes of blocks are multiples of these, so that what is freed fits again; those of whole slabs are whole pages.
constexpr size_t kGrain = 1024, kWholeGrain = size_t{64} << 10;

size_t round_up(size_t n, size_t to) {
    if (n > SIZE_MAX - to) throw std::bad_alloc();
    return (n + to - 1) / to * to;
}

size_t block_size(size_t bytes) {
    return round_up(std::max(bytes, SlabHeap::kSmallest),
                    bytes > SlabHeap::kMostShared ? kWholeGrain : kGrain);
}

// Fresh memory that begins on a huge page.
#if defined(__linux__)
char* map(size_t bytes) {
    if (bytes > SIZE_MAX - kHugePage) throw std::bad_alloc();
    void* const got =
        mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    char* const from = static_cast<char*>(got);
    const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(got) % kHugePage) % kHugePage;
    if (before > 0) munmap(from, before);
    munmap(from + before + bytes, kHugePage - before);
    madvise(from + before, bytes, MADV_HUGEPAGE);  // advice only: where it is not taken, pages are small
    return from + before;
}
void unmap(char* at, size_t bytes) { munmap(at, bytes); }
#else
char* map(size_t bytes) { return static_cast<char*>(::operator new (bytes, std::align_val_t{kHugePage})); }
void unmap(char* at, size_t) { ::operator delete (at, std::align_val_t{kHugePage}); }
#endif

struct Hole {
    size_t offset, length;
    size_t end() const { return offset + length; }
};

}  // namespace

struct SlabHeap::Slab {
    Slab(size_t n, bool is_shared) : bytes(n), shared(is_shared) {
        // No two holes touch, so there is at most one more than there are blocks: giving back never needs memory.
        holes.reserve(n / kSmallest + 1);
        holes.push_back({0, n});
        base = map(n);
    }
    ~Slab() { unmap(base, bytes); }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    bool unused() const { return holes.size() == 1 && holes[0].length == bytes; }
    bool contains(const void* p) const {
        const auto at = reinterpret_cast<uintptr_t>(p), from = reinterpret_cast<uintptr_t>(base);
        return at >= from && at - from < bytes;
    }

    char* base = nullptr;
    size_t bytes;
    bool shared;
    std::vector<Hole> holes;  // by offset
    size_t touched = 0;       // what lies below has been asked for from the system
};

SlabHeap::SlabHeap() = default;
SlabHeap::~SlabHeap() = default;

void* SlabHeap::take(size_t bytes) {
    const size_t size = block_size(bytes);
    Block block;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        block = bytes > kMostShared ? take_whole(size) : take_shared(size);
    }
    prefault(block.at + block.touched, size - block.touched);
    return block.at;
}

// The first hole that is large enough: later slabs stay empty and can go back.
SlabHeap::Block SlabHeap::take_shared(size_t bytes) {
    for (const std::unique_ptr<Slab>& slab : slabs_) {
        if (!slab->shared) continue;
        const Block block = cut(*slab, bytes);
        if (block.at != nullptr) return block;
    }
    return cut(new_slab(kSlabBytes, true), bytes);
}

// The smallest unused slab that is large enough without being twice as large. What is beyond the block stays with it.
SlabHeap::Block SlabHeap::take_whole(size_t bytes) {
    Slab* best = nullptr;
    for (const std::unique_ptr<Slab>& slab : slabs_) {
        if (slab->shared || !slab->unused() || slab->bytes < bytes || slab->bytes / 2 > bytes) continue;
        if (best == nullptr || slab->bytes <= best->bytes) best = slab.get();
    }
    return cut(best != nullptr ? *best : new_slab(bytes, false), bytes);
}

SlabHeap::Block SlabHeap::cut(Slab& slab, size_t bytes) {
    const auto hole =
        std::find_if(slab.holes.begin(), slab.holes.end(), [&](const Hole& h) { return h.length >= bytes; });
    if (hole == slab.holes.end()) return {};
    if (slab.unused()) unused_ -= slab.bytes;
    const size_t offset = hole->offset;
    *hole = {offset + bytes, hole->length - bytes};
    if (hole->length == 0) slab.holes.erase(hole);
    const size_t touched = std::clamp(slab.touched, offset, offset + bytes) - offset;
    slab.touched = std::max(slab.touched, offset + bytes);
    return {slab.base + offset, touched};
}

SlabHeap::Slab& SlabHeap::new_slab(size_t bytes, bool shared) {
    slabs_.push_back(std::make_unique<Slab>(bytes, shared));
    unused_ += bytes;
    return *slabs_.back();
}

void SlabHeap::give_back(void* block, size_t bytes) noexcept {
    const size_t size = block_size(bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto owner = std::find_if(slabs_.begin(), slabs_.end(),
                                    [&](const std::unique_ptr<Slab>& s) { return s->contains(block); });
    std::vector<Hole>& holes = (*owner)->holes;
    const auto offset = static_cast<size_t>(static_cast<char*>(block) - (*owner)->base);
    const auto next =
        std::find_if(holes.begin(), holes.end(), [&](const Hole& h) { return h.offset > offset; });
    const bool joins_next = next != holes.end() && next->offset == offset + size,
               joins_last = next != holes.begin() && std::prev(next)->end() == offset;
    if (joins_last) {
        std::prev(next)->length += size + (joins_next ? next->length : 0);
        if (joins_next) holes.erase(next);
    } else if (joins_next) {
        *next = {offset, size + next->length};
    } else {
        holes.insert(next, {offset, size});
    }
    if (!(*owner)->unused()) return;
    unused_ += (*owner)->bytes;
    release_unused(kMostUnused);
}

// Those of single blocks first, then the oldest: every small read takes blocks of shared slabs, and few take one as large.
void SlabHeap::release_unused(size_t most) noexcept {
    for (const bool shared : {false, true})
        for (size_t i = 0; i < slabs_.size() && unused_ > most;) {
            if (!slabs_[i]->unused() || slabs_[i]->shared != shared) {
                ++i;
                continue;
            }
            unused_ -= slabs_[i]->bytes;
            slabs_.erase(slabs_.begin() + static_cast<ptrdiff_t>(i));
        }
}

void SlabHeap::trim(size_t unused_bytes) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    release_unused(unused_bytes);
}

size_t SlabHeap::slab_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t sum = 0;
    for (const std::unique_ptr<Slab>& slab : slabs_) sum += slab->bytes;
    return sum;
}

size_t SlabHeap::unused_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return unused_;
}

}  // namespace nae
