// nae-compare: what did the codec do to the picture? A table, a sheet (PNG), a window.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "viewer/app/compare_window.h"
#include "viewer/core/comparison.h"
#include "viewer/core/comparison_sheet.h"

namespace {

struct Arguments {
    std::string original;
    std::string nae_file;
    std::string png;
    std::string csv;
    std::string colours = "turbo";
    bool jpeg = false;
    bool table = false;
    bool no_window = false;
    bool time_writing = false;
};

nae::ColourMap colour_map_of(const std::string& name) {
    for (const nae::ColourMap map : {nae::ColourMap::viridis, nae::ColourMap::turbo})
        if (name == nae::colour_map_name(map)) return map;
    return nae::ColourMap::grey;
}

bool display_there() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && value[0] != '\0';
    };
    return set("DISPLAY") || set("WAYLAND_DISPLAY");
}

int fail(const nae::Status& status) {
    std::fprintf(stderr, "nae-compare: %s\n", status.message().c_str());
    return 1;
}

nae::Status write_text(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr && std::fclose(file) != 0) written = false;
    return written ? nae::Status() : nae::Status(nae::ErrorCode::io, path + ": cannot be written");
}

int run(const Arguments& arguments) {
    nae::ComparisonOptions options;
    options.jpeg_of_equal_size = arguments.jpeg;
    options.time_writing = arguments.time_writing;
    const nae::Result<nae::Comparison> comparison =
        nae::compare_files(arguments.original, arguments.nae_file, options);
    if (!comparison.ok()) return fail(comparison.status());

    const bool window = nae::kHasWindow && !arguments.no_window && display_there();
    if (arguments.table || (!window && arguments.png.empty() && arguments.csv.empty())) {
        std::fputs(nae::comparison_table(comparison.value()).c_str(), stdout);
        std::fflush(stdout);
    }
    if (!arguments.csv.empty()) {
        const nae::Status written = write_text(arguments.csv, nae::comparison_csv(comparison.value()));
        if (!written.ok()) return fail(written);
    }
    const nae::ColourMap colours = colour_map_of(arguments.colours);
    if (!arguments.png.empty()) {
        nae::SheetOptions sheet_options;
        sheet_options.colours = colours;
        const nae::Result<nae::Picture> sheet =
            nae::render_comparison_sheet(comparison.value(), sheet_options);
        if (!sheet.ok()) return fail(sheet.status());
        const nae::Status written = nae::write_png(arguments.png, sheet.value());
        if (!written.ok()) return fail(written);
    }
    if (window) {
        const nae::Status shown = nae::show_comparison_window(comparison.value(), colours);
        if (!shown.ok()) return fail(shown);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Compares a picture with its .nae file, and with JPEG at the same size."};
    Arguments arguments;
    app.add_option("ORIGINAL", arguments.original, "the picture before compression; anything GDAL reads")
        ->required();
    app.add_option("NAE_FILE", arguments.nae_file, "its .nae file")->required();
    app.add_flag("--jpeg-equal-size", arguments.jpeg,
                 "add JPEG (libjpeg-turbo) at the quality nearest in bytes");
    app.add_option("--png", arguments.png, "write the comparison sheet to this file");
    app.add_option("--csv", arguments.csv, "write the figures to this file");
    app.add_flag("--table", arguments.table, "print the figures");
    app.add_flag("--time-writing", arguments.time_writing,
                 "encode once more in memory, with the file's own settings, for the 'write s' column");
    app.add_option("--colours", arguments.colours, "colour map of the error maps")
        ->check(CLI::IsMember({"turbo", "viridis", "grey"}))
        ->capture_default_str();
    app.add_flag("--no-window", arguments.no_window, "no window, even where there is a display");
    CLI11_PARSE(app, argc, argv);
    return run(arguments);
}
