// What GDAL knows about a raster beside its pixels, to and from the metadata of a .nae file.
//
//   GDAL                              file (domain, key)
//   spatial reference, its epoch      NAE, CRS_WKT2 and CRS_EPOCH
//   geotransform                      NAE, GEOTRANSFORM
//   control points                    NAE, GCPS and GCP_CRS_WKT2; GDAL, GCP_INFO_n
//   what belongs to a band            see band_metadata.h
//   COLOR_PROFILE SOURCE_ICC_PROFILE  NAE, ICC (binary there, base64 in GDAL)
//   xml:XMP                           NAE, XMP
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
#include "plugins/gdal/band_metadata.h"
#include "plugins/gdal/compat.h"

namespace nae::gdal {

// The domain of what only GDAL has a word for.
constexpr const char* kGdalDomain = "GDAL";

// bands: how the source's bands are coded; null: they are not what is stored, as with an expanded palette. With
// all_domains false only what places and interprets the pixels: reference system, transforms, RPC, nodata, ICC
// profile.
Metadata collect_metadata(GDALDataset& source, const BandTable* bands, bool all_domains = true);

// What a dataset answers from members of its own rather than from metadata domains.
struct MappedMetadata {
    OGRSpatialReference srs;  // empty when the file has none
    std::optional<std::array<double, 6>> geo_transform;
    std::vector<BandMetadata> bands;
};
MappedMetadata map_metadata(const Metadata& metadata, const BandTable& bands);

// Puts the domains of the file into GDAL's containers, without marking anything as changed by the user.
void publish_domains(const Metadata& metadata, GDALMajorObject& object);

// A number with enough digits to come back exactly.
std::string number_text(double value);
// WKT 2 on one line; "" for no reference system.
std::string wkt_text(const OGRSpatialReference* srs);
// Empty for null, and for what PROJ does not understand: the file may come from anywhere, and a strange
// reference system is none rather than a failed open.
OGRSpatialReference parse_wkt(const std::string* wkt);

}  // namespace nae::gdal
