// IDX, the format of the MNIST database (Y. LeCun): two zero bytes, type 8 (unsigned byte), number of dimensions, the
// dimensions as big-endian u32, the values. Files may be compressed by gzip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae::training {

struct IdxArray {
    std::vector<uint32_t> dimensions;  // outermost first
    std::vector<uint8_t> values;
};

// Errors, which name the file: io, truncated (ends early, or damaged gzip data), corrupt (no IDX file of bytes),
// limit_exceeded (more than 1 GiB).
Result<IdxArray> read_idx(const std::string& path);

// Digits and their labels. `part` is "train" or "t10k"; the folder holds PART-images-idx3-ubyte and
// PART-labels-idx1-ubyte, with or without .gz. Errors besides those of read_idx(): io when a file is not there, corrupt
// when pictures and labels do not fit together.
struct Digits {
    uint32_t count = 0, height = 0, width = 0;
    std::vector<uint8_t> pixels;  // one picture after another, row by row; 0 = background
    std::vector<uint8_t> labels;  // 0 .. 9
};
Result<Digits> read_digits(const std::string& folder, const std::string& part);

}  // namespace nae::training
