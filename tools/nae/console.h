// What a command says to the person in front of it.
#ifndef NAE_TOOLS_NAE_CONSOLE_H_
#define NAE_TOOLS_NAE_CONSOLE_H_

#include <chrono>
#include <string>

namespace nae::tool {

// "nae: message" on standard error; returns kFailure.
int fail(const std::string& message);

// After this, Ctrl-C and SIGTERM make interrupted() true; a second one ends the program at once.
void catch_interrupts();
bool interrupted();
// What a command that was interrupted says and returns.
int say_interrupted();

// A bar on standard error, only if that is a terminal and the work takes longer than a moment.
class ProgressBar {
  public:
    ProgressBar(std::string title, bool quiet);
    ~ProgressBar();  // takes the bar away
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // False when the user has interrupted. `fraction` 0..1.
    bool update(double fraction);
    // A line that stays, for the terminal only.
    void conclude(const std::string& line);

  private:
    void erase();

    std::string title_;
    bool visible_;
    int percent_shown_ = -1;
    std::chrono::steady_clock::time_point start_;
};

// "1.23 MB", "4.5 kB", "12 bytes".
std::string bytes_text(unsigned long long bytes);

}  // namespace nae::tool

#endif  // NAE_TOOLS_NAE_CONSOLE_H_
