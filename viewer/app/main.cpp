// nae-viewer: what did each codec do to the picture? A window; without a display a table, a sheet, a screenshot.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "viewer/app/launch.h"
#include "viewer/core/actions.h"
#include "viewer/core/comparison.h"
#include "viewer/core/comparison_sheet.h"
#include "viewer/core/session.h"

namespace {

struct Arguments {
    nae::LaunchOptions launch;
    std::string match = "size";
    double jpeg_quality = 0;
    double quality = 0;
    int effort = 0;
    std::string tune;
    std::string heat;
    std::string mode;
    std::string size;
    std::string sheet;
    std::string colours = "turbo";
    bool table = false;
    bool time_writing = false;
    bool headless = false;
    bool no_session = false;
    bool list_actions = false;
};

int fail(const nae::Status& status) {
    std::fprintf(stderr, "nae-viewer: %s\n", status.message().c_str());
    return 1;
}

nae::ColourMap colour_map_of(const std::string& name) {
    for (const nae::ColourMap map : {nae::ColourMap::viridis, nae::ColourMap::turbo})
        if (name == nae::colour_map_name(map)) return map;
    return nae::ColourMap::grey;
}

int list_actions() {
    for (const nae::Action& action : nae::action_table())
        std::printf("%-28s %-14s %s\n", action.id, nae::shortcut_text(action.shortcut).c_str(), action.help);
    return 0;
}

// Table, CSV and sheet of a pair, with times: needs neither a window nor the code for one.
nae::Status compare(const Arguments& arguments) {
    if (arguments.launch.paths.size() != 2)
        return nae::Status(nae::ErrorCode::invalid_argument,
                           "--table, --sheet and --csv without a window take the original and its .nae file");
    nae::ComparisonOptions options;
    options.jpeg = arguments.launch.jpeg;
    options.time_writing = arguments.time_writing;
    NAE_ASSIGN_OR_RETURN(const nae::Comparison comparison,
                         nae::compare_files(arguments.launch.paths[0], arguments.launch.paths[1], options));
    if (arguments.table || (arguments.sheet.empty() && arguments.launch.csv.empty())) {
        std::fputs(nae::comparison_table(comparison).c_str(), stdout);
        std::fflush(stdout);
    }
    if (!arguments.launch.csv.empty())
        NAE_RETURN_IF_ERROR(nae::write_file(arguments.launch.csv, nae::comparison_csv(comparison)));
    if (arguments.sheet.empty()) return nae::Status();
    nae::SheetOptions sheet_options;
    sheet_options.colours = colour_map_of(arguments.colours);
    NAE_ASSIGN_OR_RETURN(const nae::Picture sheet, nae::render_comparison_sheet(comparison, sheet_options));
    return nae::write_png(arguments.sheet, sheet);
}

// Checks and takes over what CLI11 leaves as text.
nae::Status finish(Arguments& arguments, const CLI::App& app) {
    nae::LaunchOptions& launch = arguments.launch;
    nae::jpeg_match_of(arguments.match, launch.jpeg.match);
    if (app.count("--jpeg-quality") > 0) {
        launch.jpeg.match = nae::JpegMatchMode::manual;
        launch.jpeg.quality = arguments.jpeg_quality;
    }
    if (app.count("--quality") > 0) launch.quality = arguments.quality;
    if (app.count("--effort") > 0) launch.effort = arguments.effort;
    if (app.count("--tune") > 0) launch.tune = arguments.tune == "ssim" ? nae::Tune::ssim : nae::Tune::psnr;
    nae::HeatKind heat{};
    if (nae::heat_kind_of(arguments.heat, heat)) launch.heat = heat;
    nae::CompareMode mode{};
    if (nae::compare_mode_of(arguments.mode.c_str(), mode)) launch.mode = mode;
    if (!arguments.size.empty()) {
        if (std::sscanf(arguments.size.c_str(), "%dx%d", &launch.width, &launch.height) != 2 ||
            launch.width < 320 || launch.height < 240 || launch.width > 16384 || launch.height > 16384)
            return nae::Status(
                nae::ErrorCode::invalid_argument,
                "--size " + arguments.size + ": WIDTHxHEIGHT in pixels, from 320x240 to 16384x16384");
        launch.size_given = true;
    }
    for (const std::string& id : launch.actions)
        if (nae::find_action(id) == nullptr)
            return nae::Status(nae::ErrorCode::invalid_argument,
                               "--do " + id + ": no such action; --list-actions names them");
    const std::string folder = nae::state_folder();
    if (!arguments.no_session && !folder.empty()) launch.session = folder + "/viewer-session";
    return nae::Status();
}

nae::Status run(const Arguments& arguments) {
    const nae::LaunchOptions& launch = arguments.launch;
    if (arguments.table || !arguments.sheet.empty() || arguments.time_writing ||
        (arguments.headless && launch.screenshot.empty() && launch.actions.empty()))
        return compare(arguments);
#ifdef NAE_WITH_VIEWER
    return arguments.headless ? nae::run_headless(launch) : nae::run_window(launch);
#else
    return nae::Status(nae::ErrorCode::unsupported,
                       "this build has no window; --headless with --table, --sheet and --csv work");
#endif
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Shows what NAE and JPEG did to a picture."};
    Arguments arguments;
    nae::LaunchOptions& launch = arguments.launch;
    app.add_option("FILES", launch.paths, "a picture, its .nae file, or both; anything GDAL reads")
        ->expected(0, 2);
    app.add_option("--match", arguments.match, "JPEG of the same size or the same SSIM as NAE")
        ->check(CLI::IsMember({"size", "ssim"}))
        ->capture_default_str();
    app.add_option("--jpeg-quality", arguments.jpeg_quality, "JPEG of this quality instead")
        ->check(CLI::Range(1.0, 100.0));
    app.add_option("--quality", arguments.quality, "encode NAE anew with this quality")
        ->check(CLI::Range(1.0, 100.0));
    app.add_option("--effort", arguments.effort, "encode NAE anew with this effort")->check(CLI::Range(1, 9));
    app.add_option("--tune", arguments.tune, "encode NAE anew for this")
        ->check(CLI::IsMember({"psnr", "ssim"}));
    app.add_option("--heatmap", arguments.heat, "lay this error map over the codecs' panes")
        ->check(CLI::IsMember({"ssim", "ms-ssim", "absolute", "signed", "squared", "delta-e"}));
    app.add_option("--mode", arguments.mode, "how pictures are compared")
        ->check(CLI::IsMember({"single", "2-up", "3-up", "4-up", "wipe"}));
    app.add_option("--do", launch.actions, "do this action when everything has settled; may be repeated")
        ->expected(1)
        ->take_all();
    app.add_flag("--list-actions", arguments.list_actions, "print the actions there are, with their keys");
    app.add_option("--screenshot", launch.screenshot, "write the window to this PNG, then end");
    app.add_option("--csv", launch.csv, "write the figures to this file");
    app.add_flag("--headless", arguments.headless, "no window, no display needed");
    app.add_option("--size", arguments.size, "the window's size, WIDTHxHEIGHT (1280x800)");
    app.add_option("--scale", launch.scale, "size of text and controls, 1 for 96 dpi (the display's)")
        ->check(CLI::Range(0.5f, 4.0f));
    app.add_flag("--no-session", arguments.no_session,
                 "neither restore the last session nor remember this one");
    app.add_flag("--table", arguments.table, "print the figures, with times; no window");
    app.add_option("--sheet", arguments.sheet, "write the comparison sheet to this PNG; no window");
    app.add_option("--colours", arguments.colours, "colour map of the sheet's error maps")
        ->check(CLI::IsMember({"turbo", "viridis", "grey"}))
        ->capture_default_str();
    app.add_flag(
        "--time-writing", arguments.time_writing,
        "encode once more in memory, with the file's own settings, for the table's 'write s' column");
    CLI11_PARSE(app, argc, argv);
    if (arguments.list_actions) return list_actions();
    nae::Status status = finish(arguments, app);
    if (status.ok()) status = run(arguments);
    return status.ok() ? 0 : fail(status);
}
