// Choosing a file to open or a name to save under, inside the window.
#ifndef NAE_VIEWER_APP_FILE_DIALOG_H_
#define NAE_VIEWER_APP_FILE_DIALOG_H_

#include <functional>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

class FileDialog {
  public:
    // Opening several at once is a pair: done() gets one or two paths.
    void open(const std::string& title, const std::string& folder,
              std::function<void(const std::vector<std::string>&)> done);
    // done() writes; its error is shown in the dialog, which then stays.
    void save(const std::string& title, const std::string& path,
              std::function<Status(const std::string&)> done);
    bool showing() const { return mode_ != Mode::closed; }
    // Closes it in the next frame; nothing is opened or written.
    void cancel() { cancelled_ = true; }
    // Where the user was last.
    const std::string& folder() const { return folder_; }
    void set_folder(const std::string& folder) { folder_ = folder; }
    // Draws it while it is open.
    void draw(float scale);

  private:
    enum class Mode { closed, opening, saving };
    struct Item {
        std::string name;
        bool folder = false;
        unsigned long long bytes = 0;
    };
    void enter(const std::string& folder);
    void accept();
    void draw_list(float height);

    Mode mode_ = Mode::closed;
    bool just_opened_ = false;
    bool cancelled_ = false;
    std::string title_;
    std::string folder_;
    std::vector<Item> items_;
    std::vector<std::string> chosen_;  // names
    char name_[1024] = {};
    std::string error_;
    bool overwrite_asked_ = false;
    std::function<void(const std::vector<std::string>&)> opened_;
    std::function<Status(const std::string&)> save_;
};

}  // namespace nae

#endif  // NAE_VIEWER_APP_FILE_DIALOG_H_
