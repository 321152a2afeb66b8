// Reads what PyTorch pickles for a state dict, without running anything. See tensor_file.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae::training {

struct PickledTensor {
    std::string name;
    std::string type;     // of its storage: "FloatStorage", ...
    std::string storage;  // name of the member with the values
    int64_t offset = 0;   // in elements
    std::vector<int64_t> shape, stride;
};

// The tensors of a dictionary from names to tensors. Errors: truncated, corrupt, unsupported (anything that a state
// dict does not consist of; named).
Result<std::vector<PickledTensor>> parse_torch_pickle(const std::vector<uint8_t>& bytes);

}  // namespace nae::training
