// A heatmap as tiles to lay over a pane.
#ifndef NAE_VIEWER_CORE_HEAT_TILES_H_
#define NAE_VIEWER_CORE_HEAT_TILES_H_

#include <memory>
#include <vector>

#include "viewer/core/heat_map.h"
#include "viewer/core/tiles.h"

namespace nae {

// The map placed at (x, y) of a raster of width x height, transparent outside. Coarser levels show the mean of
// the values, so that a single bad pixel does not paint a whole field.
std::shared_ptr<const TileSource> tiles_of_heat_map(std::shared_ptr<const ErrorMap> map,
                                                    std::vector<Rgb> palette, HeatRange range, int x, int y,
                                                    int width, int height);

}  // namespace nae

#endif  // NAE_VIEWER_CORE_HEAT_TILES_H_
