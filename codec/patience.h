// Waiting for what another thread is about to finish.
#ifndef NAE_CODEC_PATIENCE_H_
#define NAE_CODEC_PATIENCE_H_

#include <chrono>

namespace nae {

// wait() again and again until what is waited for has come. Some 40 us of watching; then other threads of the machine may run in
// between, for a millisecond or less; then whatever is waited for takes long, as a file on another machine does, and watching it
// sleeps from one look to the next.
class Patience {
  public:
    Patience();
    void wait();

  private:
    int pauses_;
    int yields_;
    std::chrono::microseconds nap_;
};

}  // namespace nae

#endif  // NAE_CODEC_PATIENCE_H_
