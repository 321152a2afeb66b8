// The threads that help with the work of a whole process.
//
// Starting a thread takes a tenth of a millisecond or two, as much as a twentieth of reading a small window, and a process that
// has many files open needs no more threads than it has processors: so all pools of a process share the same ones. (Of each
// library in it that holds this code: it is linked statically.)
#ifndef NAE_CODEC_WORKER_CREW_H_
#define NAE_CODEC_WORKER_CREW_H_

#include <functional>

namespace nae {

class Crew;  // the threads

// For as long as it lives, threads of the crew call `help`, up to `helpers` times in all, as soon as they are free; they sleep when
// there is nothing to do, and end with the process, by exit() or by returning from main().
class CrewHelp {
  public:
    // help: a helper's part, which returns when nothing is left to begin; throws nothing; outlives this. helpers: at least 0.
    // Starts threads where too few are, no more than the machine has processors besides the caller's, or `helpers` if that is more.
    // A thread that cannot be had is missing, nothing else. Of a process that was forked off there are none at first. From any
    // thread, from within help() too.
    CrewHelp(const std::function<void()>& help, int helpers);
    CrewHelp(std::function<void()>&& help, int helpers) = delete;  // one that would be gone at once

    // Nobody calls help() any more, and those that did have returned: waits for them, and for nobody that has not begun.
    ~CrewHelp();

    CrewHelp(const CrewHelp&) = delete;
    CrewHelp& operator=(const CrewHelp&) = delete;

  private:
    friend class Crew;
    const std::function<void()>& help_;
    Crew* crew_ = nullptr;  // that has it listed
    // Guarded by the crew's lock.
    int places_;  // for threads that have not come yet
    int helping_ = 0;
    CrewHelp *before_ = nullptr, *after_ = nullptr;  // neighbours in the list of all that is asked for
};

}  // namespace nae

#endif  // NAE_CODEC_WORKER_CREW_H_
