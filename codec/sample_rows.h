// Rows of samples of any data type on their way into the encoder: which are valid, what they range over, and
// what they are on the model's scale.
#ifndef NAE_CODEC_SAMPLE_ROWS_H_
#define NAE_CODEC_SAMPLE_ROWS_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "codec/image_source.h"
#include "format/band_table.h"

namespace nae {

// Calls f with a value of the C++ type that the data type has.
template <class F>
auto with_sample_type(DataType type, F&& f) {
    switch (type) {
        case DataType::uint16:
            return f(uint16_t{});
        case DataType::int16:
            return f(int16_t{});
        case DataType::uint32:
            return f(uint32_t{});
        case DataType::int32:
            return f(int32_t{});
        case DataType::float32:
            return f(float{});
        case DataType::byte:
            break;
    }
    return f(uint8_t{});
}

template <class T>
T load_sample(const uint8_t* samples, int64_t i) {
    T value;
    std::memcpy(&value, samples + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
}

// For each of n samples 0 or the number, from 1, of the special value that it is.
void find_codes(const uint8_t* samples, int64_t n, DataType type, const std::vector<double>& specials,
                uint8_t* codes);

// What a row consists of: the samples of some bands one after another, then the mask if there is one. The same
// at every level of a picture.
struct RowShape {
    std::vector<int> bands;
    bool mask = false;
    DataType type = DataType::byte;

    size_t row_bytes(int64_t width) const {
        return static_cast<size_t>(width) * (bands.size() * sample_bytes(type) + (mask ? 1 : 0));
    }
    // The samples of a band, which must be one of `bands`.
    const uint8_t* samples(const uint8_t* row, int64_t width, int band) const;
    const uint8_t* mask_of(const uint8_t* row, int64_t width) const {
        return mask ? row + row_bytes(width) - width : nullptr;
    }
};

// For pixels x .. x + n - 1 of a row: valid[i] = 0 where a pixel has no value in a band: special, masked, or
// transparent.
void find_valid(const RowShape& shape, const uint8_t* row, int64_t width, const BandPlan& plan, int band,
                int64_t x, int64_t n, uint8_t* valid);

// Smallest and largest valid value of a band, and which values that are not finite occur. Rows one by one.
class RangeMeter {
  public:
    void add_row(const RowShape& shape, const uint8_t* row, int64_t width, const BandPlan& plan, int band);
    // The range, 0 .. 0 if nothing was valid.
    double lo() const { return seen_ ? lo_ : 0; }
    double hi() const { return seen_ ? hi_ : 0; }
    const std::vector<double>& not_finite() const { return not_finite_; }

  private:
    bool seen_ = false;
    double lo_ = 0, hi_ = 0;
    std::vector<double> not_finite_;  // NaN, infinities, each once
    std::vector<uint8_t> valid_;
};

// n samples on the model's scale, (value - 128) / 128 with value = 0 .. 255 for lo .. hi; a band that is constant
// gives 0. out: `stride` floats from one to the next.
void to_model_scale(const uint8_t* samples, int64_t n, DataType type, const BandInfo& info, float* out,
                    int64_t stride);

}  // namespace nae

#endif  // NAE_CODEC_SAMPLE_ROWS_H_
