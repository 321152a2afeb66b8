#include "viewer/core/actions.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace nae {
namespace {

constexpr Shortcut plain(int key) { return {key, false, false}; }
constexpr Shortcut shift(int key) { return {key, false, true}; }
constexpr Shortcut ctrl(int key) { return {key, true, false}; }
constexpr Shortcut ctrl_shift(int key) { return {key, true, true}; }

// How well `query` fits `text`: -1 when its letters do not all occur in order.
int fit_score(const std::string& query, const char* text) {
    int score = 0;
    int run = 0;
    size_t at = 0;
    char before = ' ';
    for (const char* c = text; *c != '\0' && at < query.size(); ++c) {
        const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
        if (lower == query[at]) {
            ++at;
            ++run;
            score += run * 2;
            if (std::isalnum(static_cast<unsigned char>(before)) == 0) score += 6;
        } else {
            run = 0;
        }
        before = *c;
    }
    return at == query.size() ? score : -1;
}

}  // namespace

const std::vector<Action>& action_table() {
    static const std::vector<Action> table = {
        {"file.open", "File", "Open…", "Open a picture, a .nae file, or a pair of them.", ctrl('O')},
        {"file.open_original", "File", "Open original…",
         "Pick the picture that the open .nae file was made from.", ctrl_shift('O')},
        {"file.save_nae", "File", "Save NAE…", "Save NAE's result as a .nae file.", ctrl('S')},
        {"file.save_jpeg", "File", "Save JPEG…", "Save JPEG's result as a .jpg file.", ctrl_shift('S')},
        {"file.export_view", "File", "Export view as PNG…", "Write the window as it is to a PNG.", ctrl('E')},
        {"file.export_sheet", "File", "Export comparison sheet as PNG…",
         "Write all pictures, error maps and figures on one page.", ctrl_shift('E')},
        {"file.export_csv", "File", "Export figures as CSV…",
         "Write the figures of both codecs and of the rate-distortion plot.", ctrl('T')},
        {"file.close", "File", "Close picture", "Close what is open.", ctrl('W')},
        {"file.quit", "File", "Quit", "Quit; the session is restored next time.", ctrl('Q')},

        {"view.single", "View", "One pane", "One large pane; hold Space to flicker to the other picture.",
         plain('1')},
        {"view.two_up", "View", "2-up", "Two panes in step.", plain('2')},
        {"view.three_up", "View", "3-up", "Original, NAE and JPEG in step.", plain('3')},
        {"view.four_up", "View", "4-up", "NAE and JPEG above their heatmaps.", plain('4')},
        {"view.wipe", "View", "Wipe", "Two pictures in one pane with a divider to drag.", plain('W')},
        {"view.fit", "View", "Fit to window", "Show the whole picture.", plain('F')},
        {"view.actual", "View", "Actual pixels", "One picture pixel for one screen pixel.", plain('Z')},
        {"view.zoom_in", "View", "Zoom in", "Zoom in about the middle.", plain('=')},
        {"view.zoom_out", "View", "Zoom out", "Zoom out about the middle.", plain('-')},
        {"view.left", "View", "Pan left", "Move the view by a quarter of a pane.", plain(kKeyLeft)},
        {"view.right", "View", "Pan right", "Move the view by a quarter of a pane.", plain(kKeyRight)},
        {"view.up", "View", "Pan up", "Move the view by a quarter of a pane.", plain(kKeyUp)},
        {"view.down", "View", "Pan down", "Move the view by a quarter of a pane.", plain(kKeyDown)},
        {"view.relink", "View", "Link panes again",
         "Undo what panning or zooming single panes (Ctrl held) changed.", plain('L')},
        {"view.swap", "View", "Swap A and B", "Exchange the first two panes, or the wipe's two sides.",
         plain('X')},
        {"view.sidebar", "View", "Side panel", "Show or hide the panel with settings and numbers.",
         plain(kKeyTab)},
        {"view.fullscreen", "View", "Full screen", "Use the whole screen, or go back.", plain(kKeyF11)},

        {"codec.match_size", "Codecs", "JPEG of the same size", "Choose JPEG's quality by NAE's bytes.",
         plain('B')},
        {"codec.match_ssim", "Codecs", "JPEG of the same SSIM", "Choose JPEG's quality by NAE's SSIM.",
         plain('S')},
        {"codec.match_manual", "Codecs", "JPEG quality by hand", "Leave JPEG's quality where it is set.",
         plain('M')},
        {"codec.quality_up", "Codecs", "NAE quality +5", "Encode again in the background.", plain(']')},
        {"codec.quality_down", "Codecs", "NAE quality −5", "Encode again in the background.", plain('[')},
        {"codec.tune_ssim", "Codecs", "Tune NAE for SSIM",
         "Encode again for structural similarity instead of PSNR, or back.", shift('S')},
        {"codec.revert", "Codecs", "Back to the opened .nae file", "Drop re-encoded results.", Shortcut{}},
        {"codec.rd_curve", "Codecs", "Rate–distortion plot",
         "Encode over the whole quality range in the background.", plain('R')},
        {"codec.analyse_here", "Codecs", "Compare what is in view",
         "For pictures too large to compare whole: move the compared window here.", plain('C')},
        {"codec.cancel", "Codecs", "Cancel work", "Stop all background work; results so far stay.",
         plain(kKeyEscape)},

        {"heat.toggle", "Heatmap", "Heatmaps on or off", "Lay error maps over the codecs' panes.",
         plain('H')},
        {"heat.ssim", "Heatmap", "1 − SSIM", "Structural dissimilarity (Wang et al. 2004).", shift('1')},
        {"heat.ms_ssim", "Heatmap", "1 − MS-SSIM",
         "The same over five scales (Wang et al. 2003), place by place.", shift('6')},
        {"heat.absolute", "Heatmap", "Absolute difference", "Mean over the bands, gray levels.", shift('2')},
        {"heat.signed", "Heatmap", "Signed difference", "Blue: darker than the original; red: brighter.",
         shift('3')},
        {"heat.squared", "Heatmap", "Squared error", "Mean over the bands: what PSNR sums up.", shift('4')},
        {"heat.delta_e", "Heatmap", "Colour difference ΔE", "CIEDE2000; about 1 is just noticeable.",
         shift('5')},
        {"heat.viridis", "Heatmap", "Colours: viridis", "Perceptually uniform.", Shortcut{}},
        {"heat.turbo", "Heatmap", "Colours: turbo", "More steps to tell apart.", Shortcut{}},
        {"heat.grey", "Heatmap", "Colours: grey", "Black to white.", Shortcut{}},
        {"heat.next_worst", "Heatmap", "Next worst region", "Jump to the next of the worst regions.",
         plain('N')},
        {"heat.previous_worst", "Heatmap", "Previous worst region", "Jump back.", shift('N')},

        {"bands.stretch_none", "Bands", "No stretch", "The data type's whole range.", Shortcut{}},
        {"bands.stretch_min_max", "Bands", "Stretch min–max", "Smallest value black, largest white.",
         Shortcut{}},
        {"bands.stretch_percentile", "Bands", "Stretch 2–98 %", "Between the 2 % and the 98 % point.",
         Shortcut{}},

        {"lab.train", "Laboratory", "Train…", "Train a model of the two studies in the background.",
         Shortcut{}},
        {"lab.start", "Laboratory", "Start training", "Start what the Train tab describes.", Shortcut{}},
        {"lab.stop", "Laboratory", "Stop training", "Stop; the run keeps what it has up to its last epoch.",
         Shortcut{}},
        {"lab.results", "Laboratory", "Results",
         "Tables of runs and of the studies, beside the studies' own figures.", Shortcut{}},
        {"lab.graphs", "Laboratory", "Loss curves", "Loss by epoch of every run.", Shortcut{}},
        {"lab.histograms", "Laboratory", "Histograms",
         "How SSIM, PSNR and ratio are distributed over the test pictures.", Shortcut{}},
        {"lab.rate_distortion", "Laboratory", "Rate–distortion", "All systems in one plot.", Shortcut{}},

        {"help.palette", "Help", "Command palette", "Find any action by typing a few of its letters.",
         ctrl('P')},
        {"help.window", "Help", "Keys and actions", "This table.", plain(kKeyF1)},
        {"help.about", "Help", "About", "Version, licence, and what GDAL can open.", Shortcut{}},
    };
    return table;
}

const Action* find_action(const std::string& id) {
    for (const Action& action : action_table())
        if (id == action.id) return &action;
    return nullptr;
}

std::string shortcut_text(const Shortcut& shortcut) {
    if (shortcut.key == kKeyNone) return "";
    std::string text;
    if (shortcut.control) text += "Ctrl+";
    if (shortcut.shift) text += "Shift+";
    switch (shortcut.key) {
        case kKeyEscape:
            return text + "Esc";
        case kKeyTab:
            return text + "Tab";
        case kKeyF1:
            return text + "F1";
        case kKeyF11:
            return text + "F11";
        case kKeyLeft:
            return text + "←";
        case kKeyRight:
            return text + "→";
        case kKeyUp:
            return text + "↑";
        case kKeyDown:
            return text + "↓";
        case '=':
            return text + "+";
        case '-':
            return text + "−";
        default:
            return text + static_cast<char>(shortcut.key);
    }
}

std::vector<const Action*> search_actions(const std::string& query) {
    std::string letters;
    for (const char c : query)
        if (c != ' ') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::vector<std::pair<int, const Action*>> scored;
    for (const Action& action : action_table()) {
        const std::string in_menu = std::string(action.menu) + " " + action.title;
        // The title counts a little more than the same match with the menu in front, or in the id.
        const int score = std::max({fit_score(letters, action.title) + 1, fit_score(letters, in_menu.c_str()),
                                    fit_score(letters, action.id)});
        if (score > 0 || letters.empty()) scored.emplace_back(letters.empty() ? 0 : score, &action);
    }
    std::stable_sort(scored.begin(), scored.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<const Action*> actions;
    for (const auto& [score, action] : scored) actions.push_back(action);
    return actions;
}

}  // namespace nae
