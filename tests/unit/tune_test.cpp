// Tune::ssim: errors move from calm parts of a picture to busy ones, and the search lowers what it is to lower.
#include <catch2/catch.hpp>

#include "codec/emphasis.h"
#include "codec/float_shadow.h"
#include "codec/latent_quantiser.h"
#include "codec/symbol_search.h"
#include "tests/unit/small_codec.h"

using namespace nae;
using namespace nae::test;

namespace {

constexpr int kWidth = 256, kHeight = 128;

// Calm on the left; busy on the right, with a grain that the model cannot show.
Picture two_halves() {
    Picture picture = make_picture(kWidth, kHeight, 3);
    for (size_t i = 0; i < picture.pixels.size(); ++i) {
        uint8_t& v = picture.pixels[i];
        const size_t x = i / 3 % kWidth, y = i / 3 / kWidth;
        if (x < kWidth / 2) {
            v = static_cast<uint8_t>(112 + v / 8);
        } else {
            v = static_cast<uint8_t>(std::clamp(v + ((x + y) % 2 == 0 ? 35 : -35), 0, 255));
        }
    }
    return picture;
}

struct Outcome {
    double calm = 0, busy = 0;  // squared errors
    double cost = 0;            // bits, and weighed errors in bits
};

Outcome outcome_of(Tune tune, int effort, double quality) {
    Model model = small_model();
    model.latent_tables_q1 = make_logistic_tables(model.latent_tables.bias, model.latent_tables.count());
    const auto ready = prepare_model(model, "small.nam");
    REQUIRE(ready.ok());
    const auto analysis = with_symbol_search(std::make_unique<BlockMeans>(), float_shadow(model.synthesis),
                                             1.0F / static_cast<float>(1 << model.output_frac_bits), true, 1);
    EncoderOptions options = small_options(ready.value(), *analysis);
    options.effort = effort;
    options.tune = tune;
    options.quality = quality;
    const Picture picture = two_halves();
    EncodeStatistics statistics;
    const std::vector<uint8_t> pixels = decode_all(*open_bytes(encode_bytes(options, picture, &statistics)));
    Outcome found;
    double weighed = 0;
    for (int y = 0; y < kHeight; y += 16) {
        // As the encoder has it: one weight for each cell.
        std::vector<float> rows;
        for (int i = 0; i < 16 * kWidth * 3; ++i)
            rows.push_back(
                (static_cast<float>(picture.pixels[static_cast<size_t>(y * kWidth * 3 + i)]) - 128) / 128);
        float emphasis[kWidth / 16];
        structural_emphasis(rows.data(), kWidth * 3, kWidth / 16, emphasis);
        for (int i = 0; i < 16 * kWidth * 3; ++i) {
            const auto at = static_cast<size_t>(y * kWidth * 3 + i);
            const int x = i / 3 % kWidth, off = picture.pixels[at] - pixels[at];
            (x < kWidth / 2 ? found.calm : found.busy) += off * off;
            weighed += static_cast<double>(emphasis[x / 16]) * off * off;
        }
    }
    found.cost =
        8.0 * static_cast<double>(statistics.latent_bytes) + distortion_weight_at(6000) / 3 * weighed;
    return found;
}

}  // namespace

TEST_CASE("tune: calm parts gain, and busy ones have a larger share of the errors", "[tune]") {
    // Where steps are small, all there is to gain is rounded away in this little model.
    constexpr double kQuality = 40;
    const Outcome psnr = outcome_of(Tune::psnr, 4, kQuality), ssim = outcome_of(Tune::ssim, 4, kQuality);
    CHECK(ssim.calm < psnr.calm);
    CHECK(ssim.busy / ssim.calm > psnr.busy / psnr.calm);
}

TEST_CASE("tune: higher efforts lower bits + weighed errors", "[tune]") {
    constexpr double kQuality = 60;
    const double chosen = outcome_of(Tune::ssim, 4, kQuality).cost,
                 some = outcome_of(Tune::ssim, 5, kQuality).cost,
                 many = outcome_of(Tune::ssim, 9, kQuality).cost;
    CHECK(some < 0.999 * chosen);
    CHECK(many <= some);
}
