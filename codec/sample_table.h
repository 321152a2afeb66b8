// From the synthesis' output to samples of any data type.
//
// Let u be the output moved to start at black and clamped: with F fraction bits,
//   RGB    u = clamp(v + 128 2^F, 0, D),        D = 255 2^F
//   gray   u = clamp(r + g + b + 384 2^F, 0, D), D = 765 2^F
// Integer types:  sample = lo + floor((2 (hi - lo) u + D) / (2 D))
// Float32:        sample = lo + ((hi - lo) u) / D in binary64, each operation rounded to nearest even, then
//                 rounded to binary32 and clamped to lo .. hi
// A sample that equals a special value gives way: for k = 1, 2, ... to the k-th next greater value of the data
// type, else the k-th next smaller one, whichever first is inside lo .. hi and not special; if there is none, it
// stays. There are few different u, so all samples are computed beforehand.
#ifndef NAE_CODEC_SAMPLE_TABLE_H_
#define NAE_CODEC_SAMPLE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/band_table.h"

namespace nae {

class SampleTable {
  public:
    // kind: gray or rgb. info as check_band_table() wants it.
    SampleTable(const BandInfo& info, DataType type, int frac_bits, PlaneKind kind);

    // v: one channel for RGB, the sum of three for gray. The result is a sample in its first sample_bytes()
    // bytes, as band_table.h stores it.
    uint32_t operator()(int32_t v) const {
        const int32_t u = v + offset_;
        return samples_[static_cast<size_t>(u < 0 ? 0 : u > last_ ? last_ : u)];
    }

  private:
    int32_t offset_;
    int32_t last_;
    std::vector<uint32_t> samples_;
};

// True when pixel_output.h computes the same as the table: Byte, 0 .. 255, nothing special.
bool is_plain_range(const BandInfo& info, DataType type);

}  // namespace nae

#endif  // NAE_CODEC_SAMPLE_TABLE_H_
