#include "viewer/core/view_state.h"

#include <algorithm>
#include <string>

namespace nae {

void ViewState::reset_panes() {
    panes = {};
    panes[1].entry = Entry::nae;
    panes[2].entry = Entry::jpeg;
    if (mode == CompareMode::four_up) {
        panes[0].entry = panes[2].entry = Entry::nae;
        panes[1].entry = panes[3].entry = Entry::jpeg;
        set_all_heat(true);
    }
    // Two pictures to judge against each other are worth more than the original beside one of them.
    if (mode == CompareMode::wipe) {
        panes[0].entry = Entry::nae;
        panes[1].entry = Entry::jpeg;
    }
    if (mode == CompareMode::single) {
        panes[0].entry = Entry::nae;
        panes[1].entry = Entry::original;
    }
}

View ViewState::pane_view(const PaneState& pane) const {
    View own = view;
    own.centre_x += pane.shift_x;
    own.centre_y += pane.shift_y;
    own.zoom = std::clamp(view.zoom * pane.zoom, kMinZoom, kMaxZoom);
    return own;
}

bool ViewState::any_heat() const {
    const auto shown = static_cast<size_t>(mode == CompareMode::wipe ? 2 : pane_count(mode));
    return std::any_of(panes.begin(), panes.begin() + static_cast<ptrdiff_t>(shown),
                       [](const PaneState& pane) { return pane.heat && pane.entry != Entry::original; });
}

void ViewState::set_all_heat(bool on) {
    // Of four panes the upper two keep the pictures themselves.
    const size_t first = mode == CompareMode::four_up ? 2 : 0;
    for (size_t i = 0; i < panes.size(); ++i) panes[i].heat = on && i >= first;
}

void ViewState::relink() {
    for (PaneState& pane : panes) {
        pane.shift_x = pane.shift_y = 0;
        pane.zoom = 1;
    }
}

void ViewState::write_to(Settings& settings) const {
    settings.set("mode", compare_mode_name(mode));
    for (size_t i = 0; i < panes.size(); ++i) {
        const std::string name = "pane." + std::to_string(i);
        settings.set(name, entry_name(panes[i].entry));
        settings.set(name + ".heat", panes[i].heat ? 1 : 0);
    }
    settings.set("view.fit", view.fit ? 1 : 0);
    settings.set("view.x", view.centre_x);
    settings.set("view.y", view.centre_y);
    settings.set("view.zoom", view.zoom);
    settings.set("wipe", wipe);
    settings.set("heat.kind", heat_kind_name(heat_kind));
    settings.set("heat.blend", heat_blend);
    settings.set("heat.colours", colour_map_name(colours));
    settings.set("heat.auto", heat_auto_range ? 1 : 0);
    settings.set("heat.low", heat_range.low);
    settings.set("heat.high", heat_range.high);
    settings.set("sidebar", sidebar ? 1 : 0);
}

void ViewState::read_from(const Settings& settings) {
    compare_mode_of(settings.text("mode").c_str(), mode);
    for (size_t i = 0; i < panes.size(); ++i) {
        const std::string name = "pane." + std::to_string(i);
        entry_of(settings.text(name), panes[i].entry);
        panes[i].heat = settings.number(name + ".heat", panes[i].heat ? 1 : 0) != 0;
    }
    view.fit = settings.number("view.fit", view.fit ? 1 : 0) != 0;
    view.centre_x = settings.number("view.x", view.centre_x);
    view.centre_y = settings.number("view.y", view.centre_y);
    view.zoom = std::clamp(settings.number("view.zoom", view.zoom), kMinZoom, kMaxZoom);
    wipe = std::clamp(settings.number("wipe", wipe), 0.0, 1.0);
    heat_kind_of(settings.text("heat.kind"), heat_kind);
    heat_blend = std::clamp(settings.number("heat.blend", heat_blend), 0.0, 1.0);
    const std::string map = settings.text("heat.colours");
    for (const ColourMap each : {ColourMap::viridis, ColourMap::turbo, ColourMap::grey})
        if (map == colour_map_name(each)) colours = each;
    heat_auto_range = settings.number("heat.auto", heat_auto_range ? 1 : 0) != 0;
    const HeatRange range{settings.number("heat.low", heat_range.low),
                          settings.number("heat.high", heat_range.high)};
    if (range.high > range.low) heat_range = range;
    sidebar = settings.number("sidebar", sidebar ? 1 : 0) != 0;
}

}  // namespace nae
