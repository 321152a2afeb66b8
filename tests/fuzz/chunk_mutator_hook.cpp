// Hands the mutator of chunk_mutator.h to libFuzzer, for the targets whose input is a file.
#include <algorithm>
#include <cstring>

#include "tests/fuzz/chunk_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
    std::mt19937 random(seed);
    const nae::fuzz::Bytes changed =
        nae::fuzz::mutate_file(nae::fuzz::Bytes(data, data + size), LLVMFuzzerMutate, random, max_size);
    const size_t kept = std::min(changed.size(), max_size);
    if (kept != 0) std::memcpy(data, changed.data(), kept);
    return kept;
}
