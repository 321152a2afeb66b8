#include "codec/tensor.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nae {
namespace {

constexpr std::align_val_t kCacheLine{64};
constexpr uintptr_t kHugePage = uintptr_t{2} << 20;

}  // namespace

void* allocate_values(size_t bytes) {
    void* values = ::operator new(bytes, kCacheLine);
#if defined(__linux__)
    // The whole huge pages inside. Asking the allocator for blocks that begin on one would cost memory: what it leaves free
    // between them doubled that of a large decode. Advice only: where it is not taken, pages are small.
    const auto begin = reinterpret_cast<uintptr_t>(values);
    const uintptr_t first = (begin + kHugePage - 1) / kHugePage * kHugePage,
                    end = (begin + bytes) / kHugePage * kHugePage;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
    return values;
}

void free_values(void* values) { ::operator delete(values, kCacheLine); }

}  // namespace nae
