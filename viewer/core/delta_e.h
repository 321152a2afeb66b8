// Colour difference as people see it: CIEDE2000.
#ifndef NAE_VIEWER_CORE_DELTA_E_H_
#define NAE_VIEWER_CORE_DELTA_E_H_

#include <cstdint>

namespace nae {

// CIE L*a*b* under D65, 2 degree observer.
struct Lab {
    double l = 0;
    double a = 0;
    double b = 0;
};

// From sRGB (IEC 61966-2-1), 8 bits a channel.
Lab lab_of_srgb(uint8_t red, uint8_t green, uint8_t blue);

// CIEDE2000 with all three weights 1: G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula:
// implementation notes", Color Research & Application 30(1), 2005. About 1 is just noticeable side by side.
double ciede2000(const Lab& first, const Lab& second);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_DELTA_E_H_
