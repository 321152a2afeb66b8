// The commands of `nae`, and what they share. main.cpp turns the command line into these structs.
#ifndef NAE_TOOLS_NAE_COMMANDS_H_
#define NAE_TOOLS_NAE_COMMANDS_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace nae::tool {

// What the program returns. Part of the interface, documented in nae(1).
enum ExitCode {
    kSuccess = 0,
    kFailure = 1,       // a file cannot be read or written, is damaged, or is not what it should be
    kUsage = 2,         // the command line makes no sense
    kInterrupted = 130  // Ctrl-C, or another polite signal; nothing half-written is left
};

struct EncodeArguments {
    std::string input;   // "-": standard input
    std::string output;  // "-": standard output
    std::optional<double> quality;
    std::optional<int> effort;
    std::string tune;
    std::optional<int> tile_size;
    std::string model;
    bool embed_model = false;
    int threads = 0;
    std::vector<std::string> creation_options;  // NAME=VALUE, straight to the driver
    bool quiet = false;
};

struct DecodeArguments {
    std::string input;   // "-": standard input
    std::string output;  // "-": standard output
    std::string
        format;  // GDAL's short name of the output's driver; "": by the output's extension, PNG for "-"
    std::array<int, 4> window{};  // x, y, width, height; all 0: the whole picture
    bool lenient = false;
    int threads = 0;
    std::vector<std::string> creation_options;
    bool quiet = false;
};

struct InfoArguments {
    std::vector<std::string> files;
    bool json = false;
};

struct CompareArguments {
    std::string original;
    std::string other;
    std::string csv;      // "-": standard output
    std::string heatmap;  // a PNG
    bool json = false;
};

struct ModelsArguments {
    bool json = false;
};

int encode(const EncodeArguments& arguments);
int decode(const DecodeArguments& arguments);
int info(const InfoArguments& arguments);
int compare(const CompareArguments& arguments);
int models(const ModelsArguments& arguments);

}  // namespace nae::tool

#endif  // NAE_TOOLS_NAE_COMMANDS_H_
