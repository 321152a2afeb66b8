// What the command line asks of a running viewer: files, settings, actions, and what to write at the end.
#ifndef NAE_VIEWER_APP_SCRIPT_H_
#define NAE_VIEWER_APP_SCRIPT_H_

#include "viewer/app/launch.h"
#include "viewer/app/viewer.h"

namespace nae {

class Script {
  public:
    Script(Viewer& viewer, const LaunchOptions& options) : viewer_(viewer), options_(options) {}

    // Opens the files and sets what was given.
    void begin();
    // After each frame: goes on by one step when everything has settled. True when there is nothing left to do.
    bool step();
    // The program should end when the steps are done.
    bool ends() const { return !options_.screenshot.empty(); }
    // Something the command line asked for could not be had.
    const Status& status() const { return status_; }

  private:
    Viewer& viewer_;
    const LaunchOptions& options_;
    size_t next_action_ = 0;
    int quiet_frames_ = 0;
    bool finished_ = false;
    Status status_;
};

// The restored session, and what is saved at the end; width and height are the window's.
void restore_session(Viewer& viewer, const LaunchOptions& options);
void store_session(const Viewer& viewer, const LaunchOptions& options, int width, int height);

}  // namespace nae

#endif  // NAE_VIEWER_APP_SCRIPT_H_
