#include "viewer/app/short_keys.h"

#include <imgui.h>

namespace nae {

#if IMGUI_VERSION_NUM < 18700

void ShortKeys::went_down(int key, bool ctrl, bool shift, bool alt) {
    if (key >= 0 && key < IM_ARRAYSIZE(ImGuiIO::KeysDown)) went_down_.push_back({key, ctrl, shift, alt});
}

void ShortKeys::begin_frame() {
    ImGuiIO& io = ImGui::GetIO();
    ctrl_ = io.KeyCtrl;
    shift_ = io.KeyShift;
    alt_ = io.KeyAlt;
    for (const Key& key : went_down_) {
        if (io.KeysDown[key.index]) continue;
        io.KeysDown[key.index] = true;
        io.KeyCtrl |= key.ctrl;
        io.KeyShift |= key.shift;
        io.KeyAlt |= key.alt;
        held_.push_back(key.index);
    }
    went_down_.clear();
}

bool ShortKeys::end_frame() {
    if (held_.empty()) return false;
    ImGuiIO& io = ImGui::GetIO();
    for (const int index : held_) io.KeysDown[index] = false;
    held_.clear();
    io.KeyCtrl = ctrl_;
    io.KeyShift = shift_;
    io.KeyAlt = alt_;
    return true;
}

#else

void ShortKeys::went_down(int, bool, bool, bool) {}
void ShortKeys::begin_frame() {}
bool ShortKeys::end_frame() { return false; }

#endif

}  // namespace nae
