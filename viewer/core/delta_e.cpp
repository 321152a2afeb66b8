#include "viewer/core/delta_e.h"

#include <array>
#include <cmath>

namespace nae {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kDegree = kPi / 180;

std::array<double, 256> linear_light() {
    std::array<double, 256> table{};
    for (size_t i = 0; i < table.size(); ++i) {
        const double v = static_cast<double>(i) / 255;
        table[i] = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    }
    return table;
}

double lab_function(double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; }

double hue_degrees(double b, double a) {
    if (a == 0 && b == 0) return 0;
    const double hue = std::atan2(b, a) / kDegree;
    return hue < 0 ? hue + 360 : hue;
}

double seventh_power_share(double chroma) {
    const double c7 = std::pow(chroma, 7);
    return std::sqrt(c7 / (c7 + 6103515625.0));  // 25^7
}

}  // namespace

Lab lab_of_srgb(uint8_t red, uint8_t green, uint8_t blue) {
    static const std::array<double, 256> linear = linear_light();
    const double r = linear[red];
    const double g = linear[green];
    const double b = linear[blue];
    const double x = lab_function((0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047);
    const double y = lab_function(0.212671 * r + 0.715160 * g + 0.072169 * b);
    const double z = lab_function((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

// Names follow the paper's symbols.
double ciede2000(const Lab& first, const Lab& second) {
    const double mean_chroma = (std::hypot(first.a, first.b) + std::hypot(second.a, second.b)) / 2;
    const double g = 0.5 * (1 - seventh_power_share(mean_chroma));
    const double a1 = (1 + g) * first.a;
    const double a2 = (1 + g) * second.a;
    const double c1 = std::hypot(a1, first.b);
    const double c2 = std::hypot(a2, second.b);
    const double h1 = hue_degrees(first.b, a1);
    const double h2 = hue_degrees(second.b, a2);

    const bool coloured = c1 * c2 != 0;
    double dh = coloured ? h2 - h1 : 0;
    if (dh > 180) dh -= 360;
    if (dh < -180) dh += 360;
    const double delta_l = second.l - first.l;
    const double delta_c = c2 - c1;
    const double delta_h = 2 * std::sqrt(c1 * c2) * std::sin(dh / 2 * kDegree);

    const double l = (first.l + second.l) / 2;
    const double c = (c1 + c2) / 2;
    double h = h1 + h2;
    if (coloured) {
        if (std::abs(h1 - h2) > 180) h += h < 360 ? 360 : -360;
        h /= 2;
    }
    const double t = 1 - 0.17 * std::cos((h - 30) * kDegree) + 0.24 * std::cos(2 * h * kDegree) +
                     0.32 * std::cos((3 * h + 6) * kDegree) - 0.20 * std::cos((4 * h - 63) * kDegree);
    const double l50 = (l - 50) * (l - 50);
    const double s_l = 1 + 0.015 * l50 / std::sqrt(20 + l50);
    const double s_c = 1 + 0.045 * c;
    const double s_h = 1 + 0.015 * c * t;
    const double turn = (h - 275) / 25;
    const double rotation = -2 * seventh_power_share(c) * std::sin(60 * std::exp(-turn * turn) * kDegree);
    const double vl = delta_l / s_l;
    const double vc = delta_c / s_c;
    const double vh = delta_h / s_h;
    return std::sqrt(vl * vl + vc * vc + vh * vh + rotation * vc * vh);
}

}  // namespace nae
