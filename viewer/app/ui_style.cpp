#include "viewer/app/ui_style.h"

#include <cmath>
#include <fstream>
#include <string>

namespace nae {
namespace {

// Latin with accents, Greek, dashes and dots, super- and subscripts, arrows, relations, small triangles.
constexpr ImWchar kGlyphs[] = {0x0020, 0x017F, 0x0370, 0x03FF, 0x2010, 0x2027, 0x2070, 0x209F, 0x2190,
                               0x2193, 0x2212, 0x2212, 0x2248, 0x2265, 0x25A0, 0x25CF, 0};

ImFont* load(const char* path, float pixels) {
    ImFontConfig config;
    config.OversampleH = 2;
    config.OversampleV = 1;
    config.PixelSnapH = true;
    return ImGui::GetIO().Fonts->AddFontFromFileTTF(path, pixels, &config, kGlyphs);
}

void set_colours(ImVec4* colours) {
    // Neutral grays: nothing around the pictures tints the judgement of their colours.
    const auto gray = [](float level, float alpha = 1) { return ImVec4(level, level, level * 1.02f, alpha); };
    colours[ImGuiCol_WindowBg] = gray(0.125f);
    colours[ImGuiCol_PopupBg] = gray(0.15f, 0.98f);
    colours[ImGuiCol_MenuBarBg] = gray(0.15f);
    colours[ImGuiCol_Border] = gray(0.28f);
    colours[ImGuiCol_Text] = gray(0.91f);
    colours[ImGuiCol_TextDisabled] = gray(0.60f);
    colours[ImGuiCol_FrameBg] = gray(0.20f);
    colours[ImGuiCol_FrameBgHovered] = gray(0.25f);
    colours[ImGuiCol_FrameBgActive] = gray(0.29f);
    colours[ImGuiCol_Button] = gray(0.22f);
    colours[ImGuiCol_ButtonHovered] = gray(0.29f);
    colours[ImGuiCol_ButtonActive] = gray(0.35f);
    colours[ImGuiCol_Header] = gray(0.20f);
    colours[ImGuiCol_HeaderHovered] = gray(0.26f);
    colours[ImGuiCol_HeaderActive] = gray(0.30f);
    colours[ImGuiCol_Separator] = gray(0.26f);
    colours[ImGuiCol_TitleBg] = gray(0.15f);
    colours[ImGuiCol_TitleBgActive] = gray(0.18f);
    colours[ImGuiCol_ScrollbarBg] = gray(0.125f);
    colours[ImGuiCol_ScrollbarGrab] = gray(0.28f);
    const ImVec4 accent = ImGui::ColorConvertU32ToFloat4(kAccent);
    colours[ImGuiCol_CheckMark] = accent;
    colours[ImGuiCol_SliderGrab] = accent;
    colours[ImGuiCol_SliderGrabActive] = accent;
    colours[ImGuiCol_PlotHistogram] = accent;
    colours[ImGuiCol_NavHighlight] = accent;
    colours[ImGuiCol_TextSelectedBg] = ImVec4(accent.x, accent.y, accent.z, 0.35f);
    colours[ImGuiCol_ModalWindowDimBg] = ImVec4(0, 0, 0, 0.45f);
}

}  // namespace

Status set_up_style(float scale, Fonts& fonts) {
    // Dear ImGui stops the program when a font is missing; this says which one.
    for (const char* path : {NAE_FONT_REGULAR, NAE_FONT_BOLD})
        if (!std::ifstream(path))
            return Status(ErrorCode::io,
                          std::string(path) + ": the font is missing (package fonts-dejavu-core)");
    fonts.regular = load(NAE_FONT_REGULAR, std::round(14 * scale));
    fonts.bold = load(NAE_FONT_BOLD, std::round(14 * scale));
    fonts.small = load(NAE_FONT_REGULAR, std::round(11.5f * scale));
    ImGuiStyle& style = ImGui::GetStyle();
    style = ImGuiStyle();
    style.WindowRounding = 6;
    style.FrameRounding = 4;
    style.GrabRounding = 4;
    style.PopupRounding = 5;
    style.ScrollbarRounding = 4;
    style.WindowPadding = ImVec2(10, 8);
    style.FramePadding = ImVec2(8, 4);
    style.ItemSpacing = ImVec2(8, 6);
    style.ItemInnerSpacing = ImVec2(6, 4);
    style.ScrollbarSize = 11;
    style.WindowTitleAlign = ImVec2(0.5f, 0.5f);
    style.ScaleAllSizes(scale);
    style.WindowBorderSize = 0;
    style.PopupBorderSize = 1;
    set_colours(style.Colors);
    return Status();
}

ImU32 entry_colour(Entry entry) {
    switch (entry) {
        case Entry::nae:
            return IM_COL32(74, 197, 182, 255);
        case Entry::jpeg:
            return IM_COL32(244, 158, 76, 255);
        case Entry::original:
            break;
    }
    return IM_COL32(205, 207, 212, 255);
}

}  // namespace nae
