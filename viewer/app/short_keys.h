// Keys that go down and up between two frames, as on a busy machine or over a slow line.
#pragma once

#include <vector>

namespace nae {

// Dear ImGui before 1.87 reads which keys are down when a frame begins, so its text fields and lists never hear of a key
// that is up again by then. This class keeps such a key down for one frame. Later versions queue events themselves, and
// nothing is done. Belongs to the thread of the window.
class ShortKeys {
  public:
    // A key went down; its index in ImGuiIO::KeysDown, and the modifiers held with it. Others are ignored.
    void went_down(int key, bool ctrl, bool shift, bool alt);
    // Before ImGui::NewFrame: what went down since the last frame and is up again counts as down.
    void begin_frame();
    // After the frame: lets go of these keys. True if there were any, so that another frame has to follow.
    bool end_frame();

  private:
    struct Key {
        int index;
        bool ctrl, shift, alt;
    };
    std::vector<Key> went_down_;
    std::vector<int> held_;
    bool ctrl_ = false, shift_ = false, alt_ = false;  // before the frame
};

}  // namespace nae
