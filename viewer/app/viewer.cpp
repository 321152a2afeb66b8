#include "viewer/app/viewer.h"

#include <algorithm>
#include <utility>

#include "viewer/core/heat_tiles.h"

namespace nae {
namespace {

constexpr size_t kTileBytes = size_t{256} << 20;
constexpr int kTileThreads = 2;

}  // namespace

Viewer::Viewer(TextureBackend& backend, std::function<void()> wake, const Fonts& loaded, float ui_scale)
    : fonts(loaded),
      scale(ui_scale),
      bench(wake),
      tiles(kTileBytes, kTileThreads, std::move(wake)),
      textures(backend) {
    state.reset_panes();
}

void Viewer::open(const std::vector<std::string>& paths) {
    const bool had_size = !bench.empty();
    const int width = bench.width();
    const int height = bench.height();
    const Status status = bench.open(paths);
    if (!status.ok()) return bench.say(status.message());
    for (const std::string& path : paths) recent.add(path);
    // The same picture again keeps its view: a second file has joined it.
    if (!had_size || width != bench.width() || height != bench.height()) {
        state.view.fit = true;
        state.relink();
        state.selection = {};
    }
    worst_index = -1;
    awaited_worst_.reset();
    notices.clear();
}

std::string Viewer::window_title() const {
    const std::string title = bench.title();
    return title.empty() ? "NAE viewer" : title + " – NAE viewer";
}

bool Viewer::settled() const {
    // A training that has said something runs on beside; one that has not is still starting.
    const bool starting = lab.laboratory.training() && lab.laboratory.progress().fraction == 0;
    return bench.idle() && tiles.settled() && !textures.pending() && !starting;
}

void Viewer::collect_messages() {
    for (Message& message : bench.take_messages()) {
        const bool there = std::any_of(notices.begin(), notices.end(),
                                       [&](const Message& notice) { return notice.text == message.text; });
        if (!there) notices.push_back(std::move(message));
    }
    const std::string error = tiles.take_error();
    if (!error.empty()) notices.push_back({error, true});
    constexpr size_t kMost = 4;
    if (notices.size() > kMost) notices.erase(notices.begin(), notices.end() - kMost);
}

void Viewer::frame() {
    bench.poll();
    collect_messages();
    if (awaited_worst_) jump_to_worst(*awaited_worst_);
    textures.begin_frame();
    tiles.begin_frame();

    draw_menu_bar(*this);
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(viewport->WorkPos);
    ImGui::SetNextWindowSize(viewport->WorkSize);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::Begin("viewer", nullptr,
                 ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings |
                     ImGuiWindowFlags_NoBringToFrontOnFocus | ImGuiWindowFlags_NoNavInputs |
                     ImGuiWindowFlags_NoScrollWithMouse);
    ImGui::PopStyleVar();
    draw_toolbar(*this);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const ImVec2 space = ImGui::GetContentRegionAvail();
    const float status_height = ImGui::GetFrameHeight() + px(4);
    const float side = state.sidebar ? std::min(px(330), space.x * 0.4f) : 0;
    Box area{at.x, at.y, space.x - (side > 0 ? side + px(8) : 0), space.y - status_height};
    draw_panes(*this, area);
    if (side > 0) {
        ImGui::SetCursorScreenPos(ImVec2(at.x + space.x - side, at.y));
        ImGui::BeginChild("side", ImVec2(side, static_cast<float>(area.height)));
        draw_side_panel(*this);
        ImGui::EndChild();
    }
    ImGui::SetCursorScreenPos(ImVec2(at.x, at.y + space.y - status_height + px(4)));
    draw_status_bar(*this);
    ImGui::End();

    draw_notices(*this);
    draw_palette(*this);
    draw_help(*this);
    draw_about(*this);
    draw_laboratory(*this);
    dialog.draw(scale);
    tiles.end_frame();
}

void Viewer::key_pressed(int key, bool control, bool shift, bool typing) {
    if (key == kKeyEscape && (show_palette || show_help || show_about)) {
        show_palette = show_help = show_about = false;
        return;
    }
    if (show_palette && (key == kKeyDown || key == kKeyUp)) palette_step += key == kKeyDown ? 1 : -1;
    if (show_palette && key == kKeyEnter) palette_enter = true;
    if (dialog.showing() && key == kKeyEscape) return dialog.cancel();
    // Dialogs and text fields have the keyboard to themselves, but for Ctrl+Q.
    if (dialog.showing() && !(control && key == 'Q')) return;
    if (typing && !control) return;
    for (const Action& action : action_table()) {
        const Shortcut& shortcut = action.shortcut;
        if (shortcut.key == key && shortcut.control == control && shortcut.shift == shift) {
            if (enabled(action)) perform(action.id);
            return;
        }
    }
}

Entry Viewer::heat_entry() const {
    for (const PaneState& pane : state.panes)
        if (pane.heat && pane.entry != Entry::original &&
            bench.heat_if_there(pane.entry, state.heat_kind) != nullptr)
            return pane.entry;
    return Entry::nae;
}

HeatRange Viewer::heat_range() {
    if (!state.heat_auto_range) return state.heat_range;
    std::vector<std::shared_ptr<const ErrorMap>> maps;
    for (const Entry entry : {Entry::nae, Entry::jpeg})
        if (const Heat* heat = bench.heat_if_there(entry, state.heat_kind)) maps.push_back(heat->map);
    if (maps.empty()) return {0, 1};
    // Percentiles of large maps take time; they change only when a map does.
    if (maps != range_maps_ || range_kind_ != state.heat_kind) {
        range_maps_ = maps;
        range_kind_ = state.heat_kind;
        std::vector<const ErrorMap*> plain;
        for (const auto& map : maps) plain.push_back(map.get());
        automatic_range_ = automatic_range(state.heat_kind, plain);
    }
    return automatic_range_;
}

TileSourcePtr Viewer::heat_tiles(Entry entry) {
    const Heat* heat = bench.heat(entry, state.heat_kind);
    if (heat == nullptr) return nullptr;
    const HeatRange range = heat_range();
    auto& [key, source] = heat_tiles_[entry];
    if (source == nullptr || key.map != heat->map.get() || key.kind != state.heat_kind ||
        key.colours != state.colours || key.range.low != range.low || key.range.high != range.high) {
        key = {heat->map.get(), state.heat_kind, state.colours, range};
        source = tiles_of_heat_map(heat->map, heat_palette(state.heat_kind, state.colours), range,
                                   bench.window().x, bench.window().y, bench.width(), bench.height());
    }
    return source;
}

void Viewer::jump_to_worst(int index) {
    const Heat* heat = bench.heat(heat_entry(), state.heat_kind);
    awaited_worst_.reset();
    if (heat == nullptr) awaited_worst_ = index;
    if (heat == nullptr || heat->worst.empty()) return;
    const int count = static_cast<int>(heat->worst.size());
    worst_index = (index % count + count) % count;
    state.view = view_of_region(heat->worst[static_cast<size_t>(worst_index)].region, last_pane.width,
                                last_pane.height);
    state.relink();
}

void Viewer::ask_to_open(bool original) {
    dialog.open(original ? "Open original" : "Open", dialog.folder(), [this, original](const auto& paths) {
        if (!original || paths.size() != 1) return open(paths);
        const Status status = bench.open_original(paths[0]);
        if (!status.ok()) bench.say(status.message());
    });
}

void Viewer::ask_to_save(const char* title, const std::string& suggestion,
                         std::function<Status(const std::string&)> write) {
    std::string stem = "comparison";
    const std::vector<std::string> paths = bench.open_paths();
    if (!paths.empty()) stem = paths[0].substr(0, paths[0].find_last_of('.'));
    dialog.save(title, stem + suggestion, std::move(write));
}

void Viewer::write_session(Settings& settings) const {
    state.write_to(settings);
    recent.write_to(settings);
    settings.set("folder", dialog.folder());
    settings.set("lab.folder", lab.laboratory.folder());
    lab.laboratory.form.write_to(settings);
    settings.set("jpeg.match", jpeg_match_name(bench.jpeg_settings().match));
    settings.set("jpeg.quality", bench.jpeg_settings().quality);
    const std::vector<std::string> paths = bench.open_paths();
    for (size_t i = 0; i < 2; ++i)
        settings.set("open." + std::to_string(i), i < paths.size() ? paths[i] : "");
}

void Viewer::read_session(const Settings& settings) {
    state.read_from(settings);
    recent.read_from(settings);
    dialog.set_folder(settings.text("folder"));
    lab.laboratory.set_folder(settings.text("lab.folder"));
    lab.laboratory.form.read_from(settings);
}

}  // namespace nae
