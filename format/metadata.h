// mETA: everything that travels with a picture and is not pixels, as a list of (domain, key, value).
//
//   payload = size (u32, bytes of the list) followed by the list, deflated (raw, RFC 1951)
//   list    = count (u32), then for each item: domain, key, value, each a u32 length and that many bytes
//
// Domain and key are UTF-8; the value is any bytes. Domain "" holds plain text items, other names are up to
// the writer, domain "NAE" holds the items below, whose meaning this format defines.
#ifndef NAE_FORMAT_METADATA_H_
#define NAE_FORMAT_METADATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "format/limits.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

struct MetadataItem {
    std::string domain;
    std::string key;
    std::string value;  // may hold zero bytes

    friend bool operator==(const MetadataItem& a, const MetadataItem& b) {
        return a.domain == b.domain && a.key == b.key && a.value == b.value;
    }
};

// Keys of domain "NAE". Numbers are text in the C locale with enough digits to come back exactly (17).
constexpr char kMetadataDomain[] = "NAE";
constexpr char kMetadataCrs[] = "CRS_WKT2";        // coordinate reference system, WKT 2 (ISO 19162)
constexpr char kMetadataCrsEpoch[] = "CRS_EPOCH";  // coordinate epoch, decimal year
constexpr char kMetadataGeoTransform[] =
    "GEOTRANSFORM";                                 // x0 dx_col dx_row y0 dy_col dy_row, space-separated
constexpr char kMetadataGcps[] = "GCPS";            // a line per point: pixel line x y z, then id
constexpr char kMetadataGcpCrs[] = "GCP_CRS_WKT2";  // reference system of the control points
constexpr char kMetadataNodata[] =
    "NODATA";  // one value for all bands; of one band: "NODATA_" and its number
// Followed by the band's number from 1. True value = SCALE * sample + OFFSET, in UNIT.
constexpr char kMetadataBandDescription[] = "BAND_DESCRIPTION_";
constexpr char kMetadataScale[] = "SCALE_";
constexpr char kMetadataOffset[] = "OFFSET_";
constexpr char kMetadataUnit[] = "UNIT_";
constexpr char kMetadataIcc[] = "ICC";    // ICC profile, binary
constexpr char kMetadataExif[] = "EXIF";  // TIFF structure, binary, without "Exif\0\0"
constexpr char kMetadataXmp[] = "XMP";    // XMP packet, UTF-8

// Ordered; (domain, key) is unique.
class Metadata {
  public:
    bool empty() const { return items_.empty(); }
    const std::vector<MetadataItem>& items() const { return items_; }
    // Null when there is none. Valid until the next set().
    const std::string* find(const std::string& domain, const std::string& key) const;
    // Replaces the value of an existing item or appends a new one.
    void set(const std::string& domain, const std::string& key, std::string value);

    friend bool operator==(const Metadata& a, const Metadata& b) { return a.items_ == b.items_; }

  private:
    friend Result<Metadata> parse_metadata(ByteSpan payload, const Limits& limits);
    std::vector<MetadataItem> items_;
};

// The payload of mETA. Error: limit_exceeded when the list has 2^32 bytes or more.
Result<std::vector<uint8_t>> serialise_metadata(const Metadata& metadata);
// Errors: corrupt, limit_exceeded (limits.max_metadata_bytes, checked before inflating).
Result<Metadata> parse_metadata(ByteSpan payload, const Limits& limits);

}  // namespace nae

#endif  // NAE_FORMAT_METADATA_H_
