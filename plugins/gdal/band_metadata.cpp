#include "plugins/gdal/band_metadata.h"

#include <cpl_conv.h>

#include "plugins/gdal/metadata_mapping.h"

namespace nae::gdal {

namespace {

constexpr const char* kInterpretation = "COLOR_INTERPRETATION_";
constexpr const char* kCategories = "CATEGORIES_";
constexpr const char* kItems = "METADATA_";
constexpr const char* kHistogram = "HISTOGRAM_";

// What a band is likely to be, judged by how it is coded.
std::vector<GDALColorInterp> usual_interpretations(const BandTable& table) {
    std::vector<GDALColorInterp> usual(table.count(), GCI_Undefined);
    for (const Plane& plane : table.planes) {
        if (plane.kind == PlaneKind::rgb) {
            for (size_t i = 0; i < 3; ++i)
                usual[plane.bands[i]] = static_cast<GDALColorInterp>(GCI_RedBand + static_cast<int>(i));
        } else if (plane.kind == PlaneKind::lossless) {
            usual[plane.bands.front()] = GCI_AlphaBand;
        }
    }
    const bool gray_alpha = table.count() == 2 && usual[1] == GCI_AlphaBand;
    if ((table.count() == 1 || gray_alpha) && usual[0] == GCI_Undefined) usual[0] = GCI_GrayIndex;
    return usual;
}

std::string joined(CSLConstList lines) {
    std::string text;
    for (; lines != nullptr && *lines != nullptr; ++lines) text += std::string(*lines) + "\n";
    return text;
}

std::optional<double> parse_number(const std::string* text) {
    if (text == nullptr) return std::nullopt;
    char* end = nullptr;
    const double value = CPLStrtod(text->c_str(), &end);
    if (end == text->c_str()) return std::nullopt;
    return value;
}

bool same_number(double a, double b) { return a == b || (a != a && b != b); }

void collect_nodata(GDALDataset& source, Metadata& metadata) {
    const int bands = source.GetRasterCount();
    std::vector<std::optional<double>> values;
    for (int i = 1; i <= bands; ++i) {
        int has = FALSE;
        const double value = source.GetRasterBand(i)->GetNoDataValue(&has);
        values.push_back(has ? std::optional<double>(value) : std::nullopt);
    }
    bool agree = values.front().has_value();
    for (const auto& value : values) agree = agree && value && same_number(*value, *values.front());
    if (agree) {
        metadata.set(kMetadataDomain, kMetadataNodata, number_text(*values.front()));
        return;
    }
    for (size_t i = 0; i < values.size(); ++i) {
        if (values[i])
            metadata.set(kMetadataDomain, kMetadataNodata + ("_" + std::to_string(i + 1)),
                         number_text(*values[i]));
    }
}

void collect_histogram(GDALRasterBand& band, const std::string& number, Metadata& metadata) {
    double lowest = 0, highest = 0;
    int count = 0;
    GUIntBig* counts = nullptr;
    // Not forced: only one that is there already.
    if (band.GetDefaultHistogram(&lowest, &highest, &count, &counts, FALSE, nullptr, nullptr) != CE_None)
        return;
    std::string text = number_text(lowest) + " " + number_text(highest);
    for (int i = 0; i < count; ++i) text += " " + std::to_string(counts[i]);
    CPLFree(counts);
    metadata.set(kGdalDomain, kHistogram + number, text);
}

std::optional<Histogram> parse_histogram(const std::string* text) {
    if (text == nullptr) return std::nullopt;
    const CPLStringList parts(CSLTokenizeString2(text->c_str(), " ", 0));
    if (parts.Count() < 3) return std::nullopt;
    Histogram histogram;
    histogram.lowest = CPLAtof(parts[0]);
    histogram.highest = CPLAtof(parts[1]);
    for (int i = 2; i < parts.Count(); ++i) histogram.counts.push_back(std::strtoull(parts[i], nullptr, 10));
    return histogram;
}

}  // namespace

void collect_bands(GDALDataset& source, const BandTable& table, bool everything, Metadata& metadata) {
    collect_nodata(source, metadata);
    const std::vector<GDALColorInterp> usual = usual_interpretations(table);
    for (int i = 0; i < source.GetRasterCount(); ++i) {
        GDALRasterBand& band = *source.GetRasterBand(i + 1);
        const std::string number = std::to_string(i + 1);
        const GDALColorInterp interpretation = band.GetColorInterpretation();
        if (interpretation != GCI_Undefined && interpretation != usual[static_cast<size_t>(i)])
            metadata.set(kGdalDomain, kInterpretation + number,
                         GDALGetColorInterpretationName(interpretation));
        int has = FALSE;
        const double scale = band.GetScale(&has);
        if (has && scale != 1) metadata.set(kMetadataDomain, kMetadataScale + number, number_text(scale));
        const double offset = band.GetOffset(&has);
        if (has && offset != 0) metadata.set(kMetadataDomain, kMetadataOffset + number, number_text(offset));
        if (const char* unit = band.GetUnitType(); unit != nullptr && unit[0] != '\0')
            metadata.set(kMetadataDomain, kMetadataUnit + number, unit);
        if (band.GetDescription()[0] != '\0')
            metadata.set(kMetadataDomain, kMetadataBandDescription + number, band.GetDescription());
        if (!everything) continue;
        if (const std::string text = joined(band.GetCategoryNames()); !text.empty())
            metadata.set(kGdalDomain, kCategories + number, text);
        if (const std::string text = joined(band.GetMetadata()); !text.empty())
            metadata.set(kGdalDomain, kItems + number, text);
        collect_histogram(band, number, metadata);
    }
}

std::vector<BandMetadata> map_bands(const Metadata& metadata, const BandTable& table) {
    const std::vector<GDALColorInterp> usual = usual_interpretations(table);
    std::vector<BandMetadata> bands(table.count());
    for (size_t i = 0; i < bands.size(); ++i) {
        BandMetadata& band = bands[i];
        const std::string number = std::to_string(i + 1);
        const auto ours = [&](const std::string& key) { return metadata.find(kMetadataDomain, key); };
        const auto gdals = [&](const std::string& key) { return metadata.find(kGdalDomain, key + number); };
        if (const std::string* text = ours(kMetadataBandDescription + number)) band.description = *text;
        const std::string* name = gdals(kInterpretation);
        band.interpretation = name != nullptr ? GDALGetColorInterpretationByName(name->c_str()) : usual[i];
        band.nodata = parse_number(ours(kMetadataNodata + ("_" + number)));
        if (!band.nodata) band.nodata = parse_number(ours(kMetadataNodata));
        band.scale = parse_number(ours(kMetadataScale + number));
        band.offset = parse_number(ours(kMetadataOffset + number));
        if (const std::string* text = ours(kMetadataUnit + number)) band.unit = *text;
        if (const std::string* text = gdals(kCategories))
            band.categories = CPLStringList(CSLTokenizeString2(text->c_str(), "\n", CSLT_ALLOWEMPTYTOKENS));
        // The last line ends, too.
        if (const int n = band.categories.Count(); n > 0 && band.categories[n - 1][0] == '\0')
            band.categories = CPLStringList(CSLRemoveStrings(band.categories.StealList(), n - 1, 1, nullptr));
        if (const std::string* text = gdals(kItems))
            band.items = CPLStringList(CSLTokenizeString2(text->c_str(), "\n", 0));
        band.histogram = parse_histogram(gdals(kHistogram));
    }
    return bands;
}

}  // namespace nae::gdal
