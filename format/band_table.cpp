#include "format/band_table.h"

#include <cmath>
#include <cstring>

#include "format/little_endian.h"
#include "format/text.h"

namespace nae {

namespace {

Status corrupt(const std::string& what) { return Status(ErrorCode::corrupt, what); }

size_t bands_in(PlaneKind kind) { return kind == PlaneKind::mask ? 0 : kind == PlaneKind::rgb ? 3 : 1; }

bool same_special(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// A finite value that the type can hold.
bool is_sample(double value, DataType type) {
    if (!(value >= lowest_value(type) && value <= highest_value(type))) return false;
    return type == DataType::float32 ? static_cast<double>(static_cast<float>(value)) == value
                                     : std::floor(value) == value;
}

Status check_info(const BandInfo& info, DataType type, size_t band) {
    if (!is_sample(info.lo, type) || !is_sample(info.hi, type) || info.lo > info.hi) {
        return corrupt(cat("band ", band + 1, ": range ", info.lo, " .. ", info.hi));
    }
    if (info.specials.size() > kMaxSpecials) {
        return corrupt(cat("band ", band + 1, ": ", info.specials.size(), " special values"));
    }
    for (size_t i = 0; i < info.specials.size(); ++i) {
        const double value = info.specials[i];
        const bool not_finite = type == DataType::float32 && !std::isfinite(value);
        if (!not_finite && !is_sample(value, type)) {
            return corrupt(cat("band ", band + 1, ": special value ", value));
        }
        for (size_t j = 0; j < i; ++j) {
            if (same_special(value, info.specials[j]))
                return corrupt(cat("band ", band + 1, ": special value ", value, " twice"));
        }
    }
    return {};
}

}  // namespace

int BandTable::mask() const {
    for (size_t p = 0; p < planes.size(); ++p) {
        if (planes[p].kind == PlaneKind::mask) return static_cast<int>(p);
    }
    return -1;
}

std::vector<BandPlace> band_places(const BandTable& table) {
    std::vector<BandPlace> places(table.count());
    for (size_t p = 0; p < table.planes.size(); ++p) {
        const Plane& plane = table.planes[p];
        for (size_t channel = 0; channel < plane.bands.size(); ++channel) {
            BandPlace& place = places[plane.bands[channel]];
            if (plane.kind == PlaneKind::codes) {
                place.codes = static_cast<int>(p);
            } else {
                place.plane = static_cast<int>(p);
                place.channel = static_cast<int>(channel);
            }
        }
    }
    return places;
}

BandTable plain_band_table(Colour colour) {
    BandTable table;
    if (colour == Colour::gray) {
        table.bands.resize(1);
        table.planes = {{PlaneKind::gray, {0}}};
    } else {
        table.bands.resize(3);
        table.planes = {{PlaneKind::rgb, {0, 1, 2}}};
    }
    return table;
}

bool is_plain(const BandTable& table, DataType type, Colour* colour) {
    if (type != DataType::byte) return false;
    const Colour likely = table.count() == 1 ? Colour::gray : Colour::rgb;
    const BandTable plain = plain_band_table(likely);
    if (table.count() != plain.count() || !(table.planes == plain.planes)) return false;
    for (const BandInfo& info : table.bands) {
        if (info.lo != 0 || info.hi != 255 || !info.specials.empty()) return false;
    }
    *colour = likely;
    return true;
}

Status check_band_table(const BandTable& table, DataType type) {
    if (table.bands.empty() || table.bands.size() > kMaxBands)
        return corrupt(cat(table.bands.size(), " bands"));
    if (table.planes.empty() || table.planes.size() > 2 * kMaxBands + 1)
        return corrupt(cat(table.planes.size(), " planes"));
    enum : uint8_t { nowhere, scaled, exact };
    std::vector<uint8_t> place(table.count(), nowhere), codes(table.count(), 0);
    bool mask = false;
    for (const Plane& plane : table.planes) {
        if (plane.kind < PlaneKind::gray || plane.kind > PlaneKind::mask)
            return Status(ErrorCode::unsupported, cat("plane of kind ", static_cast<int>(plane.kind)));
        if (plane.bands.size() != bands_in(plane.kind))
            return corrupt(cat("a plane of ", plane.bands.size(), " bands"));
        if (plane.kind == PlaneKind::mask) {
            if (mask) return corrupt("two masks");
            mask = true;
        }
        for (const uint16_t band : plane.bands) {
            if (band >= table.count()) return corrupt(cat("plane of band ", band + 1, " of ", table.count()));
            uint8_t& seen = plane.kind == PlaneKind::codes ? codes[band] : place[band];
            if (seen != nowhere) return corrupt(cat("band ", band + 1, " is in two planes"));
            seen = plane.coded_by_model() ? scaled : exact;
        }
    }
    for (size_t band = 0; band < table.count(); ++band) {
        if (place[band] == nowhere) return corrupt(cat("band ", band + 1, " is in no plane"));
        if (place[band] == scaled) NAE_RETURN_IF_ERROR(check_info(table.bands[band], type, band));
        if (codes[band] != 0 && (place[band] != scaled || table.bands[band].specials.empty()))
            return corrupt(cat("band ", band + 1, " has codes, but no special values"));
    }
    return {};
}

Result<std::vector<uint8_t>> serialise_band_table(const BandTable& table, DataType type) {
    NAE_RETURN_IF_ERROR(check_band_table(table, type));
    std::vector<bool> exact(table.count());
    std::vector<uint8_t> out;
    append_le(out, static_cast<uint16_t>(table.count()));
    append_le(out, static_cast<uint32_t>(table.planes.size()));
    for (const Plane& plane : table.planes) {
        append_le(out, static_cast<uint8_t>(plane.kind));
        for (const uint16_t band : plane.bands) append_le(out, band);
        if (plane.kind == PlaneKind::lossless) exact[plane.bands.front()] = true;
    }
    for (size_t band = 0; band < table.count(); ++band) {
        if (exact[band]) continue;
        const BandInfo& info = table.bands[band];
        append_le(out, sample_bits(info.lo, type));
        append_le(out, sample_bits(info.hi, type));
        append_le(out, static_cast<uint8_t>(info.specials.size()));
        for (const double value : info.specials) append_le(out, sample_bits(value, type));
    }
    return out;
}

Result<BandTable> parse_band_table(ByteSpan payload, DataType type) {
    ByteReader in(payload);
    uint16_t bands = 0;
    uint32_t planes = 0;
    NAE_RETURN_IF_ERROR(in.read("number of bands", &bands));
    NAE_RETURN_IF_ERROR(in.read("number of planes", &planes));
    if (planes > in.remaining()) return corrupt(cat(planes, " planes in ", in.remaining(), " bytes"));
    BandTable table;
    table.bands.resize(bands);
    table.planes.resize(planes);
    std::vector<bool> exact(bands);
    for (Plane& plane : table.planes) {
        uint8_t kind = 0;
        NAE_RETURN_IF_ERROR(in.read("kind of plane", &kind));
        plane.kind = static_cast<PlaneKind>(kind);
        plane.bands.resize(bands_in(plane.kind));
        for (uint16_t& band : plane.bands) {
            NAE_RETURN_IF_ERROR(in.read("band of a plane", &band));
            if (plane.kind == PlaneKind::lossless && band < bands) exact[band] = true;
        }
    }
    for (size_t band = 0; band < bands; ++band) {
        if (exact[band]) continue;
        BandInfo& info = table.bands[band];
        uint32_t lo = 0, hi = 0, special = 0;
        uint8_t n = 0;
        NAE_RETURN_IF_ERROR(in.read("lo", &lo));
        NAE_RETURN_IF_ERROR(in.read("hi", &hi));
        NAE_RETURN_IF_ERROR(in.read("number of special values", &n));
        info.lo = sample_value(lo, type);
        info.hi = sample_value(hi, type);
        for (int i = 0; i < n; ++i) {
            NAE_RETURN_IF_ERROR(in.read("special value", &special));
            info.specials.push_back(sample_value(special, type));
        }
    }
    NAE_RETURN_IF_ERROR(in.expect_end());
    NAE_RETURN_IF_ERROR(check_band_table(table, type));
    return table;
}

uint32_t sample_bits(double value, DataType type) {
    if (type != DataType::float32) return static_cast<uint32_t>(static_cast<int64_t>(value));
    const auto single = static_cast<float>(value);
    uint32_t bits = 0;
    std::memcpy(&bits, &single, sizeof(bits));
    return std::isnan(single) ? 0x7FC00000 : bits;
}

double sample_value(uint32_t bits, DataType type) {
    if (type == DataType::float32) {
        float single = 0;
        std::memcpy(&single, &bits, sizeof(single));
        return static_cast<double>(single);
    }
    const bool is_signed = type == DataType::int16 || type == DataType::int32;
    return is_signed ? static_cast<double>(static_cast<int32_t>(bits)) : static_cast<double>(bits);
}

}  // namespace nae
