#include "viewer/app/plot.h"

#include <algorithm>
#include <cmath>

namespace nae {

Plot::Plot(Viewer& viewer, const char* id, float height, const Axis& x, const Axis& y, const char* x_label,
           const char* y_label)
    : x_(x), y_(y) {
    ImFont* font = viewer.fonts.small;
    const auto width_of = [font](const std::string& words) {
        return font->CalcTextSizeA(font->FontSize, 1e9f, 0, words.c_str()).x;
    };
    float labels = 0;
    for (const double tick : y.ticks) labels = std::max(labels, width_of(y.label(tick)));
    const ImVec2 from = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    low_ = ImVec2(std::round(from.x + labels + viewer.px(8)),
                  std::round(from.y + font->FontSize + viewer.px(5)));
    high_ = ImVec2(std::round(from.x + width - viewer.px(6)),
                   std::round(from.y + height - 2 * font->FontSize - viewer.px(8)));
    clicked_ = ImGui::InvisibleButton(id, ImVec2(width, height));
    hovered_ = ImGui::IsItemHovered();

    ImDrawList& out = list();
    out.AddRectFilled(low_, high_, kPaneBackground);
    out.AddText(font, font->FontSize, ImVec2(from.x, from.y), kTextDim, y_label);
    out.AddText(font, font->FontSize,
                ImVec2(high_.x - width_of(x_label), high_.y + font->FontSize + viewer.px(6)), kTextDim,
                x_label);
    for (const double tick : y_.ticks) {
        const float at_y = at(x_.low, tick).y;
        out.AddLine(ImVec2(low_.x, at_y), ImVec2(high_.x, at_y), kRuleColour);
        const std::string label = y_.label(tick);
        out.AddText(font, font->FontSize,
                    ImVec2(low_.x - width_of(label) - viewer.px(5), at_y - font->FontSize / 2), kTextDim,
                    label.c_str());
    }
    float free_from = -1e9f;
    for (const double tick : x_.ticks) {
        const float at_x = at(tick, y_.low).x;
        out.AddLine(ImVec2(at_x, low_.y), ImVec2(at_x, high_.y), kRuleColour);
        const std::string label = x_.label(tick);
        const float left = std::min(at_x - width_of(label) / 2, high_.x + viewer.px(5) - width_of(label));
        if (left < free_from) continue;  // labels never overlap
        out.AddText(font, font->FontSize, ImVec2(left, high_.y + viewer.px(3)), kTextDim, label.c_str());
        free_from = left + width_of(label) + viewer.px(6);
    }
}

ImVec2 Plot::at(double x, double y) const {
    return ImVec2(low_.x + (high_.x - low_.x) * static_cast<float>(x_.fraction(x)),
                  high_.y - (high_.y - low_.y) * static_cast<float>(y_.fraction(y)));
}

}  // namespace nae
