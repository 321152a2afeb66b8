#include "viewer/app/lab_window.h"

#include <cstdio>

#include "viewer/app/viewer.h"

namespace nae {

bool edit_text(const char* label, std::string& text) {
    char buffer[1024];
    std::snprintf(buffer, sizeof buffer, "%s", text.c_str());
    if (!ImGui::InputText(label, buffer, sizeof buffer)) return false;
    text = buffer;
    return true;
}

void draw_laboratory(Viewer& viewer) {
    LabWindow& lab = viewer.lab;
    lab.laboratory.poll();
    if (!lab.show) return;
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(viewport->GetWorkCenter(), ImGuiCond_Appearing, ImVec2(0.5f, 0.5f));
    ImGui::SetNextWindowSize(ImVec2(viewport->WorkSize.x * 0.86f, viewport->WorkSize.y * 0.86f),
                             ImGuiCond_Appearing);
    if (ImGui::Begin("Laboratory", &lab.show,
                     ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoCollapse) &&
        ImGui::BeginTabBar("tabs")) {
        const struct {
            LabTab tab;
            const char* title;
            void (*draw)(Viewer&);
        } tabs[] = {{LabTab::train, "Train", draw_lab_train},
                    {LabTab::results, "Results", draw_lab_results},
                    {LabTab::graphs, "Graphs", draw_lab_graphs}};
        for (const auto& each : tabs) {
            const bool wanted = lab.choose_tab && lab.tab == each.tab;
            if (!ImGui::BeginTabItem(each.title, nullptr, wanted ? ImGuiTabItemFlags_SetSelected : 0))
                continue;
            if (wanted) lab.choose_tab = false;
            each.draw(viewer);
            ImGui::EndTabItem();
        }
        ImGui::EndTabBar();
    }
    ImGui::End();
}

}  // namespace nae
