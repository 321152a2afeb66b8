// Memory that is about to be written, from the system in one go.
#ifndef NAE_FORMAT_PREFAULT_H_
#define NAE_FORMAT_PREFAULT_H_

#include <cstddef>

namespace nae {

// Asks for the pages of fresh memory that will all be written, instead of one page fault each: in a virtual machine a tenth
// of the time. Below 64 KiB, and where the system does not know how (Linux before 5.14), it does nothing.
void prefault(void* memory, size_t bytes);

}  // namespace nae

#endif  // NAE_FORMAT_PREFAULT_H_
