// nae_fuzz_replay HARNESS FOLDER|FILE…: runs a fuzz harness on stored inputs, without libFuzzer. An input that once
// was a finding stays one here.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#define HARNESS(name) extern "C" int name(const uint8_t* data, size_t size);
NAE_HARNESSES
#undef HARNESS

namespace {

namespace fs = std::filesystem;

struct Harness {
    const char* name;
    int (*run)(const uint8_t* data, size_t size);
};

const Harness kHarnesses[] = {
#define HARNESS(name) {#name, name},
    NAE_HARNESSES
#undef HARNESS
};

void run_file(const Harness& harness, const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> content((std::istreambuf_iterator<char>(file)), {});
    // A block of exactly this size: a byte beyond it belongs to nobody, and AddressSanitizer knows.
    const std::unique_ptr<uint8_t[]> bytes(new uint8_t[content.size()]);
    std::copy(content.begin(), content.end(), bytes.get());
    std::printf("%s %s\n", harness.name, path.c_str());
    std::fflush(stdout);
    harness.run(bytes.get(), content.size());
}

}  // namespace

int main(int argc, char** argv) {
    const auto* harness = std::find_if(std::begin(kHarnesses), std::end(kHarnesses), [&](const Harness& h) {
        return argc > 2 && std::strcmp(h.name, argv[1]) == 0;
    });
    if (harness == std::end(kHarnesses)) {
        std::fprintf(stderr, "usage: nae_fuzz_replay HARNESS FOLDER|FILE...\n");
        return 2;
    }
    size_t inputs = 0;
    for (int i = 2; i < argc; ++i) {
        std::vector<fs::path> files;
        if (fs::is_directory(argv[i])) {
            for (const auto& entry : fs::directory_iterator(argv[i])) files.push_back(entry.path());
            std::sort(files.begin(), files.end());
        } else {
            files.emplace_back(argv[i]);
        }
        for (const fs::path& path : files) run_file(*harness, path);
        inputs += files.size();
    }
    std::printf("%s: %zu inputs\n", harness->name, inputs);
    return inputs > 0 ? 0 : 1;
}
