// What GDAL knows about a band beside its samples, to and from the metadata of a .nae file.
//
//   GDAL                       file (domain, key), n = number of the band from 1
//   description                NAE, BAND_DESCRIPTION_n
//   nodata                     NAE, NODATA when all bands agree, else NODATA_n
//   scale, offset, unit        NAE, SCALE_n, OFFSET_n, UNIT_n
//   colour interpretation      GDAL, COLOR_INTERPRETATION_n, where it is not what the band's plane suggests
//   category names             GDAL, CATEGORIES_n, a line each
//   metadata, statistics       GDAL, METADATA_n, a line KEY=VALUE each
//   default histogram          GDAL, HISTOGRAM_n: lowest, highest, then the counts
#pragma once

#include <cpl_string.h>

#include <optional>
#include <string>
#include <vector>

#include "format/band_table.h"
#include "format/metadata.h"
#include "plugins/gdal/compat.h"

namespace nae::gdal {

struct Histogram {
    double lowest = 0, highest = 0;
    std::vector<GUIntBig> counts;
};

struct BandMetadata {
    std::string description;
    GDALColorInterp interpretation = GCI_Undefined;
    std::optional<double> nodata, scale, offset;
    std::string unit;
    CPLStringList categories;
    CPLStringList items;  // of the default domain, statistics among them
    std::optional<Histogram> histogram;
};

// Of all bands of the source, which are coded as the table says. With everything false only what interprets the
// samples: description, interpretation, nodata, scale, offset, unit.
void collect_bands(GDALDataset& source, const BandTable& table, bool everything, Metadata& metadata);

std::vector<BandMetadata> map_bands(const Metadata& metadata, const BandTable& table);

}  // namespace nae::gdal
