// Windows of decoded pictures, and what they must be.
#ifndef NAE_TESTS_UNIT_WINDOWS_H_
#define NAE_TESTS_UNIT_WINDOWS_H_

#include <random>
#include <vector>

#include "tests/unit/small_codec.h"

namespace nae::test {

// Bytes of a window, with a guard byte behind every row.
inline std::vector<uint8_t> window_of(const Decoder& decoder, uint32_t x, uint32_t y, uint32_t w,
                                      uint32_t h) {
    const size_t row = static_cast<size_t>(w) * decoder.header().bands;
    std::vector<uint8_t> padded((row + 1) * h, 0xa5);
    const Status status = decoder.read_window(x, y, w, h, padded.data(), static_cast<ptrdiff_t>(row) + 1);
    INFO(status.message());
    REQUIRE(status.ok());
    std::vector<uint8_t> out;
    for (uint32_t i = 0; i < h; ++i) {
        const auto begin = padded.begin() + static_cast<ptrdiff_t>(i * (row + 1));
        out.insert(out.end(), begin, begin + static_cast<ptrdiff_t>(row));
        REQUIRE(padded[(i + 1) * (row + 1) - 1] == 0xa5);
    }
    return out;
}

// Of the bytes of all pixels those of a window.
inline std::vector<uint8_t> crop(const std::vector<uint8_t>& all, const Header& header, uint32_t x,
                                 uint32_t y, uint32_t w, uint32_t h) {
    std::vector<uint8_t> out;
    for (uint32_t i = 0; i < h; ++i) {
        const auto begin =
            all.begin() + static_cast<ptrdiff_t>((size_t{y + i} * header.width + x) * header.bands);
        out.insert(out.end(), begin, begin + static_cast<ptrdiff_t>(size_t{w} * header.bands));
    }
    return out;
}

// Random windows equal the crops of `all`, the whole picture.
inline void check_random_windows(const Decoder& decoder, const std::vector<uint8_t>& all, std::mt19937& rng,
                                 int count) {
    const Header& header = decoder.header();
    const auto pick = [&](uint32_t lo, uint32_t hi) {
        return std::uniform_int_distribution<uint32_t>(lo, hi)(rng);
    };
    for (int i = 0; i < count; ++i) {
        const uint32_t x = pick(0, header.width - 1), y = pick(0, header.height - 1);
        const uint32_t w = pick(1, header.width - x), h = pick(1, header.height - y);
        CAPTURE(x, y, w, h);
        CHECK((window_of(decoder, x, y, w, h) == crop(all, header, x, y, w, h)));
    }
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_WINDOWS_H_
