#include "viewer/core/colour_map.h"

#include <algorithm>
#include <cmath>

namespace nae {
namespace {

// Coefficients of R, G and B from the constant term up.
using Polynomial = std::array<double, 7>;

// Least-squares fit of M. Zucker to the viridis table.
constexpr std::array<Polynomial, 3> kViridis = {{
    {0.2777273272234177, 0.1050930431085774, -0.3308618287255563, -4.634230498983486, 6.228269936347081,
     4.776384997670288, -5.435455855934631},
    {0.005407344544966578, 1.404613529898575, 0.214847559468213, -5.799100973351585, 14.17993336680509,
     -13.74514537774601, 4.645852612178535},
    {0.3340998053353061, 1.384590162594685, 0.09509516302823659, -19.33244095627987, 56.69055260068105,
     -65.35303263337234, 26.3124352495832},
}};

// The fit published with turbo.
constexpr std::array<Polynomial, 3> kTurbo = {{
    {0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943, 0},
    {0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604, 0},
    {0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973, 0},
}};

Rgb evaluate(const std::array<Polynomial, 3>& polynomials, double value) {
    Rgb colour{};
    for (size_t band = 0; band < 3; ++band) {
        double sum = 0;
        for (size_t i = 7; i-- > 0;) sum = sum * value + polynomials[band][i];
        colour[band] = static_cast<uint8_t>(std::lround(255 * std::clamp(sum, 0.0, 1.0)));
    }
    return colour;
}

}  // namespace

Rgb map_colour(ColourMap map, double value) {
    const double t = value > 0 ? std::min(value, 1.0) : 0.0;  // NaN fails the comparison
    switch (map) {
        case ColourMap::viridis: return evaluate(kViridis, t);
        case ColourMap::turbo: return evaluate(kTurbo, t);
        case ColourMap::grey: break;
    }
    const auto level = static_cast<uint8_t>(std::lround(255 * t));
    return {level, level, level};
}

const char* colour_map_name(ColourMap map) {
    switch (map) {
        case ColourMap::viridis: return "viridis";
        case ColourMap::turbo: return "turbo";
        case ColourMap::grey: break;
    }
    return "grey";
}

}  // namespace nae
