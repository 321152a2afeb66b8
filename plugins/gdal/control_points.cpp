#include "plugins/gdal/control_points.h"

#include <cpl_conv.h>
#include <cpl_string.h>

#include <algorithm>

#include "plugins/gdal/metadata_mapping.h"

namespace nae::gdal {

namespace {

constexpr const char* kInfo = "GCP_INFO_";

// Five numbers, then the name: false when a number is missing. `line` is what is left to read.
bool parse_point(const std::string& line, GDAL_GCP& point, std::string& name) {
    const char* at = line.c_str();
    for (double* value : {&point.dfGCPPixel, &point.dfGCPLine, &point.dfGCPX, &point.dfGCPY, &point.dfGCPZ}) {
        char* end = nullptr;
        *value = CPLStrtod(at, &end);
        if (end == at || (*end != ' ' && *end != '\0')) return false;
        at = *end == ' ' ? end + 1 : end;
    }
    name = at;
    return true;
}

}  // namespace

void ControlPoints::load(const Metadata& metadata) {
    const std::string* text = metadata.find(kMetadataDomain, kMetadataGcps);
    if (text == nullptr) return;
    for (size_t begin = 0; begin < text->size();) {
        const size_t end = std::min(text->find('\n', begin), text->size());
        GDAL_GCP point{};
        std::string name;
        if (!parse_point(text->substr(begin, end - begin), point, name)) {
            points_.clear();
            texts_.clear();
            return;
        }
        points_.push_back(point);
        texts_.push_back(std::move(name));
        const std::string* info = metadata.find(kGdalDomain, kInfo + std::to_string(points_.size()));
        texts_.push_back(info != nullptr ? *info : std::string());
        begin = end + 1;
    }
    // Only now do the strings stay where they are. GDAL's struct takes char*, and changes nothing.
    for (size_t i = 0; i < points_.size(); ++i) {
        points_[i].pszId = texts_[2 * i].data();
        points_[i].pszInfo = texts_[2 * i + 1].data();
    }
    srs_ = parse_wkt(metadata.find(kMetadataDomain, kMetadataGcpCrs));
}

void collect_control_points(GDALDataset& source, Metadata& metadata) {
    const int count = source.GetGCPCount();
    const GDAL_GCP* points = source.GetGCPs();
    if (count <= 0 || points == nullptr) return;
    std::string text;
    for (int i = 0; i < count; ++i) {
        const GDAL_GCP& point = points[i];
        for (const double value :
             {point.dfGCPPixel, point.dfGCPLine, point.dfGCPX, point.dfGCPY, point.dfGCPZ})
            text += number_text(value) + " ";
        std::string name = point.pszId != nullptr ? point.pszId : "";
        std::replace(name.begin(), name.end(), '\n', ' ');
        text += name + "\n";
        if (point.pszInfo != nullptr && point.pszInfo[0] != '\0')
            metadata.set(kGdalDomain, kInfo + std::to_string(i + 1), point.pszInfo);
    }
    metadata.set(kMetadataDomain, kMetadataGcps, text);
    if (const std::string wkt = wkt_text(source.GetGCPSpatialRef()); !wkt.empty())
        metadata.set(kMetadataDomain, kMetadataGcpCrs, wkt);
}

}  // namespace nae::gdal
