// Ground control points: GDAL's list with what its C structs point to, and its text form in a .nae file.
#pragma once

#include <ogr_spatialref.h>

#include <string>
#include <vector>

#include "format/metadata.h"
#include "plugins/gdal/compat.h"

namespace nae::gdal {

class ControlPoints {
  public:
    ControlPoints() = default;
    // What GetGCPs() shows points into this object.
    ControlPoints(const ControlPoints&) = delete;
    ControlPoints& operator=(const ControlPoints&) = delete;

    // Reads NAE/GCPS, NAE/GCP_CRS_WKT2 and GDAL/GCP_INFO_n. A list with a line that does not parse is no list.
    void load(const Metadata& metadata);

    int count() const { return static_cast<int>(points_.size()); }
    const GDAL_GCP* list() const { return points_.empty() ? nullptr : points_.data(); }
    const OGRSpatialReference* srs() const { return srs_.IsEmpty() ? nullptr : &srs_; }

  private:
    std::vector<GDAL_GCP> points_;
    std::vector<std::string> texts_;  // name and information of each point, in turn
    OGRSpatialReference srs_;
};

// Adds the control points of `source`, if it has any.
void collect_control_points(GDALDataset& source, Metadata& metadata);

}  // namespace nae::gdal
