// A mutator that knows what a .nae and a .nam file look like. libFuzzer's own mutations almost never get past a
// CRC; this one changes a chunk's payload (also inside a deflate stream, and inside an embedded model), moves
// chunks about, and then puts right the lengths, CRCs, tile index and model ID, except now and then.
#ifndef NAE_TESTS_FUZZ_CHUNK_MUTATOR_H_
#define NAE_TESTS_FUZZ_CHUNK_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace nae::fuzz {

using Bytes = std::vector<uint8_t>;
// libFuzzer's own mutation of bytes in place, at most `room` of them; returns how many there are afterwards.
using PlainMutation = std::function<size_t(uint8_t* data, size_t size, size_t room)>;

// One mutation of a file; what does not look like one is mutated as plain bytes.
Bytes mutate_file(const Bytes& file, const PlainMutation& plain, std::mt19937& random, size_t max_size);

}  // namespace nae::fuzz

#endif  // NAE_TESTS_FUZZ_CHUNK_MUTATOR_H_
