#include "codec/tensor.h"

#include <algorithm>
#include <mutex>

#include "format/prefault.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

// AddressSanitizer is to see every tensor's own birth and death.
#if defined(__SANITIZE_ADDRESS__)
#define NAE_KEEP_BLOCKS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NAE_KEEP_BLOCKS 0
#endif
#endif
#ifndef NAE_KEEP_BLOCKS
#define NAE_KEEP_BLOCKS 1
#endif

namespace nae {
namespace {

constexpr size_t kCacheLine = 64;
constexpr uintptr_t kHugePage = uintptr_t{2} << 20;
constexpr size_t kSmallestKept = size_t{64} << 10;
constexpr size_t kMostKept = size_t{32} << 20;

// In the cache line before the values.
struct Header {
    size_t bytes;  // of the values
};
static_assert(sizeof(Header) <= kCacheLine, "one cache line");

Header* header_of(void* values) {
    return static_cast<Header*>(static_cast<void*>(static_cast<char*>(values) - kCacheLine));
}

void* new_block(size_t bytes) {
    if (bytes > SIZE_MAX - kCacheLine) throw std::bad_alloc();
    char* const start = static_cast<char*>(::operator new (bytes + kCacheLine, std::align_val_t{kCacheLine}));
    char* const values = start + kCacheLine;
    ::new (static_cast<void*>(start)) Header{bytes};
#if defined(__linux__)
    // The whole huge pages inside. Asking the allocator for blocks that begin on one would cost memory: what it leaves free
    // between them doubled that of a large decode. Advice only: where it is not taken, pages are small.
    const auto begin = reinterpret_cast<uintptr_t>(values);
    const uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage,
                    end = (begin + bytes) / kHugePage * kHugePage;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
    if (bytes <= kMostKept) prefault(values, bytes);
    return values;
}

void delete_block(void* values) { ::operator delete (header_of(values), std::align_val_t{kCacheLine}); }

// Freed blocks, the one freed last at the end.
class KeptBlocks {
  public:
    // The smallest block that is large enough without being twice as large; null if there is none.
    void* take(size_t bytes) {
        const std::lock_guard<std::mutex> lock(mutex_);
        auto best = blocks_.end();
        for (auto i = blocks_.begin(); i != blocks_.end(); ++i) {
            const size_t size = header_of(*i)->bytes;
            if (size >= bytes && size / 2 <= bytes &&
                (best == blocks_.end() || size <= header_of(*best)->bytes))
                best = i;
        }
        if (best == blocks_.end()) return nullptr;
        void* const values = *best;
        held_ -= header_of(values)->bytes;
        blocks_.erase(best);
        return values;
    }

    // The oldest ones go where there is no room.
    void keep(void* values) {
        const std::lock_guard<std::mutex> lock(mutex_);
        blocks_.push_back(values);
        held_ += header_of(values)->bytes;
        auto end_of_old = blocks_.begin();
        for (; held_ > kMostKept; ++end_of_old) {
            held_ -= header_of(*end_of_old)->bytes;
            delete_block(*end_of_old);
        }
        blocks_.erase(blocks_.begin(), end_of_old);
    }

    static KeptBlocks& shared() {
        // Never destroyed: tensors may outlive everything else.
        static KeptBlocks* const blocks = new KeptBlocks();
        return *blocks;
    }

  private:
    // So that freeing never needs memory.
    KeptBlocks() { blocks_.reserve(kMostKept / kSmallestKept + 1); }

    std::mutex mutex_;
    std::vector<void*> blocks_;
    size_t held_ = 0;
};

}  // namespace

void* allocate_values(size_t bytes) {
    if (NAE_KEEP_BLOCKS == 0 || bytes < kSmallestKept || bytes > kMostKept) return new_block(bytes);
    if (void* const kept = KeptBlocks::shared().take(bytes)) return kept;
    return new_block(bytes);
}

void free_values(void* values) {
    if (values == nullptr) return;
    const size_t bytes = header_of(values)->bytes;
    if (NAE_KEEP_BLOCKS == 0 || bytes < kSmallestKept || bytes > kMostKept) return delete_block(values);
    KeptBlocks::shared().keep(values);
}

}  // namespace nae
