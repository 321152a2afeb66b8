// Values for pixels that have none, out of the valid ones around them: what lies under nodata must neither cost
// bits nor show in its neighbours.
#ifndef NAE_CODEC_HOLE_FILL_H_
#define NAE_CODEC_HOLE_FILL_H_

#include <cstdint>
#include <vector>

namespace nae {

// Push-pull (Gortler et al., "The Lumigraph", 1996): means of valid pixels at ever coarser resolutions, from
// which the holes are filled by linear interpolation. values: h x w, `stride` floats from pixel to pixel; valid:
// h x w, 0 = hole. Where nothing at all is valid, holes become 0.
void fill_holes(float* values, int64_t stride, int64_t h, int64_t w, const std::vector<uint8_t>& valid);

}  // namespace nae

#endif  // NAE_CODEC_HOLE_FILL_H_
