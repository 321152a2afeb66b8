#include "viewer/app/file_dialog.h"

#include <imgui.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace nae {
namespace {

namespace fs = std::filesystem;

std::string size_text(unsigned long long bytes) {
    char text[32];
    if (bytes < 10000)
        std::snprintf(text, sizeof(text), "%llu B", bytes);
    else if (bytes < 10000000)
        std::snprintf(text, sizeof(text), "%.0f kB", static_cast<double>(bytes) / 1e3);
    else
        std::snprintf(text, sizeof(text), "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

}  // namespace

void FileDialog::open(const std::string& title, const std::string& folder,
                      std::function<void(const std::vector<std::string>&)> done) {
    mode_ = Mode::opening;
    title_ = title;
    opened_ = std::move(done);
    name_[0] = '\0';
    enter(folder);
    just_opened_ = true;
}

void FileDialog::save(const std::string& title, const std::string& path,
                      std::function<Status(const std::string&)> done) {
    mode_ = Mode::saving;
    title_ = title;
    save_ = std::move(done);
    const fs::path whole(path);
    enter(whole.parent_path().string());
    std::snprintf(name_, sizeof(name_), "%s", whole.filename().c_str());
    just_opened_ = true;
}

void FileDialog::enter(const std::string& folder) {
    std::error_code error;
    fs::path path = fs::absolute(folder.empty() ? "." : folder, error).lexically_normal();
    if (!fs::is_directory(path, error)) path = fs::current_path(error);
    std::vector<Item> items;
    for (fs::directory_iterator entry(path, fs::directory_options::skip_permission_denied, error), end;
         !error && entry != end; entry.increment(error)) {
        Item item;
        item.name = entry->path().filename().string();
        if (item.name.empty() || item.name[0] == '.') continue;
        std::error_code ignored;
        item.folder = entry->is_directory(ignored);
        if (!item.folder) item.bytes = entry->file_size(ignored);
        items.push_back(std::move(item));
    }
    if (error) {
        error_ = path.string() + ": " + error.message();
        return;
    }
    std::sort(items.begin(), items.end(),
              [](const Item& a, const Item& b) { return a.folder != b.folder ? a.folder : a.name < b.name; });
    items_ = std::move(items);
    folder_ = path.string();
    chosen_.clear();
    error_.clear();
    overwrite_asked_ = false;
}

void FileDialog::accept() {
    const std::string typed = name_;
    std::error_code ignored;
    if (!typed.empty()) {
        const fs::path whole = fs::path(folder_) / typed;  // an absolute name replaces the folder
        if (fs::is_directory(whole, ignored)) {
            enter(whole.string());
            name_[0] = '\0';
            return;
        }
        if (mode_ == Mode::saving) {
            if (fs::exists(whole, ignored) && !overwrite_asked_) {
                overwrite_asked_ = true;
                error_ = "There is such a file. Press Save again to replace it.";
                return;
            }
            const Status written = save_(whole.string());
            if (!written.ok()) {
                error_ = written.message();
                return;
            }
            mode_ = Mode::closed;
            return;
        }
        if (chosen_.size() < 2) {
            if (!fs::exists(whole, ignored)) {
                error_ = "There is no " + typed + " here.";
                return;
            }
            mode_ = Mode::closed;
            return opened_({whole.string()});
        }
    }
    if (mode_ != Mode::opening || chosen_.empty()) return;
    std::vector<std::string> paths;
    for (const std::string& name : chosen_) paths.push_back((fs::path(folder_) / name).string());
    mode_ = Mode::closed;
    opened_(paths);
}

void FileDialog::draw_list(float height) {
    ImGui::BeginChild("files", ImVec2(0, height), true);
    std::string next;
    if (fs::path(folder_).has_relative_path() && ImGui::Selectable("..", false))
        next = fs::path(folder_).parent_path().string();
    for (const Item& item : items_) {
        const bool selected = std::find(chosen_.begin(), chosen_.end(), item.name) != chosen_.end();
        ImGui::PushID(item.name.c_str());
        const std::string label = item.folder ? item.name + "/" : item.name;
        if (ImGui::Selectable(label.c_str(), selected, ImGuiSelectableFlags_AllowDoubleClick)) {
            const bool twice = ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left);
            if (item.folder) {
                if (twice) next = (fs::path(folder_) / item.name).string();
            } else {
                // With Ctrl a second file joins: a pair.
                const bool join = mode_ == Mode::opening && ImGui::GetIO().KeyCtrl && chosen_.size() == 1;
                if (!join) chosen_.clear();
                chosen_.push_back(item.name);
                std::snprintf(name_, sizeof(name_), "%s", item.name.c_str());
                overwrite_asked_ = false;
                if (twice && mode_ == Mode::opening) accept();
            }
        }
        if (!item.folder) {
            const std::string size = size_text(item.bytes);
            ImGui::SameLine(ImGui::GetWindowContentRegionMax().x - ImGui::CalcTextSize(size.c_str()).x);
            ImGui::TextDisabled("%s", size.c_str());
        }
        ImGui::PopID();
        if (mode_ == Mode::closed) break;
    }
    if (!next.empty()) enter(next);
    ImGui::EndChild();
}

void FileDialog::draw(float scale) {
    if (mode_ == Mode::closed) return;
    const std::string id = title_ + "###file dialog";
    if (just_opened_) ImGui::OpenPopup(id.c_str());
    const ImVec2 space = ImGui::GetMainViewport()->Size;
    ImGui::SetNextWindowSize(
        ImVec2(std::min(680 * scale, space.x * 0.9f), std::min(480 * scale, space.y * 0.9f)));
    ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Always, ImVec2(0.5f, 0.5f));
    bool stay = !std::exchange(cancelled_, false);
    if (!ImGui::BeginPopupModal(id.c_str(), &stay, ImGuiWindowFlags_NoResize | ImGuiWindowFlags_NoMove)) {
        if (!just_opened_) mode_ = Mode::closed;
        just_opened_ = false;
        return;
    }
    ImGui::TextDisabled("%s", folder_.c_str());
    const float rows =
        ImGui::GetFrameHeightWithSpacing() * 2 + (error_.empty() ? 0 : ImGui::GetTextLineHeightWithSpacing());
    draw_list(ImGui::GetContentRegionAvail().y - rows);
    if (!error_.empty()) ImGui::TextColored(ImVec4(1, 0.77f, 0.33f, 1), "%s", error_.c_str());
    ImGui::SetNextItemWidth(-1);
    if (just_opened_) ImGui::SetKeyboardFocusHere();
    just_opened_ = false;
    if (ImGui::InputTextWithHint("##name", "name or path", name_, sizeof(name_),
                                 ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll))
        accept();
    if (mode_ == Mode::opening) {
        ImGui::TextDisabled("Ctrl+click a second file to open a pair");
        ImGui::SameLine();
    }
    const float width = 90 * scale;
    ImGui::SetCursorPosX(ImGui::GetWindowContentRegionMax().x - 2 * width - ImGui::GetStyle().ItemSpacing.x);
    if (ImGui::Button("Cancel", ImVec2(width, 0))) stay = false;
    ImGui::SameLine();
    if (ImGui::Button(mode_ == Mode::saving ? "Save" : "Open", ImVec2(width, 0))) accept();
    if (!stay) mode_ = Mode::closed;
    if (mode_ == Mode::closed) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
}

}  // namespace nae
