// A model small enough for tests, and an analysis that needs no network library. Together they form a
// working, if crude, codec: the latent holds the means of 8 x 8 blocks, the synthesis paints them, with some
// seeded disturbance from neighbours so that halos matter.
#ifndef NAE_TESTS_UNIT_SMALL_CODEC_H_
#define NAE_TESTS_UNIT_SMALL_CODEC_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/entropy/table_builder.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"

namespace nae::test {

constexpr int kSmallLatents = 12;  // 2 x 2 blocks of 8 x 8 pixels, 3 colours
constexpr int kSmallHypers = 4;

inline ConvParams conv_params(int in, int out, int kernel, std::mt19937& random, int noise) {
    ConvParams p;
    p.out_channels = out;
    p.kernel = kernel;
    p.weights.resize(static_cast<size_t>(out) * static_cast<size_t>(kernel * kernel) *
                     static_cast<size_t>(in));
    for (int16_t& w : p.weights)
        w = static_cast<int16_t>(static_cast<int>(random() % (2 * static_cast<unsigned>(noise) + 1)) - noise);
    p.bias.assign(static_cast<size_t>(out), 0);
    p.mult.assign(static_cast<size_t>(out), 1 << 20);  // weight 4096 is 1
    return p;
}

inline int16_t& centre_tap(ConvParams& p, int in, int out_channel, int in_channel) {
    const int k = p.kernel;
    return p.weights[static_cast<size_t>(((out_channel * k + k / 2) * k + k / 2) * in + in_channel)];
}

inline Model small_model(unsigned seed = 1) {
    std::mt19937 random(seed);
    Model m;
    m.name = "small";
    m.latent_channels = kSmallLatents;
    m.hyper_channels = kSmallHypers;
    m.output_frac_bits = 4;

    // Synthesis, values in 1/16 of a pixel level: latent -> 2x2 blocks of colours at 1/8 -> pixels.
    GraphBuilder s(kSmallLatents, -4000, 4000);
    ConvParams first = conv_params(kSmallLatents, kSmallLatents, 3, random, 40);
    for (int c = 0; c < kSmallLatents; ++c) centre_tap(first, kSmallLatents, c, c) = 4096;
    int x = s.depth_to_space(s.conv(s.input(), first), 2);
    ConvParams second = conv_params(3, 192, 3, random, 100);
    for (int c = 0; c < 192; ++c) centre_tap(second, 3, c, c % 3) = 4096;
    s.depth_to_space(s.conv(x, second), 8);
    m.synthesis = s.take();

    // Hyper-synthesis: a little mean, log2 scales around 8 (256 in units of 1/16 level: 16 levels) plus what
    // z says.
    GraphBuilder h(kSmallHypers, -2000, 2000);
    ConvParams spread = conv_params(kSmallHypers, 16 * 2 * kSmallLatents, 3, random, 600);
    for (int c = 0; c < spread.out_channels; ++c) {
        if (c % (2 * kSmallLatents) >= kSmallLatents) {
            spread.bias[static_cast<size_t>(c)] = 4096 * 700;
            centre_tap(spread, kSmallHypers, c, c % kSmallHypers) = 4096;
        }
    }
    h.depth_to_space(h.conv(h.input(), spread), 4);
    m.hyper_synthesis = h.take();

    // Steps of 64 levels at quality 1, half a level at 100; a real latent unit is one level, an integer step
    // 1/16.
    m.gains.latent = {kSmallLatents, 2, {}, std::vector<int32_t>(kSmallLatents, 4 * 256)};
    for (int c = 0; c < kSmallLatents; ++c)
        m.gains.latent.log2_gain.insert(m.gains.latent.log2_gain.end(), {-6 * 256, 256});
    m.gains.hyper = {kSmallHypers, 2, {}, std::vector<int32_t>(kSmallHypers, 0)};
    for (int c = 0; c < kSmallHypers; ++c)
        m.gains.hyper.log2_gain.insert(m.gains.hyper.log2_gain.end(), {-6 * 256, -4 * 256});
    m.gains.hyper_log2_scale.assign(kSmallHypers, 7 * 256);
    m.latent_tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 46);
    m.hyper_tables = make_gaussian_tables(bias_for_smallest_scale(0.12), 46);
    return m;
}

inline ReadyModelPtr small_ready_model(unsigned seed = 1) {
    auto ready = prepare_model(small_model(seed), "small.nam");
    INFO(ready.status().message());
    REQUIRE(ready.ok());
    return ready.value();
}

// Means of blocks, minus a little of the neighbouring cells (zero outside), so that the halo is exactly one
// cell.
class BlockMeans : public AnalysisBackend {
  public:
    int halo_px() const override { return 10; }  // the encoder rounds it up to a cell
    int largest_side = 0;

    Status run(AnalysisGraph graph, const float* in, int h, int w, int c, float* out, int out_h, int out_w,
               int out_c) override {
        if (graph == AnalysisGraph::hyper_analysis) return hyper(in, h, w, c, out, out_h, out_w, out_c);
        if (c != 3 || h != 16 * out_h || w != 16 * out_w || out_c != kSmallLatents) {
            return Status(ErrorCode::internal, "unexpected shape");
        }
        largest_side = std::max({largest_side, h, w});
        std::vector<float> means(static_cast<size_t>(out_h * out_w * out_c));
        for (int y = 0; y < h; ++y) {
            for (int x = 0; x < w; ++x) {
                for (int b = 0; b < 3; ++b) {
                    const int channel = (y / 8 % 2 * 2 + x / 8 % 2) * 3 + b;
                    means[static_cast<size_t>((y / 16 * out_w + x / 16) * out_c + channel)] +=
                        in[(y * w + x) * 3 + b] * (128.0f * 16.0f / 64.0f);
                }
            }
        }
        for (int y = 0; y < out_h; ++y) {
            for (int x = 0; x < out_w; ++x) {
                for (int k = 0; k < out_c; ++k) {
                    const auto at = [&](int yy, int xx) {
                        return yy < 0 || xx < 0 || yy >= out_h || xx >= out_w
                                   ? 0.0f
                                   : means[static_cast<size_t>((yy * out_w + xx) * out_c + k)];
                    };
                    out[(y * out_w + x) * out_c + k] =
                        at(y, x) - 0.01f * (at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1));
                }
            }
        }
        return Status();
    }

  private:
    // How much latents of a 4 x 4 group vary, roughly in 1/256 octave around the model's 700.
    Status hyper(const float* in, int h, int w, int c, float* out, int out_h, int out_w, int out_c) {
        if (h != 4 * out_h || w != 4 * out_w || c != kSmallLatents || out_c != kSmallHypers) {
            return Status(ErrorCode::internal, "unexpected shape");
        }
        for (int y = 0; y < out_h; ++y) {
            for (int x = 0; x < out_w; ++x) {
                double sum = 1;
                for (int i = 0; i < 16 * c; ++i) {
                    sum += std::fabs(in[((4 * y + i / c / 4) * w + 4 * x + i / c % 4) * c + i % c]);
                }
                for (int k = 0; k < out_c; ++k) {
                    out[(y * out_w + x) * out_c + k] =
                        static_cast<float>(256 * std::log2(sum / (16 * c * 16.0) + 0.01) - 300 + 20 * k);
                }
            }
        }
        return Status();
    }
};

struct Picture {
    uint32_t width = 0, height = 0;
    int bands = 0;
    std::vector<uint8_t> pixels;

    const uint8_t* at(uint32_t x, uint32_t y) const {
        return pixels.data() + (static_cast<size_t>(y) * width + x) * static_cast<size_t>(bands);
    }
};

// Waves, an edge and noise.
inline Picture make_picture(uint32_t width, uint32_t height, int bands, unsigned seed = 5) {
    std::mt19937 random(seed);
    Picture p{width, height, bands, {}};
    for (uint32_t y = 0; y < height; ++y) {
        for (uint32_t x = 0; x < width; ++x) {
            for (int b = 0; b < bands; ++b) {
                double v = 128 + 60 * std::sin(x * 0.031 + b) * std::cos(y * 0.023 - b) + (x > y ? 25 : -15);
                v += static_cast<double>(random() % 9) - 4;
                p.pixels.push_back(static_cast<uint8_t>(std::clamp(v, 0.0, 255.0)));
            }
        }
    }
    return p;
}

inline double psnr(const Picture& a, const std::vector<uint8_t>& b) {
    REQUIRE(a.pixels.size() == b.size());
    double sum = 0;
    for (size_t i = 0; i < b.size(); ++i) sum += (a.pixels[i] - b[i]) * (a.pixels[i] - b[i]);
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(b.size()) / std::max(sum, 1e-9));
}

inline EncoderOptions small_options(ReadyModelPtr model, AnalysisBackend& analysis) {
    EncoderOptions options;
    options.model = std::move(model);
    options.analysis = &analysis;
    options.quality = 70;
    options.tile_size = 64;
    options.threads = 2;
    options.embed_model = true;
    return options;
}

inline std::vector<uint8_t> encode_bytes(const EncoderOptions& options, const Picture& p,
                                         EncodeStatistics* statistics = nullptr) {
    MemoryImageSource image(p.pixels.data(), p.width, p.height, p.bands);
    MemorySink sink;
    const Status status = encode(options, image, Metadata(), sink, statistics);
    INFO(status.message());
    REQUIRE(status.ok());
    return sink.take();
}

inline std::vector<uint8_t> encode_small(const Picture& p, double quality = 70) {
    BlockMeans analysis;
    EncoderOptions options = small_options(small_ready_model(), analysis);
    options.quality = quality;
    return encode_bytes(options, p);
}

inline std::unique_ptr<Decoder> open_bytes(std::vector<uint8_t> bytes, const DecoderOptions& options = {}) {
    auto decoder = Decoder::open(std::make_shared<MemorySource>(std::move(bytes), "small.nae"), options);
    INFO(decoder.status().message());
    REQUIRE(decoder.ok());
    return std::move(decoder).value();
}

inline std::vector<uint8_t> decode_all(const Decoder& decoder) {
    const Header& h = decoder.header();
    const size_t row = h.width * decoder.bands().count() * sample_bytes(h.data_type);
    std::vector<uint8_t> pixels(row * h.height);
    const Status status =
        decoder.read_window(0, 0, h.width, h.height, pixels.data(), static_cast<ptrdiff_t>(row));
    INFO(status.message());
    REQUIRE(status.ok());
    return pixels;
}

}  // namespace nae::test

#endif  // NAE_TESTS_UNIT_SMALL_CODEC_H_
