#include "training/read_model.h"

#include <fstream>
#include <iterator>
#include <vector>

namespace nae::training {

Result<Model> read_model(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file) return Status(ErrorCode::io, path + ": cannot be read");
    return parse_model(bytes.data(), bytes.size(), path);
}

}  // namespace nae::training
