#include "plugins/gdal/metadata_mapping.h"

#include <cpl_conv.h>
#include <cpl_string.h>

#include <cstring>
#include <map>
#include <memory>

#include "plugins/gdal/control_points.h"

namespace nae::gdal {

namespace {

constexpr const char* kIccDomain = "COLOR_PROFILE";
constexpr const char* kIccKey = "SOURCE_ICC_PROFILE";
constexpr const char* kXmpDomain = "xml:XMP";

bool is_text_domain(const std::string& domain) {
    return STARTS_WITH_CI(domain.c_str(), "xml:") || STARTS_WITH_CI(domain.c_str(), "json:");
}

bool describes_the_container(const char* domain) {
    static const char* const kNames[] = {
        "IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "SUBDATASETS",   "GEOLOCATION",
        "xml:VRT",         "vrt_sources",         kMetadataDomain, kGdalDomain};
    for (const char* name : kNames)
        if (EQUAL(domain, name)) return true;
    return false;
}

std::string decode_base64(const char* text) {
    std::string bytes(text);
    bytes.push_back('\0');
    const int size = CPLBase64DecodeInPlace(reinterpret_cast<GByte*>(&bytes[0]));
    bytes.resize(static_cast<size_t>(size > 0 ? size : 0));
    return bytes;
}

std::string encode_base64(const std::string& bytes) {
    char* text =
        CPLBase64Encode(static_cast<int>(bytes.size()), reinterpret_cast<const GByte*>(bytes.data()));
    std::string result = text != nullptr ? text : "";
    CPLFree(text);
    return result;
}

void collect_domain(GDALDataset& source, const char* domain, Metadata& metadata) {
    CSLConstList items = source.GetMetadata(domain);
    if (items == nullptr || items[0] == nullptr) return;
    if (EQUAL(domain, kXmpDomain)) {
        metadata.set(kMetadataDomain, kMetadataXmp, items[0]);
        return;
    }
    if (is_text_domain(domain)) {
        metadata.set(domain, "", items[0]);
        return;
    }
    for (; *items != nullptr; ++items) {
        char* key = nullptr;
        const char* value = CPLParseNameValue(*items, &key);
        const std::unique_ptr<char, void (*)(void*)> owner(key, VSIFree);
        if (key == nullptr || value == nullptr) continue;
        if (EQUAL(domain, kIccDomain) && EQUAL(key, kIccKey)) {
            metadata.set(kMetadataDomain, kMetadataIcc, decode_base64(value));
        } else if (!(domain[0] == '\0' && EQUAL(key, GDALMD_AREA_OR_POINT) &&
                     EQUAL(value, GDALMD_AOP_AREA))) {
            metadata.set(domain, key, value);
        }
    }
}

// Exactly six numbers, or nothing.
std::optional<std::array<double, 6>> parse_six(const std::string& text) {
    const CPLStringList parts(CSLTokenizeString2(text.c_str(), " ", 0));
    if (parts.Count() != 6) return std::nullopt;
    std::array<double, 6> six{};
    for (int i = 0; i < 6; ++i) {
        char* end = nullptr;
        six[static_cast<size_t>(i)] = CPLStrtod(parts[i], &end);
        if (end == parts[i] || *end != '\0') return std::nullopt;
    }
    return six;
}

}  // namespace

std::string number_text(double value) { return CPLSPrintf("%.17g", value); }

std::string wkt_text(const OGRSpatialReference* srs) {
    if (srs == nullptr) return {};
    const char* const options[] = {"FORMAT=WKT2_2019", "MULTILINE=NO", nullptr};
    char* wkt = nullptr;
    const bool exported = srs->exportToWkt(&wkt, options) == OGRERR_NONE && wkt != nullptr;
    const std::string text = exported ? wkt : "";
    CPLFree(wkt);
    return text;
}

OGRSpatialReference parse_wkt(const std::string* wkt) {
    OGRSpatialReference srs;
    if (wkt != nullptr && srs.importFromWkt(wkt->c_str()) != OGRERR_NONE) srs.Clear();
    srs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    return srs;
}

Metadata collect_metadata(GDALDataset& source, const BandTable* bands, bool all_domains) {
    Metadata metadata;
    if (const std::string wkt = wkt_text(source.GetSpatialRef()); !wkt.empty()) {
        metadata.set(kMetadataDomain, kMetadataCrs, wkt);
        const double epoch = source.GetSpatialRef()->GetCoordinateEpoch();
        if (epoch > 0) metadata.set(kMetadataDomain, kMetadataCrsEpoch, number_text(epoch));
    }
    double six[6] = {};
    if (get_geo_transform(source, six)) {
        std::string text;
        for (const double value : six) text += (text.empty() ? "" : " ") + number_text(value);
        metadata.set(kMetadataDomain, kMetadataGeoTransform, text);
    }
    collect_control_points(source, metadata);
    if (bands != nullptr) collect_bands(source, *bands, all_domains, metadata);
    if (!all_domains) {
        for (const char* domain : {kIccDomain, "RPC"}) collect_domain(source, domain, metadata);
        if (const char* meaning = source.GetMetadataItem(GDALMD_AREA_OR_POINT);
            meaning != nullptr && !EQUAL(meaning, GDALMD_AOP_AREA))
            metadata.set("", GDALMD_AREA_OR_POINT, meaning);
        return metadata;
    }
    collect_domain(source, "", metadata);
    const CPLStringList domains(source.GetMetadataDomainList());
    for (int i = 0; i < domains.Count(); ++i)
        if (domains[i][0] != '\0' && !describes_the_container(domains[i]))
            collect_domain(source, domains[i], metadata);
    return metadata;
}

MappedMetadata map_metadata(const Metadata& metadata, const BandTable& bands) {
    MappedMetadata mapped;
    mapped.srs = parse_wkt(metadata.find(kMetadataDomain, kMetadataCrs));
    if (const std::string* text = metadata.find(kMetadataDomain, kMetadataCrsEpoch))
        if (const double epoch = CPLAtof(text->c_str()); epoch > 0 && !mapped.srs.IsEmpty())
            mapped.srs.SetCoordinateEpoch(epoch);
    if (const std::string* text = metadata.find(kMetadataDomain, kMetadataGeoTransform))
        mapped.geo_transform = parse_six(*text);
    mapped.bands = map_bands(metadata, bands);
    return mapped;
}

void publish_domains(const Metadata& metadata, GDALMajorObject& object) {
    std::map<std::string, CPLStringList> domains;
    for (const MetadataItem& item : metadata.items()) {
        if (item.domain == kMetadataDomain) {
            if (item.key == kMetadataIcc)
                domains[kIccDomain].SetNameValue(kIccKey, encode_base64(item.value).c_str());
            if (item.key == kMetadataXmp) domains[kXmpDomain].AddString(item.value.c_str());
        } else if (is_text_domain(item.domain)) {
            domains[item.domain].AddString(item.value.c_str());
        } else if (!describes_the_container(item.domain.c_str())) {
            domains[item.domain].SetNameValue(item.key.c_str(), item.value.c_str());
        }
    }
    for (auto& [domain, items] : domains) object.GDALMajorObject::SetMetadata(items.List(), domain.c_str());
}

}  // namespace nae::gdal
