#include "viewer/app/script.h"

#include <filesystem>
#include <system_error>

namespace nae {

void Script::begin() {
    Workbench& bench = viewer_.bench;
    bench.set_jpeg(options_.jpeg);
    if (!options_.paths.empty()) {
        viewer_.state.view.fit = true;
        viewer_.open(options_.paths);
    }
    if (options_.quality || options_.effort || options_.tune) {
        NaeSettings settings = bench.nae_settings();
        if (options_.quality) settings.quality = *options_.quality;
        if (options_.effort) settings.effort = *options_.effort;
        if (options_.tune) settings.tune = *options_.tune;
        bench.set_nae(settings);
    }
    if (options_.mode) {
        viewer_.state.mode = *options_.mode;
        viewer_.state.reset_panes();
    }
    if (options_.heat) {
        viewer_.state.heat_kind = *options_.heat;
        viewer_.state.set_all_heat(true);
    }
}

bool Script::step() {
    if (finished_) return true;
    // A frame may ask for tiles or heatmaps that the one before did not know of.
    quiet_frames_ = viewer_.settled() ? quiet_frames_ + 1 : 0;
    if (quiet_frames_ < 4) return false;
    quiet_frames_ = 0;
    if (next_action_ < options_.actions.size()) {
        const std::string& id = options_.actions[next_action_++];
        if (!viewer_.perform(id))
            status_ = Status(ErrorCode::invalid_argument, "--do " + id + ": no such action");
        return false;
    }
    finished_ = true;
    if (status_.ok() && ends() && !viewer_.notices.empty())
        for (const Message& notice : viewer_.notices)
            if (notice.error) status_ = Status(ErrorCode::io, notice.text);
    if (!options_.csv.empty()) {
        const Status written = write_file(options_.csv, viewer_.bench.csv());
        if (!written.ok()) status_ = written;
    }
    return true;
}

void restore_session(Viewer& viewer, const LaunchOptions& options) {
    if (options.session.empty()) return;
    const Settings settings = load_settings(options.session);
    viewer.read_session(settings);
    JpegSettings jpeg = viewer.bench.jpeg_settings();
    jpeg_match_of(settings.text("jpeg.match"), jpeg.match);
    jpeg.quality = settings.number("jpeg.quality", jpeg.quality);
    viewer.bench.set_jpeg(jpeg);
    if (!options.paths.empty()) return;
    // Files that have gone since are no error of today's.
    std::vector<std::string> paths;
    std::error_code ignored;
    for (const char* name : {"open.0", "open.1"}) {
        const std::string path = settings.text(name);
        if (!path.empty() && std::filesystem::exists(path, ignored)) paths.push_back(path);
    }
    if (paths.empty()) return;
    const View view = viewer.state.view;
    viewer.open(paths);
    viewer.state.view = view;
}

void store_session(const Viewer& viewer, const LaunchOptions& options, int width, int height) {
    if (options.session.empty()) return;
    Settings settings = load_settings(options.session);
    viewer.write_session(settings);
    settings.set("window.width", width);
    settings.set("window.height", height);
    // Not being able to remember is no reason to keep anyone from quitting.
    static_cast<void>(save_settings(options.session, settings));
}

}  // namespace nae
