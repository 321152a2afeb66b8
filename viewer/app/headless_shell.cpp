// The window without a display: painted by the processor, written to a PNG.
#include <imgui.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "viewer/app/launch.h"
#include "viewer/app/script.h"
#include "viewer/app/software_renderer.h"

namespace nae {
namespace {

struct ImGuiContextOwner {
    ImGuiContextOwner() { ImGui::CreateContext(); }
    ~ImGuiContextOwner() { ImGui::DestroyContext(); }
    ImGuiContextOwner(const ImGuiContextOwner&) = delete;
    ImGuiContextOwner& operator=(const ImGuiContextOwner&) = delete;
};

// Background threads ring it, the drawing loop waits for it.
class Bell {
  public:
    void ring() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            rung_ = true;
        }
        ready_.notify_one();
    }
    void wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        ready_.wait_for(lock, std::chrono::milliseconds(200), [this] { return rung_; });
        rung_ = false;
    }

  private:
    std::mutex mutex_;
    std::condition_variable ready_;
    bool rung_ = false;
};

}  // namespace

Status run_headless(const LaunchOptions& options) {
    const ImGuiContextOwner context;
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = ImVec2(static_cast<float>(options.width), static_cast<float>(options.height));
    io.DeltaTime = 1.0f / 60;
    const float scale = options.scale > 0 ? options.scale : 1;
    Fonts fonts;
    NAE_RETURN_IF_ERROR(set_up_style(scale, fonts));
    SoftwareRenderer renderer;
    renderer.make_font_texture();
    Bell bell;
    Viewer viewer(
        renderer, [&bell] { bell.ring(); }, fonts, scale);
    Script script(viewer, options);
    // Of the session only what there is no option for.
    if (!options.session.empty()) viewer.lab.laboratory.form.read_from(load_settings(options.session));
    script.begin();
    for (bool done = false; !done;) {
        ImGui::NewFrame();
        viewer.frame();
        ImGui::Render();
        done = script.step();
        if (!done && viewer.working()) bell.wait();
    }
    NAE_RETURN_IF_ERROR(script.status());
    if (options.screenshot.empty()) return Status();
    return write_png(options.screenshot, renderer.render(*ImGui::GetDrawData()));
}

}  // namespace nae
