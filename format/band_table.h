// BAND, the chunk that says what the bands are, and the planes in which they are coded.
//
// A *plane* is what has tiles of its own: three bands coded by the model as red, green and blue, one band coded
// by the model as gray, one band stored losslessly (alpha), the special codes of a band, or the mask of the
// picture. Pictures of one gray or three RGB bands of Byte have no such chunk: plain_band_table().
//
//   u16 N   bands, 1 .. 65535
//   u32 P   planes, 1 .. 131071
//   P times: u8 kind, then the plane's bands (numbers from 0): u16 once, three times for RGB, not for the mask
//   N times, except for lossless bands: lo, hi, u8 n, n special values
//
// lo, hi and special values are samples in 4 bytes: u32 for Byte, UInt16 and UInt32, i32 for Int16 and Int32,
// IEEE 754 binary32 for Float32.
#ifndef NAE_FORMAT_BAND_TABLE_H_
#define NAE_FORMAT_BAND_TABLE_H_

#include <cstdint>
#include <vector>

#include "format/header.h"
#include "format/span.h"
#include "format/status.h"

namespace nae {

constexpr size_t kMaxBands = 65535;
constexpr size_t kMaxSpecials = 255;

enum class PlaneKind : uint8_t {
    gray = 1,      // one band, coded by the model as R = G = B
    rgb = 2,       // three bands, coded by the model
    lossless = 3,  // one band, stored exactly
    codes = 4,     // for one band of a gray or RGB plane: 0 or the number (from 1) of a special value
    mask = 5,      // 8 bits for each pixel, 0 = not valid in any band
};

struct Plane {
    PlaneKind kind = PlaneKind::gray;
    std::vector<uint16_t> bands;  // numbers from 0

    bool coded_by_model() const { return kind == PlaneKind::gray || kind == PlaneKind::rgb; }
    friend bool operator==(const Plane& a, const Plane& b) { return a.kind == b.kind && a.bands == b.bands; }
};

// Scaling and special values of a band coded by the model; both unused for a lossless band. Every value of
// every data type is exact as a double.
struct BandInfo {
    double lo = 0;                 // what the model's 0 stands for
    double hi = 255;               // what its 255 stands for; samples never lie outside lo .. hi
    std::vector<double> specials;  // nodata, NaN, infinities: samples that are kept exactly
};

struct BandTable {
    std::vector<BandInfo> bands;
    std::vector<Plane> planes;

    size_t count() const { return bands.size(); }
    // Bytes of one sample in a plane's tiles when it is not coded by the model.
    static size_t plane_sample_bytes(const Plane& plane, DataType type) {
        return plane.kind == PlaneKind::lossless ? sample_bytes(type) : 1;
    }
    // Index of the plane that is the mask; -1 when there is none.
    int mask() const;
};

// Where a band is to be found: indices of planes, -1 when there is none.
struct BandPlace {
    int plane = -1;   // gray, RGB or lossless
    int channel = 0;  // among the plane's bands
    int codes = -1;
};
std::vector<BandPlace> band_places(const BandTable& table);  // one per band

// What a picture without BAND has: one gray band or three RGB bands, 0 .. 255, no special values.
BandTable plain_band_table(Colour colour);
// True when the table says no more than plain_band_table() of some colour, which is then stored in *colour.
bool is_plain(const BandTable& table, DataType type, Colour* colour);

// Every band in exactly one plane, ranges and special values of the data type, lo <= hi. Error: corrupt.
Status check_band_table(const BandTable& table, DataType type);

// The payload of BAND. The table must pass check_band_table().
Result<std::vector<uint8_t>> serialise_band_table(const BandTable& table, DataType type);
// Parses and checks.
Result<BandTable> parse_band_table(ByteSpan payload, DataType type);

// A sample as 32 bits, as in BAND (integers sign-extended), and back. `value` must be one of the type.
uint32_t sample_bits(double value, DataType type);
double sample_value(uint32_t bits, DataType type);

}  // namespace nae

#endif  // NAE_FORMAT_BAND_TABLE_H_
