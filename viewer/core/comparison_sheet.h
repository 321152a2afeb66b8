// The comparison as one picture: what `nae-viewer --sheet` writes.
//
//     original | NAE                  | JPEG                 whole pictures, reduced if they are large
//     original | NAE                  | JPEG                 the region where NAE errs most, enlarged
//     figures  | error map of NAE     | error map of JPEG    one scale for both, with its legend
//
// Without JPEG the third column is not there.
#ifndef NAE_VIEWER_CORE_COMPARISON_SHEET_H_
#define NAE_VIEWER_CORE_COMPARISON_SHEET_H_

#include "format/status.h"
#include "viewer/core/colour_map.h"
#include "viewer/core/comparison.h"
#include "viewer/core/picture.h"

namespace nae {

struct SheetOptions {
    ColourMap colours = ColourMap::turbo;
    int pane_width = 800;  // pixels; larger pictures are reduced to fit
    int pane_height = 640;
};

// RGB. Errors: io when the captions' font is missing.
Result<Picture> render_comparison_sheet(const Comparison& comparison, const SheetOptions& options = {});

}  // namespace nae

#endif  // NAE_VIEWER_CORE_COMPARISON_SHEET_H_
