#include "viewer/core/colour_map.h"

#include <algorithm>
#include <cmath>

namespace nae {
namespace {

// Each map at 33 evenly spaced values; between them colours are interpolated linearly. (The polynomials
// common in shaders are up to 32 of 255 off for turbo.)
constexpr int kKnots = 33;
using Knots = std::array<Rgb, kKnots>;

constexpr Knots kViridis = {{
    {68, 1, 84},    {71, 13, 96},   {72, 24, 106},  {72, 35, 116},  {71, 45, 123},  {69, 55, 129},
    {66, 64, 134},  {62, 73, 137},  {59, 82, 139},  {55, 91, 141},  {51, 99, 141},  {47, 107, 142},
    {44, 114, 142}, {41, 122, 142}, {38, 130, 142}, {35, 137, 142}, {33, 145, 140}, {31, 152, 139},
    {31, 160, 136}, {34, 167, 133}, {40, 174, 128}, {50, 182, 122}, {63, 188, 115}, {78, 195, 107},
    {94, 201, 98},  {112, 207, 87}, {132, 212, 75}, {152, 216, 62}, {173, 220, 48}, {194, 223, 35},
    {216, 226, 25}, {236, 229, 27}, {253, 231, 37},
}};

constexpr Knots kTurbo = {{
    {48, 18, 59},   {57, 42, 115},  {64, 64, 162},  {68, 86, 199},  {70, 107, 227}, {70, 128, 246},
    {66, 148, 255}, {55, 168, 250}, {40, 188, 235}, {28, 205, 216}, {24, 221, 194}, {31, 233, 175},
    {50, 242, 152}, {78, 249, 125}, {109, 254, 98}, {139, 255, 75}, {164, 252, 60}, {185, 246, 53},
    {205, 236, 52}, {223, 223, 55}, {238, 207, 58}, {248, 190, 57}, {253, 172, 52}, {254, 150, 43},
    {251, 126, 33}, {244, 102, 23}, {235, 80, 14},  {223, 63, 8},   {208, 47, 5},   {190, 33, 2},
    {169, 22, 1},   {146, 11, 1},   {122, 4, 3},
}};

constexpr Knots kBlueRed = {{
    {59, 76, 192},   {68, 90, 204},   {78, 104, 215},  {88, 117, 225},  {98, 130, 234},  {108, 142, 241},
    {119, 154, 247}, {130, 165, 251}, {141, 176, 254}, {152, 185, 255}, {163, 194, 254}, {174, 201, 253},
    {184, 208, 249}, {194, 213, 244}, {204, 217, 238}, {213, 219, 230}, {221, 221, 221}, {229, 216, 209},
    {236, 211, 198}, {241, 204, 185}, {245, 196, 173}, {247, 187, 160}, {247, 177, 148}, {247, 166, 135},
    {244, 154, 123}, {241, 141, 111}, {236, 127, 99},  {229, 112, 87},  {222, 97, 76},   {213, 80, 66},
    {203, 62, 56},   {192, 40, 47},   {180, 4, 38},
}};

Rgb interpolate(const Knots& knots, double value) {
    const double position = value * (kKnots - 1);
    const auto below = static_cast<size_t>(std::min(static_cast<int>(position), kKnots - 2));
    const double t = position - static_cast<double>(below);
    Rgb colour{};
    for (size_t band = 0; band < 3; ++band) {
        const double level = (1 - t) * knots[below][band] + t * knots[below + 1][band];
        colour[band] = static_cast<uint8_t>(std::lround(level));
    }
    return colour;
}

}  // namespace

Rgb map_colour(ColourMap map, double value) {
    const double t = value > 0 ? std::min(value, 1.0) : 0.0;  // NaN fails the comparison
    switch (map) {
        case ColourMap::viridis:
            return interpolate(kViridis, t);
        case ColourMap::turbo:
            return interpolate(kTurbo, t);
        case ColourMap::blue_red:
            return interpolate(kBlueRed, t);
        case ColourMap::grey:
            break;
    }
    const auto level = static_cast<uint8_t>(std::lround(255 * t));
    return {level, level, level};
}

const char* colour_map_name(ColourMap map) {
    switch (map) {
        case ColourMap::viridis:
            return "viridis";
        case ColourMap::turbo:
            return "turbo";
        case ColourMap::blue_red:
            return "blue-red";
        case ColourMap::grey:
            break;
    }
    return "grey";
}

}  // namespace nae
