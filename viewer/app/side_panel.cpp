// The side panel: sections that open and close.
#include "viewer/app/viewer.h"

namespace nae {

void draw_side_panel(Viewer& viewer) {
    struct Section {
        const char* title;
        void (*draw)(Viewer&);
    };
    static constexpr Section kSections[] = {
        {"Codecs", draw_codec_panel},       {"Heatmap", draw_heat_panel},
        {"Rate–distortion", draw_rd_panel}, {"Histogram", draw_histogram_panel},
        {"Region", draw_numbers_panel},     {"Bands", draw_bands_panel}};
    if (viewer.bench.empty()) {
        ImGui::TextDisabled("Nothing is open.");
        return;
    }
    for (const Section& section : kSections) {
        ImGui::PushFont(viewer.fonts.bold);
        const bool open = ImGui::CollapsingHeader(section.title, ImGuiTreeNodeFlags_DefaultOpen);
        ImGui::PopFont();
        if (!open) continue;
        ImGui::PushID(section.title);
        section.draw(viewer);
        ImGui::Dummy(ImVec2(0, viewer.px(4)));
        ImGui::PopID();
    }
}

}  // namespace nae
