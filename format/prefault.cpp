#include "format/prefault.h"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace nae {

void prefault(void* memory, size_t bytes) {
#if defined(MADV_POPULATE_WRITE)
    constexpr size_t kWorthIt = size_t{64} << 10;
    constexpr uintptr_t kPage = 4096;  // where pages are larger, the system refuses
    if (bytes < kWorthIt) return;
    const auto begin = reinterpret_cast<uintptr_t>(memory);
    const uintptr_t first = (begin + kPage - 1) / kPage * kPage, end = (begin + bytes) / kPage * kPage;
    madvise(reinterpret_cast<void*>(first), end - first, MADV_POPULATE_WRITE);
#else
    static_cast<void>(memory);
    static_cast<void>(bytes);
#endif
}

}  // namespace nae
