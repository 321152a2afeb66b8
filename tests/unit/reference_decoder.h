// Runs tests/reference/reference_decoder.py.
#ifndef NAE_TESTS_UNIT_REFERENCE_DECODER_H_
#define NAE_TESTS_UNIT_REFERENCE_DECODER_H_

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace nae::test {

inline bool has_python() {
    if (std::system("python3 --version > /dev/null 2>&1") == 0) return true;
    WARN("python3 is not here: skipped");
    return false;
}

// The samples of a level, then the mask if there is one; nothing when the decoder fails.
inline std::vector<uint8_t> decode_by_reference(const std::vector<uint8_t>& file, int level = 0) {
    namespace fs = std::filesystem;
    const fs::path base = fs::temp_directory_path() / ("nae-reference-" + std::to_string(::getpid()));
    const std::string in = base.string() + ".nae", out = base.string() + ".raw";
    std::ofstream(in, std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    const std::string command =
        "python3 '" NAE_SOURCE_DIR "/tests/reference/reference_decoder.py' --level=" + std::to_string(level) +
        " '" + in + "' '" + out + "'";
    const int result = std::system(command.c_str());
    std::ifstream pixels(out, std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(pixels), {});
    fs::remove(in);
    fs::remove(out);
    CHECK(result == 0);
    return std::vector<uint8_t>(content.begin(), content.end());
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_REFERENCE_DECODER_H_
