// Menu bar, toolbar, status bar, notices: all from the action table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "viewer/app/viewer.h"

namespace nae {
namespace {

const char* const kMenus[] = {"File", "View", "Codecs", "Heatmap", "Bands", "Laboratory", "Help"};

void menu_item(Viewer& viewer, const Action& action) {
    const std::string shortcut = shortcut_text(action.shortcut);
    if (ImGui::MenuItem(action.title, shortcut.c_str(), viewer.ticked(action), viewer.enabled(action)))
        viewer.perform(action.id);
    action_tooltip(action);
}

void recent_menu(Viewer& viewer) {
    if (!ImGui::BeginMenu("Open recent", !viewer.recent.paths().empty())) return;
    std::string chosen;
    for (const std::string& path : viewer.recent.paths())
        if (ImGui::MenuItem(path.c_str())) chosen = path;
    ImGui::EndMenu();
    if (!chosen.empty()) viewer.open({chosen});
}

std::string value_text(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) {
        char number[32];
        std::snprintf(number, sizeof(number), "%.6g", value);
        text += (text.empty() ? "" : "  ") + std::string(number);
    }
    return text;
}

void draw_pixel(Viewer& viewer) {
    if (!viewer.mouse.inside) {
        const char* hint = viewer.bench.empty()
                               ? "Ctrl+O opens, Ctrl+P finds any action, F1 lists the keys"
                               : "Drag pans, wheel zooms, Shift+drag measures, Ctrl unlinks a pane, "
                                 "Space flickers, F1 lists the keys";
        ImGui::TextDisabled("%s", hint);
        return;
    }
    ImGui::TextDisabled("x %d  y %d", viewer.mouse.x, viewer.mouse.y);
    for (const Entry entry : kEntries) {
        const std::vector<double> values = viewer.bench.values(entry, viewer.mouse.x, viewer.mouse.y);
        if (values.empty()) continue;
        ImGui::SameLine(0, viewer.px(18));
        ImGui::PushStyleColor(ImGuiCol_Text, entry_colour(entry));
        ImGui::TextUnformatted(viewer.bench.entry_title(entry).c_str());
        ImGui::PopStyleColor();
        ImGui::SameLine(0, viewer.px(6));
        ImGui::TextUnformatted(value_text(values).c_str());
    }
}

void draw_jobs(Viewer& viewer) {
    const std::vector<JobPtr> jobs = viewer.bench.active_jobs();
    if (jobs.empty()) return;
    const JobPtr& job = jobs.front();
    std::string words = job->name();
    if (jobs.size() > 1) words += " (+" + std::to_string(jobs.size() - 1) + ")";
    if (const std::optional<double> left = job->seconds_left())
        words += "  " + duration_text(*left) + " left";
    const float bar = viewer.px(110);
    const float button = ImGui::CalcTextSize("Cancel").x + 2 * ImGui::GetStyle().FramePadding.x;
    const float text = ImGui::CalcTextSize(words.c_str()).x;
    const float gap = ImGui::GetStyle().ItemSpacing.x;
    const float start = ImGui::GetWindowContentRegionMax().x - text - bar - button - 2 * gap;
    ImGui::SameLine(std::max(start, ImGui::GetCursorPosX()));
    ImGui::TextDisabled("%s", words.c_str());
    ImGui::SameLine();
    char percent[16];
    std::snprintf(percent, sizeof(percent), "%.0f %%", 100 * job->fraction());
    ImGui::ProgressBar(static_cast<float>(job->fraction()), ImVec2(bar, 0), percent);
    ImGui::SameLine();
    action_button(viewer, "codec.cancel", "Cancel", false);
}

}  // namespace

void action_tooltip(const Action& action) {
    if (!ImGui::IsItemHovered(ImGuiHoveredFlags_AllowWhenDisabled)) return;
    const std::string shortcut = shortcut_text(action.shortcut);
    ImGui::BeginTooltip();
    ImGui::TextUnformatted(action.help);
    if (!shortcut.empty()) ImGui::TextDisabled("%s", shortcut.c_str());
    ImGui::EndTooltip();
}

bool action_button(Viewer& viewer, const char* id, const char* label, bool on) {
    const Action* action = find_action(id);
    if (action == nullptr) return false;
    const bool enabled = viewer.enabled(*action);
    ImGui::BeginDisabled(!enabled);
    if (on) ImGui::PushStyleColor(ImGuiCol_Button, IM_COL32(52, 86, 134, 255));
    const bool pressed = ImGui::Button((std::string(label) + "##" + id).c_str());
    if (on) ImGui::PopStyleColor();
    ImGui::EndDisabled();
    action_tooltip(*action);
    if (pressed) viewer.perform(id);
    return pressed;
}

void draw_menu_bar(Viewer& viewer) {
    if (!ImGui::BeginMainMenuBar()) return;
    for (const char* menu : kMenus) {
        if (!ImGui::BeginMenu(menu)) continue;
        for (const Action& action : action_table()) {
            if (std::string(action.menu) != menu) continue;
            const std::string id = action.id;
            if (id == "file.save_nae" || id == "file.close" || id == "view.fit" || id == "view.sidebar" ||
                id == "codec.quality_up" || id == "codec.rd_curve" || id == "heat.ssim" ||
                id == "heat.viridis" || id == "heat.next_worst")
                ImGui::Separator();
            menu_item(viewer, action);
            if (id == "file.open_original") recent_menu(viewer);
        }
        ImGui::EndMenu();
    }
    ImGui::EndMainMenuBar();
}

void draw_toolbar(Viewer& viewer) {
    struct ModeButton {
        const char* id;
        const char* label;
    };
    const auto ticked = [&](const char* id) { return viewer.ticked(*find_action(id)); };
    for (const ModeButton& mode : {ModeButton{"view.single", "1"},
                                   {"view.two_up", "2"},
                                   {"view.three_up", "3"},
                                   {"view.four_up", "4"},
                                   {"view.wipe", "Wipe"}}) {
        action_button(viewer, mode.id, mode.label, ticked(mode.id));
        ImGui::SameLine(0, viewer.px(3));
    }
    ImGui::SameLine(0, viewer.px(18));
    action_button(viewer, "view.fit", "Fit", viewer.state.view.fit);
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "view.actual", "1:1", !viewer.state.view.fit && viewer.state.view.zoom == 1);
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    char zoom[32];
    const double percent = 100 * viewer.state.view.zoom;
    std::snprintf(zoom, sizeof(zoom), percent < 10 ? "%.1f %%" : "%.0f %%", percent);
    ImGui::TextDisabled("%s", zoom);
    ImGui::SameLine(0, viewer.px(18));
    action_button(viewer, "heat.toggle", "Heatmap", viewer.state.any_heat());
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "heat.next_worst", "Worst", false);
    ImGui::SameLine(0, viewer.px(18));
    action_button(viewer, "codec.rd_curve", "R–D plot", false);
    ImGui::SameLine(0, viewer.px(3));
    action_button(viewer, "help.palette", "Actions", false);
}

void draw_status_bar(Viewer& viewer) {
    ImGui::AlignTextToFramePadding();
    draw_pixel(viewer);
    draw_jobs(viewer);
}

void draw_notices(Viewer& viewer) {
    if (viewer.notices.empty()) return;
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(ImVec2(viewport->WorkPos.x + viewport->WorkSize.x / 2,
                                   viewport->WorkPos.y + viewport->WorkSize.y - viewer.px(48)),
                            ImGuiCond_Always, ImVec2(0.5f, 1));
    ImGui::SetNextWindowSizeConstraints(ImVec2(viewer.px(260), 0), ImVec2(viewport->WorkSize.x * 0.7f, 1e4f));
    ImGui::PushStyleColor(ImGuiCol_WindowBg, IM_COL32(58, 48, 34, 250));
    ImGui::Begin("notices", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoFocusOnAppearing);
    ImGui::PushTextWrapPos(viewport->WorkSize.x * 0.6f);
    for (const Message& notice : viewer.notices) {
        ImGui::PushStyleColor(ImGuiCol_Text, notice.error ? kWarning : ImGui::GetColorU32(ImGuiCol_Text));
        ImGui::TextUnformatted(notice.text.c_str());
        ImGui::PopStyleColor();
    }
    ImGui::PopTextWrapPos();
    if (ImGui::SmallButton("Dismiss")) viewer.notices.clear();
    ImGui::End();
    ImGui::PopStyleColor();
}

}  // namespace nae
