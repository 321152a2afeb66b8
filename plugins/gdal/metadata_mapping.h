// What GDAL knows about a raster beside its pixels, to and from the metadata of a .nae file.
//
//   GDAL                              file (domain, key)
//   spatial reference                 NAE, CRS_WKT2
//   geotransform                      NAE, GEOTRANSFORM
//   nodata (when all bands agree)     NAE, NODATA
//   band descriptions                 NAE, BAND_DESCRIPTION_n
//   COLOR_PROFILE SOURCE_ICC_PROFILE  NAE, ICC (binary there, base64 in GDAL)
//   xml:XMP                           NAE, XMP
//   colour interpretation, unusual    GDAL, COLOR_INTERPRETATION_n
//   any other domain                  the same domain and key; a domain of plain text has the key ""
//
// Left out: what describes the old file rather than the picture (IMAGE_STRUCTURE, SUBDATASETS, …), and
// AREA_OR_POINT=Area, which is what its absence means.
#pragma once

#include <ogr_spatialref.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "format/metadata.h"
#include "plugins/gdal/compat.h"

namespace nae::gdal {

Metadata collect_metadata(GDALDataset& source);

// What a dataset answers from members of its own rather than from metadata domains.
struct MappedMetadata {
    OGRSpatialReference srs;  // empty when the file has none
    std::optional<std::array<double, 6>> geo_transform;
    std::optional<double> nodata;
    std::vector<std::string> descriptions;         // one per band, often ""
    std::vector<GDALColorInterp> interpretations;  // one per band
};
MappedMetadata map_metadata(const Metadata& metadata, int bands);

// Puts the domains of the file into GDAL's containers, without marking anything as changed by the user.
void publish_domains(const Metadata& metadata, GDALMajorObject& object);

}  // namespace nae::gdal
