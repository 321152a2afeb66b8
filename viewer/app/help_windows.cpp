// Command palette, help and about: the action table once more.
#include <imgui.h>

#include <algorithm>
#include <string>

#include "viewer/app/viewer.h"

namespace nae {
namespace {

bool begin_centred(Viewer& viewer, const char* title, bool& show, float width, float height) {
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    const ImVec2 size(std::min(viewer.px(width), viewport->WorkSize.x * 0.92f),
                      std::min(viewer.px(height), viewport->WorkSize.y * 0.92f));
    ImGui::SetNextWindowSize(size);
    ImGui::SetNextWindowPos(viewport->GetCenter(), ImGuiCond_Always, ImVec2(0.5f, 0.5f));
    return ImGui::Begin(title, &show,
                        ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoCollapse |
                            ImGuiWindowFlags_NoSavedSettings);
}

}  // namespace

void draw_palette(Viewer& viewer) {
    static char query[128];
    static int chosen = 0;
    static bool was_shown = false;
    const bool appearing = viewer.show_palette && !was_shown;
    was_shown = viewer.show_palette;
    if (!viewer.show_palette) return;
    if (appearing) {
        query[0] = '\0';
        chosen = 0;
    }
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(ImVec2(viewport->GetCenter().x, viewport->WorkPos.y + viewer.px(40)),
                            ImGuiCond_Always, ImVec2(0.5f, 0));
    ImGui::SetNextWindowSize(ImVec2(std::min(viewer.px(520), viewport->WorkSize.x * 0.9f), viewer.px(380)));
    if (appearing) ImGui::SetNextWindowFocus();
    ImGui::Begin("palette", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_NoNavInputs);
    const bool focused = ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows);
    ImGui::SetNextItemWidth(-1);
    if (appearing) ImGui::SetKeyboardFocusHere();
    const int last = chosen;
    ImGui::InputTextWithHint("##query", "Type a few letters of what to do", query, sizeof(query));
    if (ImGui::IsItemEdited()) chosen = 0;
    const std::vector<const Action*> found = search_actions(query);
    const int count = static_cast<int>(found.size());
    chosen += viewer.palette_step;
    const bool entered = viewer.palette_enter;
    viewer.palette_step = 0;
    viewer.palette_enter = false;
    chosen = count == 0 ? 0 : (chosen + count) % count;
    const Action* take = entered && count > 0 ? found[static_cast<size_t>(chosen)] : nullptr;
    ImGui::BeginChild("found");
    for (int i = 0; i < count; ++i) {
        const Action& action = *found[static_cast<size_t>(i)];
        ImGui::BeginDisabled(!viewer.enabled(action));
        if (ImGui::Selectable((std::string(action.title) + "##" + action.id).c_str(), i == chosen))
            take = &action;
        if (i == chosen && chosen != last) ImGui::SetScrollHereY();
        const std::string right = std::string(action.menu) + "   " + shortcut_text(action.shortcut);
        ImGui::SameLine(ImGui::GetWindowContentRegionMax().x - ImGui::CalcTextSize(right.c_str()).x -
                        viewer.px(6));
        ImGui::TextDisabled("%s", right.c_str());
        ImGui::EndDisabled();
    }
    ImGui::EndChild();
    ImGui::End();
    if (take != nullptr && viewer.enabled(*take)) {
        viewer.show_palette = false;
        viewer.perform(take->id);
    } else if (!focused && !appearing) {
        viewer.show_palette = false;
    }
}

void draw_help(Viewer& viewer) {
    if (!viewer.show_help) return;
    if (begin_centred(viewer, "Keys and actions", viewer.show_help, 760, 620)) {
        ImGui::PushTextWrapPos();
        ImGui::TextUnformatted(
            "Drag pans, the wheel zooms about the pointer, a double click goes to 1:1 and back. Ctrl held: "
            "only the "
            "pane under the pointer moves. Space held: the other picture flickers in. Shift+drag measures a "
            "rectangle. A click on a pane's title chooses what it shows.");
        ImGui::PopTextWrapPos();
        ImGui::Separator();
        if (ImGui::BeginTable("actions", 3, ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY)) {
            ImGui::TableSetupColumn("Action", ImGuiTableColumnFlags_WidthStretch, 2.2f);
            ImGui::TableSetupColumn("Keys", ImGuiTableColumnFlags_WidthStretch, 1);
            ImGui::TableSetupColumn("What it does", ImGuiTableColumnFlags_WidthStretch, 4);
            ImGui::TableSetupScrollFreeze(0, 1);
            ImGui::TableHeadersRow();
            for (const Action& action : action_table()) {
                ImGui::TableNextRow();
                ImGui::TableNextColumn();
                ImGui::TextUnformatted(action.title);
                ImGui::TableNextColumn();
                ImGui::TextUnformatted(shortcut_text(action.shortcut).c_str());
                ImGui::TableNextColumn();
                ImGui::PushTextWrapPos();
                ImGui::TextDisabled("%s", action.help);
                ImGui::PopTextWrapPos();
            }
            ImGui::EndTable();
        }
    }
    ImGui::End();
}

void draw_about(Viewer& viewer) {
    if (!viewer.show_about) return;
    if (begin_centred(viewer, "About", viewer.show_about, 460, 200)) {
        ImGui::PushFont(viewer.fonts.bold);
        ImGui::TextUnformatted("NAE viewer " NAE_VERSION);
        ImGui::PopFont();
        ImGui::PushTextWrapPos();
        ImGui::TextUnformatted(
            "Shows what NAE and JPEG did to a picture. Opens .nae files and everything GDAL reads; JPEG is "
            "libjpeg-turbo's.");
        ImGui::TextDisabled(
            "Licence: Apache-2.0. Drawn with Dear ImGui, GLFW and OpenGL; text in DejaVu Sans.");
        ImGui::PopTextWrapPos();
    }
    ImGui::End();
}

}  // namespace nae
