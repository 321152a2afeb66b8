// The window on a display: GLFW and OpenGL 3.
#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "viewer/app/launch.h"
#include "viewer/app/script.h"
#include "viewer/app/short_keys.h"

// In OpenGL since 1.2; some <GL/gl.h> stop at 1.1.
#ifndef GL_CLAMP_TO_EDGE
#define GL_CLAMP_TO_EDGE 0x812F
#endif

namespace nae {
namespace {

class GlTextures : public TextureBackend {
  public:
    ImTextureID create(int width, int height, const uint8_t* rgba) override {
        GLuint name = 0;
        glGenTextures(1, &name);
        glBindTexture(GL_TEXTURE_2D, name);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
        glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
        glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, rgba);
        return reinterpret_cast<ImTextureID>(static_cast<intptr_t>(name));
    }
    void destroy(ImTextureID texture) override {
        const auto name = static_cast<GLuint>(reinterpret_cast<intptr_t>(texture));
        glDeleteTextures(1, &name);
    }
};

// GLFW, its window and Dear ImGui's backends, in the order they have to come and go.
class GlWindow {
  public:
    ~GlWindow() {
        if (backends_) {
            ImGui_ImplOpenGL3_Shutdown();
            ImGui_ImplGlfw_Shutdown();
        }
        if (ImGui::GetCurrentContext() != nullptr) ImGui::DestroyContext();
        if (window_ != nullptr) glfwDestroyWindow(window_);
        if (started_) glfwTerminate();
    }
    GlWindow() = default;
    GlWindow(const GlWindow&) = delete;
    GlWindow& operator=(const GlWindow&) = delete;

    Status open(int width, int height, bool size_given, float wanted_scale) {
        started_ = glfwInit() == GLFW_TRUE;
        if (!started_) return error("no display");
        glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
        glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
        // A size that was asked for is in pixels; the default grows with the display's scale.
        glfwWindowHint(GLFW_SCALE_TO_MONITOR, size_given ? GLFW_FALSE : GLFW_TRUE);
        window_ = glfwCreateWindow(width, height, "NAE viewer", nullptr, nullptr);
        if (window_ == nullptr) return error("no OpenGL 3 window");
        glfwMakeContextCurrent(window_);
        glfwSwapInterval(1);
        float x = 1;
        float y = 1;
        glfwGetWindowContentScale(window_, &x, &y);
        scale_ = wanted_scale > 0 ? wanted_scale : std::clamp(std::max(x, y), 1.0f, 4.0f);
        ImGui::CreateContext();
        ImGui::GetIO().IniFilename = nullptr;
        return Status();
    }
    void start_backends() {
        // The callbacks set by then are called by Dear ImGui's own.
        ImGui_ImplGlfw_InitForOpenGL(window_, true);
        ImGui_ImplOpenGL3_Init("#version 130");
        backends_ = true;
    }
    GLFWwindow* get() const { return window_; }
    float scale() const { return scale_; }

    void toggle_fullscreen() {
        if (glfwGetWindowMonitor(window_) != nullptr) {
            glfwSetWindowMonitor(window_, nullptr, x_, y_, width_, height_, 0);
            return;
        }
        GLFWmonitor* monitor = glfwGetPrimaryMonitor();
        const GLFWvidmode* mode = monitor != nullptr ? glfwGetVideoMode(monitor) : nullptr;
        if (mode == nullptr) return;
        glfwGetWindowPos(window_, &x_, &y_);
        glfwGetWindowSize(window_, &width_, &height_);
        glfwSetWindowMonitor(window_, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
    }

  private:
    static Status error(const char* what) {
        const char* words = nullptr;
        glfwGetError(&words);
        return Status(ErrorCode::io, std::string("no window can be opened (") + what +
                                         "): " + (words != nullptr ? words : "no reason given") +
                                         "; --headless works without");
    }

    bool started_ = false;
    bool backends_ = false;
    GLFWwindow* window_ = nullptr;
    float scale_ = 1;
    int x_ = 0, y_ = 0, width_ = 0, height_ = 0;  // before full screen
};

// What GLFW's callbacks reach through the window.
struct Receivers {
    Viewer* viewer;
    ShortKeys* keys;
};

Receivers& receivers(GLFWwindow* window) {
    return *static_cast<Receivers*>(glfwGetWindowUserPointer(window));
}

void on_key(GLFWwindow* window, int key, int, int action, int modifiers) {
    Viewer* viewer = receivers(window).viewer;
    if (key == GLFW_KEY_SPACE) viewer->flicker = action != GLFW_RELEASE && !ImGui::GetIO().WantTextInput;
    if (key == GLFW_KEY_LEFT_CONTROL || key == GLFW_KEY_RIGHT_CONTROL)
        viewer->unlink = action != GLFW_RELEASE;
    if (action == GLFW_RELEASE) return;
    receivers(window).keys->went_down(key, (modifiers & GLFW_MOD_CONTROL) != 0,
                                      (modifiers & GLFW_MOD_SHIFT) != 0, (modifiers & GLFW_MOD_ALT) != 0);
    // Straight from the event: two frames may be further apart than a key's way down and up.
    if (key >= GLFW_KEY_KP_0 && key <= GLFW_KEY_KP_9) key = GLFW_KEY_0 + key - GLFW_KEY_KP_0;
    if (key == GLFW_KEY_KP_ADD) key = '=';
    if (key == GLFW_KEY_KP_SUBTRACT) key = '-';
    // A key is what is printed on it, wherever the layout puts it.
    if (const char* name = glfwGetKeyName(key, 0);
        name != nullptr && name[1] == '\0' && name[0] >= 'a' && name[0] <= 'z')
        key = name[0] - 'a' + 'A';
    viewer->key_pressed(key, (modifiers & GLFW_MOD_CONTROL) != 0, (modifiers & GLFW_MOD_SHIFT) != 0,
                        ImGui::GetIO().WantTextInput);
}

void on_focus(GLFWwindow* window, int focused) {
    Viewer* viewer = receivers(window).viewer;
    if (focused == GLFW_FALSE) viewer->flicker = viewer->unlink = false;
}

void on_drop(GLFWwindow* window, int count, const char** paths) {
    receivers(window).viewer->open(std::vector<std::string>(paths, paths + count));
}

Picture read_frame(GLFWwindow* window) {
    int width = 0;
    int height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    Picture upside_down(width, height, 3);
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, upside_down.samples.data());
    Picture picture(width, height, 3);
    for (int y = 0; y < height; ++y)
        std::copy_n(upside_down.row(height - 1 - y), picture.row_bytes(), picture.row(y));
    return picture;
}

void draw_frame(GLFWwindow* window, Viewer& viewer) {
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    ImGui::NewFrame();
    viewer.frame();
    ImGui::Render();
    int width = 0;
    int height = 0;
    glfwGetFramebufferSize(window, &width, &height);
    glViewport(0, 0, width, height);
    glClearColor(0.125f, 0.125f, 0.125f, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

}  // namespace

Status run_window(const LaunchOptions& options) {
    GlWindow window;
    const Settings last = options.session.empty() ? Settings() : load_settings(options.session);
    const bool remembered = !options.size_given && last.number("window.width", 0) >= 320;
    const int width = remembered ? static_cast<int>(last.number("window.width", 0)) : options.width;
    const int height = remembered ? static_cast<int>(last.number("window.height", 800)) : options.height;
    NAE_RETURN_IF_ERROR(window.open(width, height, options.size_given || remembered, options.scale));
    Fonts fonts;
    NAE_RETURN_IF_ERROR(set_up_style(window.scale(), fonts));
    GlTextures textures;
    Viewer viewer(
        textures, [] { glfwPostEmptyEvent(); }, fonts, window.scale());
    ShortKeys keys;
    Receivers receivers = {&viewer, &keys};
    glfwSetWindowUserPointer(window.get(), &receivers);
    glfwSetKeyCallback(window.get(), on_key);
    glfwSetDropCallback(window.get(), on_drop);
    glfwSetWindowFocusCallback(window.get(), on_focus);
    window.start_backends();
    restore_session(viewer, options);
    Script script(viewer, options);
    script.begin();

    // Drawn only when something has happened: an event, a result, or progress while work goes on. Dear ImGui
    // takes a few frames to come to rest after an event.
    constexpr int kFramesPerEvent = 3;
    int frames = kFramesPerEvent;
    bool scripted = false;
    std::string title;
    Status status;
    while (glfwWindowShouldClose(window.get()) == GLFW_FALSE && !viewer.requests.quit && status.ok()) {
        if (frames > 0) {
            glfwPollEvents();
        } else if (viewer.working()) {
            glfwWaitEventsTimeout(0.1);
            frames = 1;
        } else {
            glfwWaitEvents();
            frames = kFramesPerEvent;
        }
        keys.begin_frame();
        draw_frame(window.get(), viewer);
        --frames;
        if (keys.end_frame()) frames = kFramesPerEvent;
        if (viewer.textures.pending() || (!scripted && viewer.settled())) frames = std::max(frames, 1);
        if (!scripted) scripted = script.step();
        if (scripted && script.ends()) {
            status = script.status();
            if (status.ok()) status = write_png(options.screenshot, read_frame(window.get()));
            break;
        }
        if (!viewer.requests.export_view.empty() && !viewer.dialog.showing() && frames <= 0) {
            const Status written = write_png(viewer.requests.export_view, read_frame(window.get()));
            if (!written.ok()) viewer.bench.say(written.message());
            viewer.requests.export_view.clear();
        }
        glfwSwapBuffers(window.get());
        if (viewer.requests.toggle_fullscreen) window.toggle_fullscreen();
        viewer.requests.toggle_fullscreen = false;
        if (title != viewer.window_title()) {
            title = viewer.window_title();
            glfwSetWindowTitle(window.get(), title.c_str());
        }
    }
    viewer.textures.clear();
    int last_width = 0;
    int last_height = 0;
    glfwGetWindowSize(window.get(), &last_width, &last_height);
    if (!script.ends()) store_session(viewer, options, last_width, last_height);
    return status;
}

}  // namespace nae
