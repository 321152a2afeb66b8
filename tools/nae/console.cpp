#include "tools/nae/console.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tools/nae/commands.h"

namespace nae::tool {
namespace {

constexpr auto kQuietFor = std::chrono::milliseconds(400);
constexpr int kBarWidth = 30;

volatile sig_atomic_t interrupt_seen = 0;

void on_interrupt(int) { interrupt_seen = 1; }

}  // namespace

int fail(const std::string& message) {
    std::fprintf(stderr, "nae: %s\n", message.c_str());
    return kFailure;
}

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
}

bool interrupted() { return interrupt_seen != 0; }

int say_interrupted() {
    std::fprintf(stderr, "nae: interrupted, nothing written\n");
    return kInterrupted;
}

ProgressBar::ProgressBar(std::string title, bool quiet)
    : title_(std::move(title)),
      visible_(!quiet && isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() { erase(); }

bool ProgressBar::update(double fraction) {
    const int percent = static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0));
    if (visible_ && percent != percent_shown_ && std::chrono::steady_clock::now() - start_ > kQuietFor) {
        percent_shown_ = percent;
        const std::string done(static_cast<size_t>(kBarWidth * percent / 100), '#');
        std::fprintf(stderr, "\r%s [%-*s] %3d %%", title_.c_str(), kBarWidth, done.c_str(), percent);
    }
    return !interrupted();
}

void ProgressBar::erase() {
    if (percent_shown_ >= 0) std::fprintf(stderr, "\r\033[K");
    percent_shown_ = -1;
}

void ProgressBar::conclude(const std::string& line) {
    erase();
    if (visible_) std::fprintf(stderr, "%s\n", line.c_str());
}

std::string bytes_text(unsigned long long bytes) {
    char text[32];
    if (bytes < 1000)
        std::snprintf(text, sizeof(text), "%llu bytes", bytes);
    else if (bytes < 1000000)
        std::snprintf(text, sizeof(text), "%.1f kB", static_cast<double>(bytes) / 1e3);
    else
        std::snprintf(text, sizeof(text), "%.2f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

}  // namespace nae::tool
