// The most multiply-adds of 16-bit integers an instruction set can do, for comparison.
#ifndef NAE_BENCH_PEAK_H_
#define NAE_BENCH_PEAK_H_

#include "codec/engine.h"

struct PeakLoop {
    void (*run)() = nullptr;   // null: not known for this level
    double multiply_adds = 0;  // of one call
};
PeakLoop peak_loop(nae::EngineLevel level);

#endif  // NAE_BENCH_PEAK_H_
