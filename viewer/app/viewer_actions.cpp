// Viewer: what each action of the table does.
#include <algorithm>
#include <cmath>

#include "viewer/app/viewer.h"
#include "viewer/core/comparison_sheet.h"

namespace nae {
namespace {

bool starts_with(const std::string& id, const char* prefix) { return id.rfind(prefix, 0) == 0; }

bool kind_of_action(const std::string& id, HeatKind& kind) {
    if (!starts_with(id, "heat.")) return false;
    std::string name = id.substr(5);
    std::replace(name.begin(), name.end(), '_', '-');
    return heat_kind_of(name, kind);
}

bool colours_of_action(const std::string& id, ColourMap& colours) {
    for (const ColourMap each : {ColourMap::viridis, ColourMap::turbo, ColourMap::grey})
        if (id == std::string("heat.") + colour_map_name(each)) {
            colours = each;
            return true;
        }
    return false;
}

bool mode_of_action(const std::string& id, CompareMode& mode) {
    if (id == "view.single")
        mode = CompareMode::single;
    else if (id == "view.two_up")
        mode = CompareMode::two_up;
    else if (id == "view.three_up")
        mode = CompareMode::three_up;
    else if (id == "view.four_up")
        mode = CompareMode::four_up;
    else if (id == "view.wipe")
        mode = CompareMode::wipe;
    else
        return false;
    return true;
}

StretchMode stretch_of_action(const std::string& id) {
    if (id == "bands.stretch_min_max") return StretchMode::min_max;
    return id == "bands.stretch_percentile" ? StretchMode::percentile : StretchMode::none;
}

bool match_of_action(const std::string& id, JpegMatchMode& match) {
    return starts_with(id, "codec.match_") && jpeg_match_of(id.substr(12), match);
}

}  // namespace

bool Viewer::perform(const std::string& id) {
    if (find_action(id) == nullptr) return false;
    return perform_file(id) || perform_view(id) || perform_codec(id) || perform_heat(id) || perform_other(id);
}

bool Viewer::enabled(const Action& action) const {
    const std::string id = action.id;
    if (id == "lab.stop") return lab.laboratory.training();
    if (id == "lab.start") return !lab.laboratory.training();
    if (starts_with(id, "help.") || starts_with(id, "lab.") || id == "file.open" || id == "file.quit" ||
        id == "view.sidebar" || id == "view.fullscreen" || id == "file.export_view")
        return true;
    if (bench.empty()) return false;
    if (id == "file.open_original") return bench.coded_info() != nullptr;
    if (id == "file.save_nae") return bench.outcome(Entry::nae) != nullptr || bench.coded_info() != nullptr;
    if (id == "file.save_jpeg") return bench.outcome(Entry::jpeg) != nullptr;
    if (id == "file.export_sheet" || id == "file.export_csv")
        return bench.outcome(Entry::nae) != nullptr || bench.outcome(Entry::jpeg) != nullptr;
    if (id == "codec.revert") return bench.reencoded();
    if (id == "codec.analyse_here") return !bench.whole();
    if (id == "codec.cancel") return !bench.active_jobs().empty();
    if (starts_with(id, "codec.") || starts_with(id, "heat.")) return bench.has_original();
    return true;
}

bool Viewer::ticked(const Action& action) const {
    const std::string id = action.id;
    CompareMode mode{};
    if (mode_of_action(id, mode)) return state.mode == mode;
    JpegMatchMode match{};
    if (match_of_action(id, match)) return bench.jpeg_settings().match == match;
    if (id == "codec.tune_ssim") return bench.nae_settings().tune == Tune::ssim;
    ColourMap colours{};
    if (colours_of_action(id, colours)) return state.colours == colours;
    HeatKind kind{};
    if (kind_of_action(id, kind)) return state.heat_kind == kind;
    if (id == "heat.toggle") return state.any_heat();
    if (id == "view.sidebar") return state.sidebar;
    if (starts_with(id, "bands.stretch_")) return bench.stretch_mode() == stretch_of_action(id);
    return false;
}

bool Viewer::perform_file(const std::string& id) {
    if (id == "file.open")
        ask_to_open(false);
    else if (id == "file.open_original")
        ask_to_open(true);
    else if (id == "file.save_nae")
        ask_to_save("Save NAE", ".nae",
                    [this](const std::string& path) { return bench.save(Entry::nae, path); });
    else if (id == "file.save_jpeg")
        ask_to_save("Save JPEG", ".jpg",
                    [this](const std::string& path) { return bench.save(Entry::jpeg, path); });
    else if (id == "file.export_view")
        ask_to_save("Export view", "-view.png", [this](const std::string& path) {
            requests.export_view = path;  // of the next frame, without the dialog in it
            return Status();
        });
    else if (id == "file.export_sheet")
        ask_to_save("Export comparison sheet", "-comparison.png", [this](const std::string& path) -> Status {
            NAE_ASSIGN_OR_RETURN(const Comparison comparison, bench.comparison());
            SheetOptions options;
            options.colours = state.colours;
            NAE_ASSIGN_OR_RETURN(const Picture sheet, render_comparison_sheet(comparison, options));
            return write_png(path, sheet);
        });
    else if (id == "file.export_csv")
        ask_to_save("Export figures", "-figures.csv",
                    [this](const std::string& path) { return write_file(path, bench.csv()); });
    else if (id == "file.close") {
        bench.close();
        notices.clear();
    } else if (id == "file.quit")
        requests.quit = true;
    else
        return false;
    return true;
}

void Viewer::set_mode(CompareMode mode) {
    const bool heat = state.any_heat() && state.mode != CompareMode::four_up;
    state.mode = mode;
    state.reset_panes();
    if (heat) state.set_all_heat(true);
}

void Viewer::pan(double dx, double dy) {
    state.view =
        panned(state.view, dx * last_pane.width, dy * last_pane.height, bench.width(), bench.height());
}

void Viewer::zoom(double factor) {
    const Point middle{last_pane.x + last_pane.width / 2, last_pane.y + last_pane.height / 2};
    state.view = zoomed_about(state.view, last_pane, middle, factor);
}

bool Viewer::perform_view(const std::string& id) {
    CompareMode mode{};
    if (mode_of_action(id, mode))
        set_mode(mode);
    else if (id == "view.fit") {
        state.view.fit = true;
        state.relink();
    } else if (id == "view.actual") {
        state.view.fit = false;
        state.view.zoom = 1;
    } else if (id == "view.zoom_in")
        zoom(std::sqrt(2.0));
    else if (id == "view.zoom_out")
        zoom(1 / std::sqrt(2.0));
    else if (id == "view.left")
        pan(0.25, 0);
    else if (id == "view.right")
        pan(-0.25, 0);
    else if (id == "view.up")
        pan(0, 0.25);
    else if (id == "view.down")
        pan(0, -0.25);
    else if (id == "view.relink")
        state.relink();
    else if (id == "view.swap")
        std::swap(state.panes[0], state.panes[1]);
    else if (id == "view.sidebar")
        state.sidebar = !state.sidebar;
    else if (id == "view.fullscreen")
        requests.toggle_fullscreen = true;
    else
        return false;
    return true;
}

bool Viewer::perform_codec(const std::string& id) {
    JpegMatchMode match{};
    if (match_of_action(id, match)) {
        JpegSettings settings = bench.jpeg_settings();
        settings.match = match;
        // By hand starts from what the match found.
        if (const CodecOutcome* good = bench.outcome(Entry::jpeg))
            settings.quality = std::round(good->quality);
        bench.set_jpeg(settings);
    } else if (id == "codec.quality_up" || id == "codec.quality_down") {
        NaeSettings settings = bench.nae_settings();
        settings.quality = std::clamp(settings.quality + (id == "codec.quality_up" ? 5 : -5), 1.0, 100.0);
        bench.set_nae(settings);
    } else if (id == "codec.tune_ssim") {
        NaeSettings settings = bench.nae_settings();
        settings.tune = settings.tune == Tune::ssim ? Tune::psnr : Tune::ssim;
        bench.set_nae(settings);
    } else if (id == "codec.revert")
        bench.revert_nae();
    else if (id == "codec.rd_curve") {
        bench.start_rd_curve();
        state.sidebar = true;
        scroll_to_plot = true;
    } else if (id == "codec.analyse_here") {
        bench.compare_around(static_cast<int>(state.view.centre_x), static_cast<int>(state.view.centre_y));
    } else if (id == "codec.cancel")
        bench.cancel();
    else
        return false;
    return true;
}

void Viewer::step_worst(int by) {
    if (!state.any_heat()) state.set_all_heat(true);
    jump_to_worst(worst_index + by);
}

bool Viewer::perform_heat(const std::string& id) {
    HeatKind kind{};
    if (id == "heat.toggle")
        state.set_all_heat(!state.any_heat());
    else if (kind_of_action(id, kind)) {
        state.heat_kind = kind;
        state.set_all_heat(true);
        worst_index = -1;
    } else if (id == "heat.next_worst")
        step_worst(1);
    else if (id == "heat.previous_worst")
        step_worst(-1);
    else
        return colours_of_action(id, state.colours);
    return true;
}

bool Viewer::perform_other(const std::string& id) {
    if (starts_with(id, "bands.stretch_"))
        bench.set_display(bench.display().bands, stretch_of_action(id));
    else if (id == "lab.start" || id == "lab.stop") {
        const Status status = id == "lab.stop" ? (lab.laboratory.stop(), Status()) : lab.laboratory.start();
        lab.error = status.message();
        lab.show = lab.choose_tab = true;
        lab.tab = LabTab::train;
    } else if (starts_with(id, "lab.")) {
        lab.show = lab.choose_tab = true;
        lab.tab = id == "lab.train" ? LabTab::train : id == "lab.results" ? LabTab::results : LabTab::graphs;
        lab.graph = id == "lab.histograms" ? 1 : id == "lab.rate_distortion" ? 2 : lab.graph;
        // Where ./dev bench studies and nae-train lab are wont to leave things, beside where one is.
        if (lab.laboratory.folder().empty()) lab.laboratory.set_folder(".");
    } else if (id == "help.palette")
        show_palette = !show_palette;
    else if (id == "help.window")
        show_help = !show_help;
    else if (id == "help.about")
        show_about = !show_about;
    else
        return false;
    return true;
}

}  // namespace nae
