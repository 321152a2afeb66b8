// Making pictures smaller and larger for display.
#ifndef NAE_VIEWER_CORE_RESAMPLE_H_
#define NAE_VIEWER_CORE_RESAMPLE_H_

#include "viewer/core/picture.h"

namespace nae {

// Mean over the area each new pixel covers; for reducing. 1 <= width <= picture.width, likewise height.
Picture reduce_by_area(const Picture& picture, int width, int height);

// Every pixel becomes a square of factor x factor: nothing is smoothed over, artefacts stay what they are.
Picture enlarge(const Picture& picture, int factor);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_RESAMPLE_H_
