#include "codec/tensor.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nae {
namespace {

constexpr size_t kCacheLine = 64, kHugePage = size_t{2} << 20;

std::align_val_t alignment_of(size_t bytes) {
    return std::align_val_t(bytes < kHugePage ? kCacheLine : kHugePage);
}

}  // namespace

void* allocate_values(size_t bytes) {
    void* values = ::operator new(bytes, alignment_of(bytes));
#if defined(__linux__)
    // Advice only: where it is not taken, the pages are small. The rest after the last whole huge page stays small, too.
    if (bytes >= kHugePage) madvise(values, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    return values;
}

void free_values(void* values, size_t bytes) { ::operator delete(values, alignment_of(bytes)); }

}  // namespace nae
