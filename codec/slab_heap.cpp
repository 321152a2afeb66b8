#include "codec/slab_heap.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "format/prefault.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nae {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
// Sizes of blocks are multiples of this, so that what is freed fits again.
constexpr size_t kGrain = 1024;

struct Hole {
    size_t offset, length;
    size_t end() const { return offset + length; }
};

size_t round_up(size_t n, size_t to) {
    if (n > SIZE_MAX - to) throw std::bad_alloc();
    return (n + to - 1) / to * to;
}

size_t block_size(size_t bytes) { return round_up(std::max(bytes, SlabHeap::kSmallest), kGrain); }

}  // namespace

struct SlabHeap::Slab {
    explicit Slab(size_t n) : bytes(n) {
        // No two holes touch, so there is at most one more than there are blocks: giving back never needs memory.
        holes.reserve(n / kSmallest + 1);
        holes.push_back({0, n});
        base = static_cast<char*>(::operator new(n, std::align_val_t{kHugePage}));
#if defined(__linux__)
        madvise(base, n, MADV_HUGEPAGE);  // advice only: where it is not taken, pages are small
#endif
    }
    ~Slab() { ::operator delete(base, std::align_val_t{kHugePage}); }
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    bool unused() const { return holes.size() == 1 && holes[0].length == bytes; }
    bool contains(const void* p) const {
        const auto at = reinterpret_cast<uintptr_t>(p), from = reinterpret_cast<uintptr_t>(base);
        return at >= from && at - from < bytes;
    }

    char* base = nullptr;
    size_t bytes;
    std::vector<Hole> holes;  // by offset
    size_t touched = 0;       // what lies below has been asked for from the system
};

SlabHeap::SlabHeap() = default;
SlabHeap::~SlabHeap() = default;

void* SlabHeap::take(size_t bytes) {
    const size_t size = block_size(bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    // The first hole that is large enough: later slabs stay empty and can go back.
    for (const std::unique_ptr<Slab>& slab : slabs_) {
        if (void* const block = take_from(*slab, size)) return block;
    }
    return take_from(new_slab(std::max(kSlabBytes, round_up(size, kHugePage))), size);
}

void* SlabHeap::take_from(Slab& slab, size_t bytes) {
    const auto hole = std::find_if(slab.holes.begin(), slab.holes.end(),
                                   [&](const Hole& h) { return h.length >= bytes; });
    if (hole == slab.holes.end()) return nullptr;
    const size_t offset = hole->offset;
    *hole = {offset + bytes, hole->length - bytes};
    if (hole->length == 0) slab.holes.erase(hole);
    free_ -= bytes;
    if (offset + bytes > slab.touched) {
        const size_t from = std::max(offset, slab.touched);
        prefault(slab.base + from, offset + bytes - from);
        slab.touched = offset + bytes;
    }
    return slab.base + offset;
}

SlabHeap::Slab& SlabHeap::new_slab(size_t bytes) {
    slabs_.push_back(std::make_unique<Slab>(bytes));
    free_ += bytes;
    return *slabs_.back();
}

void SlabHeap::give_back(void* block, size_t bytes) noexcept {
    const size_t size = block_size(bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto owner = std::find_if(slabs_.begin(), slabs_.end(),
                                    [&](const std::unique_ptr<Slab>& s) { return s->contains(block); });
    std::vector<Hole>& holes = (*owner)->holes;
    const auto offset = static_cast<size_t>(static_cast<char*>(block) - (*owner)->base);
    const auto next = std::find_if(holes.begin(), holes.end(), [&](const Hole& h) { return h.offset > offset; });
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
    free_ += size;
    if (free_ > kMostFree) release_free_slabs();
}

void SlabHeap::release_free_slabs() {
    for (size_t i = slabs_.size(); i-- > 0 && free_ > kMostFree;) {
        if (!slabs_[i]->unused()) continue;
        free_ -= slabs_[i]->bytes;
        slabs_.erase(slabs_.begin() + static_cast<ptrdiff_t>(i));
    }
}

size_t SlabHeap::slab_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t sum = 0;
    for (const std::unique_ptr<Slab>& slab : slabs_) sum += slab->bytes;
    return sum;
}

size_t SlabHeap::free_bytes() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return free_;
}

}  // namespace nae
