#include "viewer/core/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nae {

Axis make_axis(double low, double high, int wanted, bool widen) {
    Axis axis;
    if (!(high > low)) {
        const double half = std::max(std::abs(low) * 0.05, 0.5);
        low -= half;
        high += half;
    }
    const double raw = (high - low) / std::max(wanted, 1);
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    double step = 10 * power;
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= raw * (1 - 1e-9)) {
            step = factor * power;
            break;
        }
    axis.digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
    axis.low = widen ? std::floor(low / step + 1e-9) * step : low;
    axis.high = widen ? std::ceil(high / step - 1e-9) * step : high;
    const double slack = step * 1e-6;
    for (double k = std::ceil((axis.low - slack) / step); k * step <= axis.high + slack; ++k)
        axis.ticks.push_back(k * step);
    return axis;
}

std::string Axis::label(double tick) const {
    char text[64];
    // Never "-0".
    const double value = std::abs(tick) < 0.5 * std::pow(10.0, -digits) ? 0 : tick;
    std::snprintf(text, sizeof(text), "%.*f", digits, value);
    return text;
}

}  // namespace nae
