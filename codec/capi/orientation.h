// How a camera was held, from a picture's metadata.
#ifndef NAE_CODEC_CAPI_ORIENTATION_H_
#define NAE_CODEC_CAPI_ORIENTATION_H_

#include "format/metadata.h"
#include "format/span.h"

namespace nae::capi {

// Orientation (tag 0x0112) of the first image directory of a TIFF structure; 1 where there is none, or anything
// is wrong with it.
int exif_orientation(ByteSpan tiff);

// From item NAE/EXIF, else from a text item EXIF_Orientation (what GDAL makes of a JPEG's EXIF), else 1.
int orientation_of(const Metadata& metadata);

}  // namespace nae::capi

#endif  // NAE_CODEC_CAPI_ORIENTATION_H_
