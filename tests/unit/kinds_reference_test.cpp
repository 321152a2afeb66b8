// Kinds of pictures as the second decoder sees them: every data type, plane and level.
#include "codec/sample_table.h"
#include "tests/unit/kinds_images.h"
#include "tests/unit/reference_decoder.h"

using namespace nae;
using namespace nae::test;

namespace {

// Gray, RGB, exact, codes and mask in one picture of two levels, 70 x 50, tiles of 64.
template <class T>
void compare(DataType type, double lo, double hi, double nodata) {
    CAPTURE(data_type_name(type));
    TestImage<T> image = waves<T>(70, 50, 5, type, lo, hi);
    image.given = make_band_plan(5, type, {3, 1, 0}, 4, true);
    for (const int band : {0, 1, 2}) add_special(image.given, type, band, nodata);
    for (uint32_t i = 0; i < 50; ++i) {
        image.at(i, i, 0) = image.at(i, i, 1) = image.at(2 * i % 70, i, 2) = static_cast<T>(nodata);
        image.at(i, 7, 4) = static_cast<T>(i);
        image.mask[i * 70 + 3] = static_cast<uint8_t>(i % 3 == 0 ? 0 : 255);
    }
    if (type == DataType::float32)
        image.at(5, 6, 3) = static_cast<T>(std::numeric_limits<double>::infinity());
    const auto bytes = encoded(image, 60, 2);
    const auto decoder = open_bytes(bytes);
    REQUIRE(decoder->bands().planes.size() >= 7);
    for (int level = 0; level < 2; ++level) {
        CAPTURE(level);
        const auto samples = decoded<T>(*decoder, level);
        Window window{0, 0, decoder->header().level_width(level), decoder->header().level_height(level)};
        window.level = level;
        std::vector<uint8_t> expected(samples.size() * sizeof(T) + size_t{window.width} * window.height);
        std::memcpy(expected.data(), samples.data(), samples.size() * sizeof(T));
        REQUIRE(decoder->read_mask(window, expected.data() + samples.size() * sizeof(T), window.width).ok());
        CHECK((decode_by_reference(bytes, level) == expected));
    }
}

}  // namespace

TEST_CASE("a decoder written from FORMAT.md alone gives the same samples of every kind",
          "[format][reference]") {
    if (!has_python()) return;
    compare<uint8_t>(DataType::byte, 0, 255, 128);
    compare<uint16_t>(DataType::uint16, 0, 65535, 20000);
    compare<int16_t>(DataType::int16, -30000, 30000, -32768);
    compare<uint32_t>(DataType::uint32, 0, 4294967295.0, 0);
    compare<int32_t>(DataType::int32, -2147483648.0, 2147483647.0, -1);
    compare<float>(DataType::float32, -1e-3, 2.7e5, 1e5);
    compare<float>(DataType::float32, -1, 1, std::numeric_limits<double>::quiet_NaN());
}
