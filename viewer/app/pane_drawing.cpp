#include "viewer/app/pane_drawing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

namespace nae {
namespace {

ImVec2 screen(const View& view, const Box& box, double x, double y) {
    const Point p = to_screen(view, box, {x, y});
    return ImVec2(static_cast<float>(p.x), static_cast<float>(p.y));
}

// Transparent pixels show this: light and dark squares that stay where they are on the screen.
void draw_checkerboard(ImDrawList& list, ImVec2 from, ImVec2 to, float cell) {
    list.AddRectFilled(from, to, IM_COL32(102, 102, 102, 255));
    for (int row = static_cast<int>(from.y / cell); static_cast<float>(row) * cell < to.y; ++row)
        for (int column = static_cast<int>(from.x / cell); static_cast<float>(column) * cell < to.x;
             ++column) {
            if ((row + column) % 2 != 0) continue;
            const ImVec2 a(std::max(from.x, static_cast<float>(column) * cell),
                           std::max(from.y, static_cast<float>(row) * cell));
            const ImVec2 b(std::min(to.x, static_cast<float>(column + 1) * cell),
                           std::min(to.y, static_cast<float>(row + 1) * cell));
            list.AddRectFilled(a, b, IM_COL32(134, 134, 134, 255));
        }
}

void text_in_middle(ImDrawList& list, ImFont* font, const Box& box, float below_middle, ImU32 colour,
                    const std::string& words) {
    const float wrap = static_cast<float>(box.width) * 0.9f;
    const ImVec2 size = font->CalcTextSizeA(font->FontSize, 1e9f, wrap, words.c_str());
    list.AddText(font, font->FontSize,
                 ImVec2(static_cast<float>(box.x + box.width / 2) - size.x / 2,
                        static_cast<float>(box.y + box.height / 2) + below_middle),
                 colour, words.c_str(), nullptr, wrap);
}

}  // namespace

void draw_tiles(Viewer& viewer, ImDrawList& list, const TileSourcePtr& source, const View& view,
                const Box& box, const Box& clip, double opacity) {
    const int width = source->width();
    const int height = source->height();
    // The box's own region, cut to what the clip shows of it.
    const Point first = to_picture(view, box, {clip.x, clip.y});
    const Point last = to_picture(view, box, {clip.x + clip.width, clip.y + clip.height});
    const auto limit = [](double value, int most) {
        return static_cast<int>(std::clamp<double>(value, 0, most));
    };
    const int x = limit(std::floor(first.x), width);
    const int y = limit(std::floor(first.y), height);
    const Region region{x, y, limit(std::ceil(last.x), width) - x, limit(std::ceil(last.y), height) - y};
    if (region.empty()) return;
    if (source->has_alpha() && opacity >= 1) {
        const ImVec2 from = screen(view, box, 0, 0);
        const ImVec2 to = screen(view, box, width, height);
        draw_checkerboard(list,
                          ImVec2(std::max(from.x, static_cast<float>(clip.x)),
                                 std::max(from.y, static_cast<float>(clip.y))),
                          ImVec2(std::min(to.x, static_cast<float>(clip.x + clip.width)),
                                 std::min(to.y, static_cast<float>(clip.y + clip.height))),
                          viewer.px(8));
    }
    const ImU32 tint =
        IM_COL32(255, 255, 255, static_cast<int>(std::lround(255 * std::clamp(opacity, 0.0, 1.0))));
    const int level = level_for_zoom(view.zoom, width, height);
    const int coarsest = coarsest_level(width, height);
    for (const TileKey& key : tiles_of_region(region, level, width, height)) {
        const Region covered = tile_region(key, width, height);
        TilePtr tile = viewer.tiles.get(source, key);
        TileKey shown = key;
        ImTextureID texture = tile ? viewer.textures.of(tile) : nullptr;
        // Not there yet: the part of the nearest coarser tile that is.
        while (texture == nullptr && shown.level < coarsest) {
            shown = {shown.level + 1, shown.column / 2, shown.row / 2};
            tile = viewer.tiles.peek(source, shown);
            texture = tile ? viewer.textures.of(tile) : nullptr;
        }
        if (texture == nullptr) continue;
        const Region whole = tile_region(shown, width, height);
        const double texel = 1 << shown.level;
        const auto u = [&](double at) { return static_cast<float>((at - whole.x) / (texel * tile->width)); };
        const auto v = [&](double at) { return static_cast<float>((at - whole.y) / (texel * tile->height)); };
        const double right = covered.x + covered.width;
        const double bottom = covered.y + covered.height;
        list.AddImage(texture, screen(view, box, covered.x, covered.y), screen(view, box, right, bottom),
                      ImVec2(u(covered.x), v(covered.y)), ImVec2(u(right), v(bottom)), tint);
    }
    // One ring around what is seen, so that panning finds its tiles there.
    const int ring = kTileSize << level;
    const Region around{region.x - ring, region.y - ring, region.width + 2 * ring, region.height + 2 * ring};
    for (const TileKey& key : tiles_of_region(around, level, width, height)) viewer.tiles.get(source, key);
}

void draw_values(Viewer& viewer, ImDrawList& list, Entry entry, const View& view, const Box& box,
                 const Box& clip) {
    ImFont* font = viewer.fonts.small;
    const Region region =
        intersection(visible_region(view, clip, viewer.bench.width(), viewer.bench.height()),
                     visible_region(view, box, viewer.bench.width(), viewer.bench.height()));
    // Three lines of five digits need this much room.
    if (view.zoom < static_cast<double>(font->FontSize) * 3.4) return;
    for (int y = region.y; y < region.y + region.height; ++y)
        for (int x = region.x; x < region.x + region.width; ++x) {
            const std::vector<double> values = viewer.bench.values(entry, x, y);
            const std::shared_ptr<const Picture> picture = viewer.bench.picture(entry);
            const Region& window = viewer.bench.window();
            double light = 0;
            if (picture && window.contains(x, y)) {
                const uint8_t* pixel = picture->pixel(x - window.x, y - window.y);
                light = picture->bands == 3 ? 0.3 * pixel[0] + 0.59 * pixel[1] + 0.11 * pixel[2] : pixel[0];
            }
            const ImU32 colour = light > 130 ? IM_COL32(0, 0, 0, 215) : IM_COL32(255, 255, 255, 225);
            const ImVec2 middle = screen(view, box, x + 0.5, y + 0.5);
            float at = middle.y - font->FontSize * static_cast<float>(values.size()) / 2;
            for (const double value : values) {
                char text[32];
                std::snprintf(text, sizeof(text), "%.5g", value);
                const float width = font->CalcTextSizeA(font->FontSize, 1e9f, 0, text).x;
                list.AddText(font, font->FontSize, ImVec2(std::round(middle.x - width / 2), std::round(at)),
                             colour, text);
                at += font->FontSize;
            }
        }
}

void draw_placeholder(Viewer& viewer, Entry entry, const Box& box) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const JobPtr job = viewer.bench.job(entry);
    const std::string error = viewer.bench.error(entry);
    if (!error.empty()) return text_in_middle(list, viewer.fonts.regular, box, 0, kWarning, error);
    if (entry == Entry::original && !viewer.bench.has_original()) {
        text_in_middle(list, viewer.fonts.regular, box, -viewer.px(34), kTextDim,
                       "The original is not open: nothing to compare with.");
        const std::string suggestion = viewer.bench.suggested_original();
        const std::string name = suggestion.substr(suggestion.find_last_of('/') + 1);
        const std::string label = suggestion.empty() ? "Open original…" : "Open " + name;
        const float width = ImGui::CalcTextSize(label.c_str()).x + viewer.px(28);
        ImGui::SetCursorScreenPos(ImVec2(static_cast<float>(box.x + box.width / 2) - width / 2,
                                         static_cast<float>(box.y + box.height / 2)));
        if (ImGui::Button(label.c_str(), ImVec2(width, 0))) {
            const Status status = suggestion.empty() ? Status() : viewer.bench.open_original(suggestion);
            if (suggestion.empty()) viewer.ask_to_open(true);
            if (!status.ok()) viewer.bench.say(status.message());
        }
        return;
    }
    std::string words = "Waiting for the original";
    if (job)
        words = job->name() + "…";
    else if (viewer.bench.has_original())
        words = "No result yet";
    text_in_middle(list, viewer.fonts.regular, box, 0, kTextDim, words);
}

void draw_welcome(Viewer& viewer, const Box& area) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(
        ImVec2(static_cast<float>(area.x), static_cast<float>(area.y)),
        ImVec2(static_cast<float>(area.x + area.width), static_cast<float>(area.y + area.height)),
        kPaneBackground, viewer.px(6));
    const float line = viewer.fonts.regular->FontSize * 1.7f;
    text_in_middle(list, viewer.fonts.bold, area, -4 * line, IM_COL32(235, 236, 240, 255),
                   "See what each codec does to a picture");
    text_in_middle(list, viewer.fonts.regular, area, -3 * line, kTextDim,
                   "Drop a picture here, a .nae file, or both as a pair.");
    const float width = viewer.px(110);
    const auto middle = static_cast<float>(area.x + area.width / 2);
    ImGui::SetCursorScreenPos(
        ImVec2(middle - width / 2, static_cast<float>(area.y + area.height / 2) - 1.6f * line));
    action_button(viewer, "file.open", "Open…", false);
    float y = static_cast<float>(area.y + area.height / 2) + 0.4f * line;
    if (viewer.recent.paths().empty()) return;
    text_in_middle(list, viewer.fonts.small, area, 0.4f * line, kTextDim, "Recent");
    std::string chosen;
    for (const std::string& path : viewer.recent.paths()) {
        y += line;
        const std::string name = path.substr(path.find_last_of('/') + 1);
        const float name_width = ImGui::CalcTextSize(name.c_str()).x + viewer.px(16);
        ImGui::SetCursorScreenPos(ImVec2(middle - name_width / 2, y));
        ImGui::PushStyleColor(ImGuiCol_Button, IM_COL32(0, 0, 0, 0));
        if (ImGui::Button((name + "##" + path).c_str(), ImVec2(name_width, 0))) chosen = path;
        ImGui::PopStyleColor();
        if (ImGui::IsItemHovered()) ImGui::SetTooltip("%s", path.c_str());
    }
    if (!chosen.empty()) viewer.open({chosen});
}

}  // namespace nae
