// The viewer's window, whatever shell it runs in: state, actions, one frame.
#ifndef NAE_VIEWER_APP_VIEWER_H_
#define NAE_VIEWER_APP_VIEWER_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "viewer/app/file_dialog.h"
#include "viewer/app/lab_window.h"
#include "viewer/app/texture_store.h"
#include "viewer/app/ui_style.h"
#include "viewer/core/actions.h"
#include "viewer/core/session.h"
#include "viewer/core/tile_cache.h"
#include "viewer/core/view_state.h"
#include "viewer/core/workbench.h"

namespace nae {

// What the shell is asked to do after a frame.
struct ShellRequests {
    bool quit = false;
    bool toggle_fullscreen = false;
    std::string export_view;  // path of a PNG of the window; "" for none
};

// The picture's pixel under the mouse.
struct PixelUnderMouse {
    bool inside = false;
    int x = 0;
    int y = 0;
};

// The parts of the window are functions, each in a file of its own, that draw from this and act on it; so its
// members are open to them. One thread.
class Viewer {
  public:
    // `wake` may be called from any thread: there is something new to draw.
    Viewer(TextureBackend& backend, std::function<void()> wake, const Fonts& fonts, float scale);

    // Draws everything, between ImGui::NewFrame() and ImGui::Render().
    void frame();
    // Nothing is being computed or read that would change the window.
    bool settled() const;
    // Work goes on whose progress should be seen to move.
    bool working() const { return !bench.idle() || !tiles.settled() || lab.laboratory.training(); }

    // By the action table. False when the id is none.
    bool perform(const std::string& id);
    // Whether the action makes sense now; a menu shows it gray otherwise.
    bool enabled(const Action& action) const;
    // Whether a menu shows a tick beside it.
    bool ticked(const Action& action) const;
    // A key went down. `typing`: a text field has the keyboard, which then gets all but Ctrl combinations.
    void key_pressed(int key, bool control, bool shift, bool typing);

    // Opens files and reports what went wrong in the window.
    void open(const std::vector<std::string>& paths);
    std::string window_title() const;
    void write_session(Settings& settings) const;
    void read_session(const Settings& settings);

    // ---- what the parts of the window share
    const Fonts fonts;
    const float scale;
    Workbench bench;
    TileCache tiles;
    TextureStore textures;
    ViewState state;
    ShellRequests requests;
    RecentFiles recent;
    FileDialog dialog;
    PixelUnderMouse mouse;
    bool flicker = false;  // the key is held: panes show the other picture
    bool unlink = false;   // the key is held: only the pane under the mouse moves
    Box last_pane;         // a pane's picture area in the last frame
    int worst_index = -1;  // of the list of worst regions
    bool show_help = false;
    bool show_about = false;
    bool show_palette = false;
    int palette_step = 0;         // arrow keys since the last frame, down counts up
    bool palette_enter = false;   // Enter since the last frame
    bool scroll_to_plot = false;  // the plot was just asked for
    LabWindow lab;
    std::vector<Message> notices;  // errors and news shown until dismissed

    float px(float at_96_dpi) const { return at_96_dpi * scale; }
    // The codec whose heatmap the worst regions come from.
    Entry heat_entry() const;
    // The range the colours span now; the same for all panes.
    HeatRange heat_range();
    // The heatmap over a codec's pane, null until computed.
    TileSourcePtr heat_tiles(Entry entry);
    // At once, or as soon as the heatmap is there.
    void jump_to_worst(int index);
    void ask_to_open(bool original);
    void ask_to_save(const char* title, const std::string& suggestion,
                     std::function<Status(const std::string&)> write);

  private:
    struct HeatKey {
        const ErrorMap* map = nullptr;
        HeatKind kind{};
        ColourMap colours{};
        HeatRange range;
    };
    bool perform_file(const std::string& id);
    bool perform_view(const std::string& id);
    bool perform_codec(const std::string& id);
    bool perform_heat(const std::string& id);
    bool perform_other(const std::string& id);
    void set_mode(CompareMode mode);
    void pan(double dx, double dy);
    void zoom(double factor);
    void step_worst(int by);
    void collect_messages();

    std::optional<int> awaited_worst_;
    std::map<Entry, std::pair<HeatKey, TileSourcePtr>> heat_tiles_;
    std::vector<std::shared_ptr<const ErrorMap>> range_maps_;  // what automatic_range_ was made of
    HeatKind range_kind_ = HeatKind::absolute;
    HeatRange automatic_range_;
};

// ---- the parts of the window
void draw_menu_bar(Viewer& viewer);
void draw_toolbar(Viewer& viewer);
void draw_panes(Viewer& viewer, const Box& area);
void draw_side_panel(Viewer& viewer);
void draw_status_bar(Viewer& viewer);
void draw_codec_panel(Viewer& viewer);
void draw_heat_panel(Viewer& viewer);
void draw_numbers_panel(Viewer& viewer);
void draw_histogram_panel(Viewer& viewer);
void draw_rd_panel(Viewer& viewer);
void draw_bands_panel(Viewer& viewer);
void draw_palette(Viewer& viewer);
void draw_help(Viewer& viewer);
void draw_about(Viewer& viewer);
void draw_notices(Viewer& viewer);
// A button, menu entry and so on for an action always have its tooltip.
void action_tooltip(const Action& action);
bool action_button(Viewer& viewer, const char* id, const char* label, bool on);

}  // namespace nae

#endif  // NAE_VIEWER_APP_VIEWER_H_
