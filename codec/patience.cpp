#include "codec/patience.h"

#include <algorithm>
#include <thread>

namespace nae {
namespace {

constexpr int kPauses = 2000;
constexpr int kYields = 500;
constexpr std::chrono::microseconds kShortestNap{50}, kLongestNap{1000};

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Asked once: it is a call to the system, and patience begins anew at every step.
bool single_processor() {
    static const bool single = std::thread::hardware_concurrency() == 1;
    return single;
}

}  // namespace

// On a single processor nothing happens while one watches.
Patience::Patience() : pauses_(single_processor() ? 0 : kPauses), yields_(kYields), nap_(kShortestNap) {}

void Patience::wait() {
    if (pauses_ > 0) {
        --pauses_;
        pause_briefly();
    } else if (yields_ > 0) {
        --yields_;
        std::this_thread::yield();
    } else {
        std::this_thread::sleep_for(nap_);
        nap_ = std::min(2 * nap_, kLongestNap);
    }
}

}  // namespace nae
