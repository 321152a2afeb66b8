// A program that runs beside the window and whose lines are read as they come.
#ifndef NAE_VIEWER_CORE_CHILD_PROCESS_H_
#define NAE_VIEWER_CORE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "format/status.h"

namespace nae {

// One thread. No call waits for the program, but the destructor, which ends it.
class ChildProcess {
  public:
    // words[0] is the program, a path or a name looked for in PATH; no shell is involved. Error: io.
    static Result<std::unique_ptr<ChildProcess>> start(const std::vector<std::string>& words);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // Whole lines of its output and errors since the last call; at the end also a last one without a line end.
    std::vector<std::string> lines();
    // Asks it to end (SIGTERM).
    void stop();
    bool running();
    // Once it has ended: its exit status, or 128 plus the signal that ended it.
    int status() const { return status_; }

  private:
    ChildProcess(pid_t process, int output) : process_(process), output_(output) {}
    void reap(bool wait);

    pid_t process_;
    int output_;
    bool ended_ = false;
    int status_ = 0;
    std::string unfinished_;
};

}  // namespace nae

#endif  // NAE_VIEWER_CORE_CHILD_PROCESS_H_
