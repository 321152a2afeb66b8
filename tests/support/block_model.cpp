#include "tests/support/block_model.h"

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "codec/entropy/table_builder.h"

namespace nae::test {

namespace {

constexpr int kBlock = 16;
constexpr int kColours = 3;
constexpr int kWaves = 21;                  // coefficients per colour: all with u + v < 6
constexpr int kLatent = kColours * kWaves;  // C
constexpr int kHyper = 4;                   // Cz
constexpr int kOctave = 256;                // gains and scales count in 1/256 octave
constexpr int kFracBits = 4;                // F: 16 steps per gray level
constexpr int kUnitsPerCoefficient = 4;     // integer units of the synthesis' input per real coefficient
constexpr int32_t kRange = 8191;            // of the synthesis' input: coefficients up to +-2048
constexpr int kHyperRange = 127;
constexpr double kMeanPerHyper = 32;  // coefficients that one step of a hyper-latent stands for
constexpr double kPi = 3.14159265358979323846;

struct Wave {
    int u, v;
};

std::vector<Wave> waves() {
    std::vector<Wave> result;
    for (int sum = 0; sum < 6; ++sum)
        for (int u = 0; u <= sum; ++u) result.push_back({u, sum - u});
    return result;
}

// Orthonormal basis function at a pixel of the block.
double basis(const Wave& wave, int y, int x) {
    const auto one = [](int k, int t) {
        return std::sqrt((k == 0 ? 1.0 : 2.0) / kBlock) * std::cos(kPi * (t + 0.5) * k / kBlock);
    };
    return one(wave.v, y) * one(wave.u, x);
}

double typical_size(const Wave& wave) { return 500.0 / std::pow(1.0 + wave.u + wave.v, 1.3); }

Graph synthesis(std::mt19937& random) {
    const std::vector<Wave> all = waves();
    GraphBuilder b(kLatent, -kRange, kRange);
    // 1: a whole weight of 2^12 in the middle, crumbs of the neighbours' same channel around it.
    ConvParams mix;
    mix.out_channels = kLatent;
    mix.kernel = 3;
    mix.weights.assign(static_cast<size_t>(kLatent) * 9 * kLatent, 0);
    mix.bias.assign(kLatent, 0);
    mix.mult.assign(kLatent, 1 << 20);
    mix.lo = -kRange;
    mix.hi = kRange;
    std::uniform_int_distribution<int> crumb(-40, 40);
    for (int o = 0; o < kLatent; ++o)
        for (int tap = 0; tap < 9; ++tap)
            mix.weights[(static_cast<size_t>(o) * 9 + static_cast<size_t>(tap)) * kLatent +
                        static_cast<size_t>(o)] = static_cast<int16_t>(tap == 4 ? 4096 : crumb(random));
    const int mixed = b.conv(b.input(), std::move(mix));
    // 2: the inverse transform. out = coefficient * basis * 2^F.
    ConvParams inverse;
    inverse.out_channels = kBlock * kBlock * kColours;
    inverse.weights.assign(static_cast<size_t>(inverse.out_channels) * kLatent, 0);
    inverse.bias.assign(static_cast<size_t>(inverse.out_channels), 0);
    inverse.mult.assign(
        static_cast<size_t>(inverse.out_channels),
        (1 << kFracBits) / kUnitsPerCoefficient * (1 << 17));  // weights have 15 bits of fraction
    for (int y = 0; y < kBlock; ++y)
        for (int x = 0; x < kBlock; ++x)
            for (int colour = 0; colour < kColours; ++colour)
                for (int k = 0; k < kWaves; ++k) {
                    const size_t o = static_cast<size_t>((y * kBlock + x) * kColours + colour);
                    inverse.weights[o * kLatent + static_cast<size_t>(colour * kWaves + k)] =
                        static_cast<int16_t>(std::lround(basis(all[static_cast<size_t>(k)], y, x) * 32768));
                }
    b.depth_to_space(b.conv(mixed, std::move(inverse)), kBlock);
    return b.take();
}

// Means: hyper-latents 0..2 are the mean DC of the three colours. Scales: constant.
Graph hyper_synthesis() {
    const std::vector<Wave> all = waves();
    GraphBuilder b(kHyper, -kHyperRange, kHyperRange);
    constexpr int kPositions = kHyperStride * kHyperStride;
    constexpr int32_t kShift = 7;  // mult 2^25: out = acc / 2^7
    ConvParams params;
    params.out_channels = kPositions * 2 * kLatent;
    params.weights.assign(static_cast<size_t>(params.out_channels) * kHyper, 0);
    params.bias.assign(static_cast<size_t>(params.out_channels), 0);
    params.mult.assign(static_cast<size_t>(params.out_channels), 1 << (32 - kShift));
    for (int p = 0; p < kPositions; ++p) {
        const size_t first = static_cast<size_t>(p) * 2 * kLatent;
        for (int colour = 0; colour < kColours; ++colour)
            params.weights[(first + static_cast<size_t>(colour * kWaves)) * kHyper +
                           static_cast<size_t>(colour)] =
                static_cast<int16_t>(kMeanPerHyper * kUnitsPerCoefficient * (1 << kShift));
        for (int c = 0; c < kLatent; ++c)
            params.bias[first + kLatent + static_cast<size_t>(c)] =
                static_cast<int32_t>(
                    std::lround(kOctave * std::log2(typical_size(all[static_cast<size_t>(c % kWaves)])))) *
                (1 << kShift);
    }
    b.depth_to_space(b.conv(b.input(), std::move(params)), kHyperStride);
    return b.take();
}

// (pixel - 128) / 128 to integer units of the synthesis' input: the forward transform as space-to-depth and a
// 1x1 convolution.
FloatGraph analysis() {
    const std::vector<Wave> all = waves();
    FloatGraphBuilder b(kColours);
    FloatConvParams forward;
    constexpr int kInputs = kBlock * kBlock * kColours;
    forward.out_channels = kLatent;
    forward.type = WeightType::f32;
    forward.weights.assign(static_cast<size_t>(kLatent) * kInputs, 0.0f);
    forward.bias.assign(kLatent, 0.0f);
    for (int colour = 0; colour < kColours; ++colour)
        for (int k = 0; k < kWaves; ++k)
            for (int y = 0; y < kBlock; ++y)
                for (int x = 0; x < kBlock; ++x)
                    forward.weights[static_cast<size_t>(colour * kWaves + k) * kInputs +
                                    static_cast<size_t>((y * kBlock + x) * kColours + colour)] =
                        static_cast<float>(basis(all[static_cast<size_t>(k)], y, x) * 128 *
                                           kUnitsPerCoefficient);
    b.conv(b.space_to_depth(b.input(), kBlock), std::move(forward));
    return b.take();
}

FloatGraph hyper_analysis() {
    FloatGraphBuilder b(kLatent);
    constexpr int kPositions = kHyperStride * kHyperStride;
    FloatConvParams mean;
    mean.out_channels = kHyper;
    mean.type = WeightType::f32;
    mean.weights.assign(static_cast<size_t>(kHyper) * kPositions * kLatent, 0.0f);
    mean.bias.assign(kHyper, 0.0f);
    for (int colour = 0; colour < kColours; ++colour)
        for (int p = 0; p < kPositions; ++p)
            mean.weights[(static_cast<size_t>(colour) * kPositions + static_cast<size_t>(p)) * kLatent +
                         static_cast<size_t>(colour * kWaves)] =
                static_cast<float>(1.0 / (kPositions * kMeanPerHyper * kUnitsPerCoefficient));
    b.conv(b.space_to_depth(b.input(), kHyperStride), std::move(mean));
    return b.take();
}

// Steps from 128 coefficients at the lowest quality to 1 at the highest.
Gains gains() {
    Gains result;
    result.latent.channels = kLatent;
    result.latent.anchors = 2;
    for (int c = 0; c < kLatent; ++c) {
        result.latent.log2_gain.push_back(-7 * kOctave);
        result.latent.log2_gain.push_back(0);
        result.latent.log2_inverse_unit.push_back(2 * kOctave);  // log2 of kUnitsPerCoefficient
    }
    result.hyper.channels = kHyper;
    result.hyper.anchors = 2;
    result.hyper.log2_gain.assign(2 * kHyper, 0);
    result.hyper.log2_inverse_unit.assign(kHyper, 0);
    result.hyper_log2_scale.assign(kHyper, 4 * kOctave);
    return result;
}

}  // namespace

Model make_block_model(const std::string& name, unsigned seed) {
    std::mt19937 random(seed);
    Model model;
    model.name = name;
    model.latent_channels = kLatent;
    model.hyper_channels = kHyper;
    model.output_frac_bits = kFracBits;
    model.hyper_synthesis = hyper_synthesis();
    model.synthesis = synthesis(random);
    model.gains = gains();
    const int bias = bias_for_smallest_scale(0.12);
    model.latent_tables = make_gaussian_tables(bias, 56);
    model.hyper_tables = make_gaussian_tables(bias, 40);
    model.analysis = analysis();
    model.hyper_analysis = hyper_analysis();
    model.text = "Made by the tests: a cosine transform, not trained.";
    return model;
}

}  // namespace nae::test
