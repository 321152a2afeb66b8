// The pictures: panes in step, the wipe, heatmaps, values on the pixels.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "viewer/app/pane_drawing.h"
#include "viewer/app/viewer.h"

namespace nae {
namespace {

ImVec2 corner(const Box& box) { return ImVec2(static_cast<float>(box.x), static_cast<float>(box.y)); }
ImVec2 far_corner(const Box& box) {
    return ImVec2(static_cast<float>(box.x + box.width), static_cast<float>(box.y + box.height));
}

// What a pane shows now: while the flicker key is held, the other picture.
PaneState shown_pane(const Viewer& viewer, size_t index) {
    PaneState pane = viewer.state.panes[index];
    if (!viewer.flicker) return pane;
    if (viewer.state.mode == CompareMode::single || viewer.state.mode == CompareMode::wipe) {
        const PaneState& other = viewer.state.panes[1 - index];
        pane.entry = other.entry;
        pane.heat = other.heat;
    } else {
        pane.entry = Entry::original;
    }
    return pane;
}

void choose_entry(Viewer& viewer, size_t index, const char* popup) {
    if (!ImGui::BeginPopup(popup)) return;
    PaneState& pane = viewer.state.panes[index];
    for (const Entry entry : kEntries)
        if (ImGui::MenuItem(entry_name(entry), nullptr, pane.entry == entry)) pane.entry = entry;
    ImGui::Separator();
    if (ImGui::MenuItem("Heatmap over it", nullptr, pane.heat, pane.entry != Entry::original))
        pane.heat = !pane.heat;
    ImGui::EndPopup();
}

// Two lines above the picture; the whole strip is a button that chooses what the pane shows.
void draw_header(Viewer& viewer, size_t index, const PaneState& pane, const Box& box) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(corner(box), far_corner(box), true);
    list.AddRectFilled(corner(box), far_corner(box), kHeaderBackground, viewer.px(4),
                       ImDrawFlags_RoundCornersTop);
    const auto x = static_cast<float>(box.x);
    const auto y = static_cast<float>(box.y);
    list.AddRectFilled(corner(box), ImVec2(x + viewer.px(4), y + static_cast<float>(box.height)),
                       entry_colour(pane.entry), viewer.px(4), ImDrawFlags_RoundCornersTopLeft);

    const float left = x + viewer.px(12);
    const float size = viewer.fonts.bold->FontSize;
    const std::string title = viewer.bench.entry_title(pane.entry) + (viewer.flicker ? "  (flicker)" : "");
    list.AddText(viewer.fonts.bold, size, ImVec2(left, y + viewer.px(4)), entry_colour(pane.entry),
                 title.c_str());
    const float after =
        left + viewer.fonts.bold->CalcTextSizeA(size, 1e9f, 0, title.c_str()).x + viewer.px(10);
    list.AddText(viewer.fonts.regular, size, ImVec2(after, y + viewer.px(4)), kTextDim,
                 viewer.bench.entry_settings(pane.entry).c_str());
    const ImVec2 second(left, y + viewer.px(6) + size);
    const JobPtr job = viewer.bench.job(pane.entry);
    const std::string error = viewer.bench.error(pane.entry);
    std::string figures = viewer.bench.entry_figures(pane.entry);
    if (!error.empty() && figures.empty())
        list.AddText(second, kWarning, error.c_str());
    else if (figures.empty() && job)
        list.AddText(second, kTextDim, (job->name() + "…").c_str());
    else
        list.AddText(second, ImGui::GetColorU32(ImGuiCol_Text), figures.c_str());
    if (job) {
        // The old result stays; a line along the header's lower edge shows the new one coming.
        const auto bottom = static_cast<float>(box.y + box.height);
        const float end = x + static_cast<float>(box.width * std::clamp(job->fraction(), 0.02, 1.0));
        list.AddRectFilled(ImVec2(x, bottom - viewer.px(2)), ImVec2(end, bottom), kAccent);
    }
    if (pane.heat && pane.entry != Entry::original) {
        const std::string note = heat_kind_title(viewer.state.heat_kind);
        const ImVec2 extent = ImGui::CalcTextSize(note.c_str());
        const ImVec2 at(static_cast<float>(box.x + box.width) - extent.x - viewer.px(14), y + viewer.px(4));
        list.AddRectFilled(ImVec2(at.x - viewer.px(6), at.y - viewer.px(1)),
                           ImVec2(at.x + extent.x + viewer.px(6), at.y + extent.y + viewer.px(1)),
                           IM_COL32(30, 31, 34, 255), viewer.px(3));
        list.AddText(at, kWarning, note.c_str());
    }
    list.PopClipRect();

    ImGui::SetCursorScreenPos(corner(box));
    const std::string popup = "choose " + std::to_string(index);
    if (ImGui::InvisibleButton(("header " + std::to_string(index)).c_str(),
                               ImVec2(static_cast<float>(box.width), static_cast<float>(box.height))))
        ImGui::OpenPopup(popup.c_str());
    if (ImGui::IsItemHovered() && !ImGui::IsPopupOpen(popup.c_str()))
        ImGui::SetTooltip("%s  %s\n%s\nClick to choose what this pane shows.",
                          viewer.bench.entry_title(pane.entry).c_str(),
                          viewer.bench.entry_settings(pane.entry).c_str(), figures.c_str());
    choose_entry(viewer, index, popup.c_str());
}

// Pan, zoom, selection of a rectangle; `pane` is what panning alone changes.
void handle_mouse(Viewer& viewer, PaneState& pane, const Box& box, size_t index) {
    ImGui::SetCursorScreenPos(corner(box));
    const ImVec2 size(std::max(1.0f, static_cast<float>(box.width)),
                      std::max(1.0f, static_cast<float>(box.height)));
    ImGui::InvisibleButton(("pane " + std::to_string(index)).c_str(), size,
                           ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered();
    const bool active = ImGui::IsItemActive();
    if (!hovered && !active) return;
    const ImGuiIO& io = ImGui::GetIO();
    Workbench& bench = viewer.bench;
    ViewState& state = viewer.state;
    const Point cursor{static_cast<double>(io.MousePos.x), static_cast<double>(io.MousePos.y)};
    const View view = snapped(state.pane_view(pane), box);
    const Point at = to_picture(view, box, cursor);
    if (hovered && at.x >= 0 && at.y >= 0 && at.x < bench.width() && at.y < bench.height())
        viewer.mouse = {true, static_cast<int>(at.x), static_cast<int>(at.y)};

    const auto change = [&](const View& next) {
        state.view.fit = false;
        if (viewer.unlink) {
            pane.shift_x += next.centre_x - view.centre_x;
            pane.shift_y += next.centre_y - view.centre_y;
            pane.zoom *= next.zoom / view.zoom;
        } else {
            state.view.centre_x += next.centre_x - view.centre_x;
            state.view.centre_y += next.centre_y - view.centre_y;
            state.view.zoom = std::clamp(state.view.zoom * next.zoom / view.zoom, kMinZoom, kMaxZoom);
        }
    };
    if (hovered && io.MouseWheel != 0)
        change(zoomed_about(view, box, cursor, std::pow(1.25, static_cast<double>(io.MouseWheel))));
    const bool dragging = active && (io.MouseDelta.x != 0 || io.MouseDelta.y != 0);
    if (active && io.KeyShift) {
        const ImVec2 from = io.MouseClickedPos[0];
        const Point start = to_picture(view, box, {static_cast<double>(from.x), static_cast<double>(from.y)});
        const auto low_high = [](double a, double b, int limit) {
            const int low = std::clamp(static_cast<int>(std::floor(std::min(a, b))), 0, limit);
            const int high = std::clamp(static_cast<int>(std::ceil(std::max(a, b))), 0, limit);
            return std::make_pair(low, high - low);
        };
        const auto [x, width] = low_high(start.x, at.x, bench.width());
        const auto [y, height] = low_high(start.y, at.y, bench.height());
        state.selection = width > 1 && height > 1 ? Region{x, y, width, height} : Region{};
    } else if (dragging) {
        change(panned(view, static_cast<double>(io.MouseDelta.x), static_cast<double>(io.MouseDelta.y),
                      bench.width(), bench.height()));
    }
    if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left) && !io.KeyShift) {
        if (state.view.fit || state.view.zoom < 1) {
            change(zoomed_about(view, box, cursor, 1 / view.zoom));
        } else {
            viewer.perform("view.fit");
        }
    }
}

void draw_marks(const Viewer& viewer, ImDrawList& list, const View& view, const Box& box) {
    const auto frame = [&](const Region& region, ImU32 colour) {
        const Point a = to_screen(view, box, {static_cast<double>(region.x), static_cast<double>(region.y)});
        const Point b = to_screen(
            view, box,
            {static_cast<double>(region.x + region.width), static_cast<double>(region.y + region.height)});
        const ImVec2 from(static_cast<float>(a.x), static_cast<float>(a.y));
        const ImVec2 to(static_cast<float>(b.x), static_cast<float>(b.y));
        list.AddRect(ImVec2(from.x - 1, from.y - 1), ImVec2(to.x + 1, to.y + 1), IM_COL32(0, 0, 0, 160));
        list.AddRect(from, to, colour, 0, 0, std::max(1.0f, viewer.px(1.5f)));
    };
    if (!viewer.state.selection.empty()) frame(viewer.state.selection, kAccent);
    if (!viewer.bench.whole() && viewer.bench.has_original()) frame(viewer.bench.window(), kWarning);
    const Heat* heat = viewer.bench.heat_if_there(viewer.heat_entry(), viewer.state.heat_kind);
    if (heat != nullptr && viewer.worst_index >= 0 &&
        viewer.worst_index < static_cast<int>(heat->worst.size()))
        frame(heat->worst[static_cast<size_t>(viewer.worst_index)].region, kWarning);
}

// The picture, its heatmap, marks and values, inside `clip` (the wipe shows a part of the box).
void draw_content(Viewer& viewer, const PaneState& pane, const Box& box, const Box& clip) {
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.PushClipRect(corner(clip), far_corner(clip), true);
    const View view = snapped(viewer.state.pane_view(pane), box);
    const TileSourcePtr source = viewer.bench.tiles(pane.entry);
    if (source) {
        draw_tiles(viewer, list, source, view, box, clip, 1);
        const bool heat = pane.heat && pane.entry != Entry::original;
        if (heat)
            if (const TileSourcePtr tiles = viewer.heat_tiles(pane.entry))
                draw_tiles(viewer, list, tiles, view, box, clip, viewer.state.heat_blend);
        if (!heat || viewer.state.heat_blend < 0.5) draw_values(viewer, list, pane.entry, view, box, clip);
        draw_marks(viewer, list, view, box);
    } else {
        draw_placeholder(viewer, pane.entry, box);
    }
    list.PopClipRect();
}

Box below_header(const Box& box, double header) {
    return {box.x, box.y + header, box.width, box.height - header};
}

void draw_wipe(Viewer& viewer, const Box& area, double header) {
    const Box box = below_header(area, header);
    ViewState& state = viewer.state;
    const double divider = box.x + std::round(box.width * state.wipe);
    const Box left{box.x, box.y, divider - box.x, box.height};
    const Box right{divider, box.y, box.x + box.width - divider, box.height};
    const PaneState a = shown_pane(viewer, 0);
    const PaneState b = shown_pane(viewer, 1);
    ImGui::GetWindowDrawList()->AddRectFilled(corner(box), far_corner(box), kPaneBackground);
    draw_content(viewer, a, box, left);
    draw_content(viewer, b, box, right);
    const double half = std::floor((area.width - viewer.px(6)) / 2);
    draw_header(viewer, 0, a, {area.x, area.y, half, header});
    draw_header(viewer, 1, b, {area.x + area.width - half, area.y, half, header});

    // The divider first: the item submitted first has the mouse where both are.
    const float grip = viewer.px(7);
    const auto x = static_cast<float>(divider);
    ImGui::SetCursorScreenPos(ImVec2(x - grip, static_cast<float>(box.y)));
    ImGui::InvisibleButton("divider", ImVec2(2 * grip, static_cast<float>(box.height)));
    const bool hot = ImGui::IsItemHovered() || ImGui::IsItemActive();
    if (hot) ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
    if (ImGui::IsItemActive())
        state.wipe =
            std::clamp((static_cast<double>(ImGui::GetIO().MousePos.x) - box.x) / box.width, 0.0, 1.0);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImU32 colour = hot ? kAccent : IM_COL32(235, 235, 235, 255);
    const auto top = static_cast<float>(box.y);
    const auto bottom = static_cast<float>(box.y + box.height);
    list.AddRectFilled(ImVec2(x - viewer.px(2), top), ImVec2(x + viewer.px(2), bottom),
                       IM_COL32(0, 0, 0, 110));
    list.AddRectFilled(ImVec2(x - viewer.px(1), top), ImVec2(x + viewer.px(1), bottom), colour);
    const ImVec2 knob(x, (top + bottom) / 2);
    list.AddCircleFilled(knob, viewer.px(9), IM_COL32(20, 20, 20, 200));
    list.AddCircle(knob, viewer.px(9), colour, 0, viewer.px(1.5f));
    handle_mouse(viewer, state.panes[0], box, 0);
}

}  // namespace

void draw_panes(Viewer& viewer, const Box& area) {
    viewer.mouse = {};
    if (viewer.bench.empty()) return draw_welcome(viewer, area);
    ViewState& state = viewer.state;
    const double header = std::round(static_cast<double>(viewer.fonts.regular->FontSize) * 2 +
                                     static_cast<double>(viewer.px(12)));
    const double aspect = static_cast<double>(viewer.bench.width()) / viewer.bench.height();
    const std::vector<Box> boxes = pane_boxes(pane_count(state.mode), area,
                                              std::round(static_cast<double>(viewer.px(6))), header, aspect);
    viewer.last_pane = below_header(boxes[0], header);
    if (state.view.fit)
        state.view = fitted_view(viewer.bench.width(), viewer.bench.height(), viewer.last_pane.width,
                                 viewer.last_pane.height);
    if (state.mode == CompareMode::wipe) return draw_wipe(viewer, boxes[0], header);
    for (size_t i = 0; i < boxes.size(); ++i) {
        const PaneState pane = shown_pane(viewer, i);
        const Box box = below_header(boxes[i], header);
        ImGui::GetWindowDrawList()->AddRectFilled(corner(box), far_corner(box), kPaneBackground);
        draw_content(viewer, pane, box, box);
        draw_header(viewer, i, pane, {boxes[i].x, boxes[i].y, boxes[i].width, header});
        handle_mouse(viewer, state.panes[i], box, i);
    }
}

}  // namespace nae
