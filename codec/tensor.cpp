#include "codec/tensor.h"

#include "codec/slab_heap.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

// AddressSanitizer is to see every tensor's own birth and death.
#if defined(__SANITIZE_ADDRESS__)
#define NAE_TENSOR_SLABS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NAE_TENSOR_SLABS 0
#endif
#endif
#ifndef NAE_TENSOR_SLABS
#define NAE_TENSOR_SLABS 1
#endif

namespace nae {
namespace {

constexpr size_t kCacheLine = 64;
static_assert(kCacheLine == SlabHeap::kAlignment, "blocks of slabs are as well aligned as others");
constexpr size_t kLargestInSlabs = size_t{32} << 20;
constexpr size_t kKeptBetweenPictures = size_t{32} << 20;
constexpr uintptr_t kHugePage = uintptr_t{2} << 20;

// In the cache line before the values.
struct Header {
    size_t bytes;  // of both
};
static_assert(sizeof(Header) <= kCacheLine, "one cache line");

void* new_block(size_t bytes) {
    void* const block = ::operator new (bytes, std::align_val_t{kCacheLine});
#if defined(__linux__)
    // The whole huge pages inside. Advice only: where it is not taken, pages are small.
    const auto begin = reinterpret_cast<uintptr_t>(block);
    const uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage,
                    end = (begin + bytes) / kHugePage * kHugePage;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
    return block;
}

bool in_slabs(size_t bytes) {
    return NAE_TENSOR_SLABS != 0 && bytes >= SlabHeap::kSmallest && bytes <= kLargestInSlabs;
}

SlabHeap& slabs() {
    // Never destroyed: tensors may outlive everything else.
    static SlabHeap* const heap = new SlabHeap();
    return *heap;
}

}  // namespace

void* allocate_values(size_t bytes) {
    if (bytes > SIZE_MAX - kCacheLine) throw std::bad_alloc();
    bytes += kCacheLine;
    void* const block = in_slabs(bytes) ? slabs().take(bytes) : new_block(bytes);
    ::new (block) Header{bytes};
    return static_cast<char*>(block) + kCacheLine;
}

void free_values(void* values) {
    if (values == nullptr) return;
    void* const block = static_cast<char*>(values) - kCacheLine;
    const size_t bytes = static_cast<Header*>(block)->bytes;
    if (in_slabs(bytes)) return slabs().give_back(block, bytes);
    ::operator delete (block, std::align_val_t{kCacheLine});
}

void trim_values() { slabs().trim(kKeptBetweenPictures); }

}  // namespace nae
