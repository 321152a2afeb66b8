#include "viewer/app/compare_window.h"

#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "viewer/core/error_map.h"
#include "viewer/core/resample.h"

// In OpenGL since 1.2; some <GL/gl.h> stop at 1.1.
#ifndef GL_CLAMP_TO_EDGE
#define GL_CLAMP_TO_EDGE 0x812F
#endif

namespace nae {
namespace {

constexpr float kMinZoom = 1.0f / 64;
constexpr float kMaxZoom = 64.0f;

// A picture on the graphics card. Must be destroyed while its context is current.
class Texture {
  public:
    explicit Texture(const Picture& picture) {
        GLint largest = 0;
        glGetIntegerv(GL_MAX_TEXTURE_SIZE, &largest);
        Picture rgb = as_rgb(picture);
        // A picture larger than the card takes is shown reduced; the panes keep the original's coordinates.
        if (largest > 0 && std::max(rgb.width, rgb.height) > largest) {
            const double scale = double{1.0} * largest / std::max(rgb.width, rgb.height);
            rgb = reduce_by_area(rgb, std::max(1, static_cast<int>(rgb.width * scale)),
                                 std::max(1, static_cast<int>(rgb.height * scale)));
        }
        glGenTextures(1, &name_);
        glBindTexture(GL_TEXTURE_2D, name_);
        // Reduced smoothly, enlarged as squares: a pixel stays a pixel.
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
        glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
        glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB, rgb.width, rgb.height, 0, GL_RGB, GL_UNSIGNED_BYTE,
                     rgb.samples.data());
    }
    ~Texture() { glDeleteTextures(1, &name_); }
    Texture(const Texture&) = delete;
    Texture& operator=(const Texture&) = delete;

    ImTextureID id() const { return reinterpret_cast<ImTextureID>(static_cast<intptr_t>(name_)); }

  private:
    GLuint name_ = 0;
};

// What is visible, the same for every pane: the picture's point in the middle of the pane, and screen pixels
// per picture pixel.
struct View {
    float centre_x = 0;
    float centre_y = 0;
    float zoom = 1;
    bool fit = true;  // follow the pane's size until the user zooms or pans
};

struct Pane {
    std::string title;
    std::string caption;
    const Picture* picture = nullptr;  // null for an error map
    const ErrorMap* error = nullptr;
    std::unique_ptr<Texture> texture;
};

// The pixel under the mouse, in the picture's coordinates.
struct Cursor {
    bool inside = false;
    int x = 0;
    int y = 0;
};

class CompareWindow {
  public:
    CompareWindow(const Comparison& comparison, ColourMap colours)
        : comparison_(comparison), colours_(colours) {
        std::vector<const ErrorMap*> maps;
        for (const CodecOutcome& codec : comparison.codecs) maps.push_back(&codec.error);
        range_ = common_error_range(maps);
        make_panes();
    }

    void draw() {
        const ImGuiViewport* viewport = ImGui::GetMainViewport();
        ImGui::SetNextWindowPos(viewport->WorkPos);
        ImGui::SetNextWindowSize(viewport->WorkSize);
        ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
        ImGui::Begin("compare", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus);
        draw_toolbar();
        const float status_height = ImGui::GetFrameHeightWithSpacing();
        const ImVec2 space = ImGui::GetContentRegionAvail();
        draw_panes(space.x, space.y - status_height);
        draw_status_line();
        ImGui::End();
        ImGui::PopStyleVar();
    }

  private:
    void make_panes() {
        panes_.clear();
        add_picture_pane("Original", comparison_.name, comparison_.original);
        for (const CodecOutcome& codec : comparison_.codecs) {
            std::string caption = grouped_digits(codec.bytes) + " bytes, " + fixed_digits(codec.bpp, 3) +
                                  " bpp, " + fixed_digits(codec.psnr, 2) + " dB";
            if (codec.ssim) caption += ", SSIM " + fixed_digits(*codec.ssim, 4);
            add_picture_pane(codec.codec + "  (" + codec.settings + ")", caption, codec.picture);
        }
        for (const CodecOutcome& codec : comparison_.codecs) {
            Pane pane;
            pane.title = "Error of " + codec.codec;
            pane.caption = "absolute, mean over the bands, gray levels";
            pane.error = &codec.error;
            pane.texture = std::make_unique<Texture>(paint_error_map(codec.error, range_, colours_));
            panes_.push_back(std::move(pane));
        }
    }

    void add_picture_pane(const std::string& title, const std::string& caption, const Picture& picture) {
        Pane pane;
        pane.title = title;
        pane.caption = caption;
        pane.picture = &picture;
        pane.texture = std::make_unique<Texture>(picture);
        panes_.push_back(std::move(pane));
    }

    void draw_toolbar() {
        if (ImGui::Button("Fit (F)") || ImGui::IsKeyPressed(GLFW_KEY_F)) view_.fit = true;
        ImGui::SameLine();
        if (ImGui::Button("1:1 (1)") || ImGui::IsKeyPressed(GLFW_KEY_1)) {
            view_.fit = false;
            view_.zoom = 1;
        }
        ImGui::SameLine();
        if (ImGui::IsKeyPressed(GLFW_KEY_E)) show_errors_ = !show_errors_;
        ImGui::Checkbox("Error maps (E)", &show_errors_);
        ImGui::SameLine();
        ImGui::SetNextItemWidth(110);
        if (ImGui::BeginCombo("##colours", colour_map_name(colours_))) {
            for (const ColourMap map : {ColourMap::turbo, ColourMap::viridis, ColourMap::grey})
                if (ImGui::Selectable(colour_map_name(map), map == colours_)) repaint(map);
            ImGui::EndCombo();
        }
        if (ImGui::IsItemHovered()) ImGui::SetTooltip("colour map of the error maps");
        ImGui::SameLine();
        draw_legend();
        ImGui::SameLine();
        ImGui::TextDisabled("drag: pan   wheel: zoom   double click: fit   Esc: close");
    }

    void repaint(ColourMap map) {
        colours_ = map;
        for (Pane& pane : panes_)
            if (pane.error != nullptr)
                pane.texture = std::make_unique<Texture>(paint_error_map(*pane.error, range_, colours_));
    }

    void draw_legend() {
        constexpr float kWidth = 180;
        ImGui::TextUnformatted("0");
        ImGui::SameLine();
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float height = ImGui::GetFrameHeight();
        for (int i = 0; i < static_cast<int>(kWidth); ++i) {
            const Rgb rgb = map_colour(colours_, (static_cast<double>(i) + 0.5) / double{kWidth});
            const float x = at.x + static_cast<float>(i);
            ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(x, at.y), ImVec2(x + 1, at.y + height),
                                                      IM_COL32(rgb[0], rgb[1], rgb[2], 255));
        }
        ImGui::Dummy(ImVec2(kWidth, height));
        ImGui::SameLine();
        ImGui::Text(">= %d gray levels", range_);
    }

    void draw_panes(float width, float height) {
        cursor_ = Cursor{};
        const int picture_panes = 1 + static_cast<int>(comparison_.codecs.size());
        const int rows = show_errors_ ? 2 : 1;
        const ImVec2 spacing = ImGui::GetStyle().ItemSpacing;
        const auto columns = static_cast<float>(picture_panes);
        const float pane_width = (width - spacing.x * (columns - 1)) / columns;
        const float pane_height = (height - spacing.y * static_cast<float>(rows)) / static_cast<float>(rows);
        for (int row = 0; row < rows; ++row) {
            for (int column = 0; column < picture_panes; ++column) {
                if (column > 0) ImGui::SameLine();
                // The error map of the pane above; nothing below the original.
                const int index = row == 0 ? column : picture_panes + column - 1;
                if (row == 1 && column == 0)
                    draw_figures(pane_width, pane_height);
                else
                    draw_pane(panes_[static_cast<size_t>(index)], index, pane_width, pane_height);
            }
        }
    }

    void draw_figures(float width, float height) {
        ImGui::BeginChild("figures", ImVec2(width, height));
        const int columns = 1 + static_cast<int>(comparison_.codecs.size());
        if (ImGui::BeginTable("table", columns, ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersInnerH)) {
            ImGui::TableSetupColumn("");
            for (const CodecOutcome& codec : comparison_.codecs) ImGui::TableSetupColumn(codec.codec.c_str());
            ImGui::TableHeadersRow();
            const auto row = [&](const char* label, auto text_of) {
                ImGui::TableNextRow();
                ImGui::TableNextColumn();
                ImGui::TextUnformatted(label);
                for (const CodecOutcome& codec : comparison_.codecs) {
                    ImGui::TableNextColumn();
                    ImGui::TextUnformatted(text_of(codec).c_str());
                }
            };
            row("bytes", [](const CodecOutcome& codec) { return grouped_digits(codec.bytes); });
            row("bits per pixel", [](const CodecOutcome& codec) { return fixed_digits(codec.bpp, 3); });
            row("PSNR, dB", [](const CodecOutcome& codec) { return fixed_digits(codec.psnr, 2); });
            row("SSIM", [](const CodecOutcome& codec) {
                return codec.ssim ? fixed_digits(*codec.ssim, 4) : std::string("-");
            });
            row("write, s", [](const CodecOutcome& codec) {
                return codec.write_seconds ? fixed_digits(*codec.write_seconds, 4) : std::string("-");
            });
            row("read, s", [](const CodecOutcome& codec) { return fixed_digits(codec.read_seconds, 4); });
            ImGui::EndTable();
        }
        ImGui::EndChild();
    }

    void draw_pane(const Pane& pane, int index, float width, float height) {
        ImGui::PushID(index);
        ImGui::BeginChild("pane", ImVec2(width, height), false,
                          ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
        ImGui::TextUnformatted(pane.title.c_str());
        ImGui::TextDisabled("%s", pane.caption.c_str());
        const ImVec2 size = ImGui::GetContentRegionAvail();
        const ImVec2 origin = ImGui::GetCursorScreenPos();
        if (size.x >= 1 && size.y >= 1) {
            ImGui::InvisibleButton("area", size);
            handle_mouse(origin, size);
            if (view_.fit) fit_view(size);
            ImDrawList* list = ImGui::GetWindowDrawList();
            list->PushClipRect(origin, ImVec2(origin.x + size.x, origin.y + size.y), true);
            const ImVec2 from = to_screen(0, 0, origin, size);
            const ImVec2 to = to_screen(static_cast<float>(comparison_.original.width),
                                        static_cast<float>(comparison_.original.height), origin, size);
            list->AddImage(pane.texture->id(), from, to);
            list->PopClipRect();
        }
        ImGui::EndChild();
        ImGui::PopID();
    }

    ImVec2 to_screen(float x, float y, const ImVec2& origin, const ImVec2& size) const {
        return ImVec2(origin.x + size.x / 2 + (x - view_.centre_x) * view_.zoom,
                      origin.y + size.y / 2 + (y - view_.centre_y) * view_.zoom);
    }

    void fit_view(const ImVec2& size) {
        const auto width = static_cast<float>(comparison_.original.width);
        const auto height = static_cast<float>(comparison_.original.height);
        view_.zoom = std::clamp(std::min(size.x / width, size.y / height), kMinZoom, kMaxZoom);
        view_.centre_x = width / 2;
        view_.centre_y = height / 2;
    }

    void handle_mouse(const ImVec2& origin, const ImVec2& size) {
        const ImGuiIO& io = ImGui::GetIO();
        if (ImGui::IsItemActive() && (io.MouseDelta.x != 0 || io.MouseDelta.y != 0)) {
            view_.fit = false;
            view_.centre_x -= io.MouseDelta.x / view_.zoom;
            view_.centre_y -= io.MouseDelta.y / view_.zoom;
        }
        if (!ImGui::IsItemHovered()) return;
        if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) view_.fit = true;
        const float from_middle_x = io.MousePos.x - origin.x - size.x / 2;
        const float from_middle_y = io.MousePos.y - origin.y - size.y / 2;
        const float x = view_.centre_x + from_middle_x / view_.zoom;
        const float y = view_.centre_y + from_middle_y / view_.zoom;
        if (io.MouseWheel != 0) {
            // The point under the mouse stays where it is.
            view_.fit = false;
            view_.zoom = std::clamp(view_.zoom * std::pow(1.25f, io.MouseWheel), kMinZoom, kMaxZoom);
            view_.centre_x = x - from_middle_x / view_.zoom;
            view_.centre_y = y - from_middle_y / view_.zoom;
        }
        cursor_.x = static_cast<int>(std::floor(x));
        cursor_.y = static_cast<int>(std::floor(y));
        cursor_.inside = cursor_.x >= 0 && cursor_.y >= 0 && cursor_.x < comparison_.original.width &&
                         cursor_.y < comparison_.original.height;
    }

    void draw_status_line() {
        std::string line = "zoom " + fixed_digits(100.0 * static_cast<double>(view_.zoom), 0) + " %";
        if (cursor_.inside) {
            line += "    x " + std::to_string(cursor_.x) + "  y " + std::to_string(cursor_.y);
            line += "    original " + samples_at(comparison_.original);
            for (const CodecOutcome& codec : comparison_.codecs)
                line += "    " + codec.codec + " " + samples_at(codec.picture);
        }
        ImGui::TextUnformatted(line.c_str());
    }

    std::string samples_at(const Picture& picture) const {
        const uint8_t* pixel = picture.pixel(cursor_.x, cursor_.y);
        std::string text = std::to_string(pixel[0]);
        for (int band = 1; band < picture.bands; ++band) text += "," + std::to_string(pixel[band]);
        return text;
    }

    const Comparison& comparison_;
    ColourMap colours_;
    int range_ = 0;  // gray levels at the upper end of the error maps
    bool show_errors_ = true;
    std::vector<Pane> panes_;  // original, codecs, error maps
    View view_;
    Cursor cursor_;
};

// The captions' font where it is there; Dear ImGui's own small bitmap font otherwise.
void use_readable_font() {
    const char* path = NAE_FONT_REGULAR;
    if (!std::ifstream(path).good()) return;
    ImFontAtlas* fonts = ImGui::GetIO().Fonts;
    fonts->AddFontFromFileTTF(path, 16.0f, nullptr, fonts->GetGlyphRangesDefault());
}

}  // namespace

Status show_comparison_window(const Comparison& comparison, ColourMap colours) {
    if (glfwInit() != GLFW_TRUE)
        return Status(ErrorCode::unsupported, "the window: no display can be opened");
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 2);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
    const std::string title = comparison.name + " - NAE";
    GLFWwindow* window = glfwCreateWindow(1600, 900, title.c_str(), nullptr, nullptr);
    if (window == nullptr) {
        glfwTerminate();
        return Status(ErrorCode::unsupported, "the window: the display offers no OpenGL 3.2");
    }
    glfwMakeContextCurrent(window);
    glfwSwapInterval(1);
    IMGUI_CHECKVERSION();
    ImGui::CreateContext();
    ImGui::GetIO().IniFilename =
        nullptr;  // nothing to remember between runs, so no file in the user's folder
    ImGui::StyleColorsDark();
    use_readable_font();
    ImGui_ImplGlfw_InitForOpenGL(window, true);
    ImGui_ImplOpenGL3_Init("#version 150");
    {
        CompareWindow content(comparison, colours);
        // Dear ImGui settles a change over a few frames; after that nothing is drawn until something happens.
        constexpr int kSettlingFrames = 3;
        int frames_due = kSettlingFrames;
        while (glfwWindowShouldClose(window) == GLFW_FALSE) {
            if (frames_due > 0) {
                glfwPollEvents();
                --frames_due;
            } else {
                glfwWaitEvents();
                frames_due = kSettlingFrames;
            }
            ImGui_ImplOpenGL3_NewFrame();
            ImGui_ImplGlfw_NewFrame();
            ImGui::NewFrame();
            if (ImGui::IsKeyPressed(GLFW_KEY_ESCAPE)) glfwSetWindowShouldClose(window, GLFW_TRUE);
            content.draw();
            ImGui::Render();
            int width = 0;
            int height = 0;
            glfwGetFramebufferSize(window, &width, &height);
            glViewport(0, 0, width, height);
            glClearColor(0.12f, 0.12f, 0.12f, 1);
            glClear(GL_COLOR_BUFFER_BIT);
            ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
            glfwSwapBuffers(window);
        }
    }
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImGui::DestroyContext();
    glfwDestroyWindow(window);
    glfwTerminate();
    return Status();
}

}  // namespace nae
