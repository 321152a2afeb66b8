// Round numbers for the axes of plots.
#ifndef NAE_VIEWER_CORE_AXIS_H_
#define NAE_VIEWER_CORE_AXIS_H_

#include <string>
#include <vector>

namespace nae {

struct Axis {
    double low = 0;
    double high = 1;
    std::vector<double> ticks;  // multiples of 1, 2 or 5 times a power of ten, inside [low, high]
    int digits = 0;             // after the point, as many as tell the ticks apart

    // 0 at low, 1 at high.
    double fraction(double value) const { return (value - low) / (high - low); }
    std::string label(double tick) const;
};

// An axis over [low, high] with at most about `wanted` ticks. With `widen` the ends move out to ticks. A
// range without width gets one.
Axis make_axis(double low, double high, int wanted, bool widen);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_AXIS_H_
