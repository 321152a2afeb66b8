// Which heatmap, its colours with their legend, and the worst regions.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "viewer/app/viewer.h"
#include "viewer/core/axis.h"

namespace nae {
namespace {

void draw_legend(Viewer& viewer) {
    const HeatRange range = viewer.heat_range();
    const std::vector<Rgb> palette = heat_palette(viewer.state.heat_kind, viewer.state.colours);
    const float width = ImGui::GetContentRegionAvail().x;
    const float bar = viewer.px(14);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    constexpr int kSteps = 128;
    for (int i = 0; i < kSteps; ++i) {
        const Rgb& rgb = palette[static_cast<size_t>(i) * (palette.size() - 1) / (kSteps - 1)];
        list.AddRectFilled(ImVec2(at.x + width * static_cast<float>(i) / kSteps, at.y),
                           ImVec2(at.x + width * static_cast<float>(i + 1) / kSteps + 0.5f, at.y + bar),
                           IM_COL32(rgb[0], rgb[1], rgb[2], 255));
    }
    ImFont* font = viewer.fonts.small;
    const Axis axis = make_axis(range.low, range.high, 4, false);
    for (const double tick : axis.ticks) {
        const float x = at.x + std::round((width - 1) * static_cast<float>(axis.fraction(tick)));
        list.AddLine(ImVec2(x, at.y + bar), ImVec2(x, at.y + bar + viewer.px(4)), kTextDim);
        std::string label = axis.label(tick);
        // What is beyond the end is painted like the end.
        if (tick > range.high - (range.high - range.low) * 1e-6) label = "≥ " + label;
        const float text = font->CalcTextSizeA(font->FontSize, 1e9f, 0, label.c_str()).x;
        const float left = std::clamp(x - text / 2, at.x, at.x + width - text);
        list.AddText(font, font->FontSize, ImVec2(left, at.y + bar + viewer.px(5)), kTextDim, label.c_str());
    }
    ImGui::Dummy(ImVec2(width, bar + viewer.px(7) + font->FontSize));
}

void draw_range(Viewer& viewer) {
    ViewState& state = viewer.state;
    bool automatic = state.heat_auto_range;
    if (ImGui::Checkbox("automatic range", &automatic)) {
        state.heat_range = viewer.heat_range();
        state.heat_auto_range = automatic;
    }
    if (ImGui::IsItemHovered())
        ImGui::SetTooltip("To the 99.5 %% point of the worse codec, rounded up;\nthe same range for both.");
    if (state.heat_auto_range) return;
    float ends[] = {static_cast<float>(state.heat_range.low), static_cast<float>(state.heat_range.high)};
    ImGui::SameLine();
    ImGui::SetNextItemWidth(-1);
    if (ImGui::InputFloat2("##range", ends, "%g") && ends[1] > ends[0])
        state.heat_range = {static_cast<double>(ends[0]), static_cast<double>(ends[1])};
}

void draw_worst(Viewer& viewer) {
    const Entry entry = viewer.heat_entry();
    const Heat* heat = viewer.bench.heat_if_there(entry, viewer.state.heat_kind);
    if (heat == nullptr) return;
    ImGui::TextDisabled("Worst regions of %s", entry_name(entry));
    ImGui::SameLine();
    ImGui::TextDisabled("(N: next)");
    if (heat->worst.empty()) {
        ImGui::TextDisabled("None: the pictures are equal.");
        return;
    }
    constexpr int kShown = 6;
    const int count = static_cast<int>(heat->worst.size());
    const int first = std::clamp(viewer.worst_index - kShown / 2, 0, std::max(0, count - kShown));
    for (int i = first; i < std::min(count, first + kShown); ++i) {
        const WorstRegion& each = heat->worst[static_cast<size_t>(i)];
        char text[96];
        std::snprintf(text, sizeof(text), "%2d   x %d  y %d##%d", i + 1, each.region.x, each.region.y, i);
        if (ImGui::Selectable(text, i == viewer.worst_index)) viewer.jump_to_worst(i);
        std::snprintf(text, sizeof(text), "mean %.3g", each.mean);
        ImGui::SameLine(ImGui::GetWindowContentRegionMax().x - ImGui::CalcTextSize(text).x - viewer.px(4));
        ImGui::TextUnformatted(text);
    }
}

}  // namespace

void draw_heat_panel(Viewer& viewer) {
    ViewState& state = viewer.state;
    bool on = state.any_heat();
    if (ImGui::Checkbox("show", &on)) viewer.perform("heat.toggle");
    ImGui::SameLine();
    ImGui::SetNextItemWidth(viewer.px(148));
    if (ImGui::BeginCombo("##kind", heat_kind_title(state.heat_kind))) {
        for (const HeatKind kind : kHeatKinds) {
            std::string id = std::string("heat.") + heat_kind_name(kind);
            std::replace(id.begin(), id.end(), '-', '_');
            if (ImGui::Selectable(heat_kind_title(kind), kind == state.heat_kind)) viewer.perform(id);
        }
        ImGui::EndCombo();
    }
    ImGui::SameLine();
    ImGui::SetNextItemWidth(-1);
    if (ImGui::BeginCombo("##colours", colour_map_name(state.colours))) {
        for (const ColourMap map : {ColourMap::viridis, ColourMap::turbo, ColourMap::grey})
            if (ImGui::Selectable(colour_map_name(map), map == state.colours)) state.colours = map;
        ImGui::EndCombo();
    }
    auto blend = static_cast<float>(100 * state.heat_blend);
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted("Blend");
    ImGui::SameLine(viewer.px(70));
    ImGui::SetNextItemWidth(-1);
    if (ImGui::SliderFloat("##blend", &blend, 0, 100, "%.0f %%"))
        state.heat_blend = static_cast<double>(blend) / 100;
    if (viewer.bench.heat_if_there(viewer.heat_entry(), state.heat_kind) == nullptr) {
        ImGui::TextDisabled("Computed when it is shown (H).");
        return;
    }
    draw_range(viewer);
    const char* unit = heat_kind_unit(state.heat_kind);
    if (unit[0] != '\0') {
        ImGui::SameLine();
        if (state.heat_auto_range)
            ImGui::TextDisabled("in %s", unit);
        else
            ImGui::NewLine();
    }
    draw_legend(viewer);
    draw_worst(viewer);
}

}  // namespace nae
