#include <cmath>
#include <cstdio>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "format/byte_sink.h"
#include "format/byte_source.h"
#include "training/exporter.h"
#include "training/in_process_analysis.h"
#include "training/trainer.h"

namespace nae::training {
namespace {

struct Measured {
    double bpp = 0, psnr = 0;
};

Result<Measured> round_trip(const ReadyModelPtr& model, AnalysisBackend& analysis, double quality,
                            double weight, const std::vector<std::vector<uint8_t>>& crops, int size) {
    Measured m;
    for (const std::vector<uint8_t>& pixels : crops) {
        EncoderOptions e;
        e.quality = quality;
        e.effort = weight > 0 ? 5 : 1;  // 1: plain rounding
        if (weight > 0) e.distortion_weight = weight;
        e.model = model;
        e.analysis = &analysis;
        e.embed_model = true;  // the file needs no model store; only payload bytes are counted below
        MemoryImageSource image(pixels.data(), uint32_t(size), uint32_t(size), 3);
        auto sink = std::make_shared<MemorySink>();
        EncodeStatistics statistics;
        NAE_RETURN_IF_ERROR(encode(e, image, Metadata(), *sink, &statistics));
        m.bpp += double(statistics.hyper_bytes + statistics.latent_bytes) * 8 / double(size * size);
        DecoderOptions d;
        auto source = std::make_shared<MemorySource>(sink->take(), "crop");
        NAE_ASSIGN_OR_RETURN(std::unique_ptr<Decoder> decoder, Decoder::open(source, d));
        std::vector<uint8_t> back(pixels.size());
        NAE_RETURN_IF_ERROR(
            decoder->read_window(0, 0, uint32_t(size), uint32_t(size), back.data(), ptrdiff_t(size) * 3));
        double sum = 0;
        for (size_t i = 0; i < back.size(); ++i) sum += std::pow(double(back[i]) - double(pixels[i]), 2);
        m.psnr += 10 * std::log10(65025.0 * double(back.size()) / std::max(sum, 1.0));
    }
    m.bpp /= double(crops.size());
    m.psnr /= double(crops.size());
    return m;
}

}  // namespace

std::string check_export(const Model& exported, const PhotoModel& model, FlatAdam& optimiser,
                         CropSampler& sampler, const std::vector<double>& distortion_weights) {
    constexpr int kCrops = 16, kSize = 256;
    const auto prepared = prepare_model(exported, "exported model");
    if (!prepared.ok()) return prepared.status().message();
    const torch::Tensor blocks = sampler.validation_batch(kCrops, kSize).blocks;
    const auto pixels = sampler.validation_pixels(kCrops, kSize);
    std::printf("%8s  %18s  %18s  %21s", "quality", "float (estimate)", "integer, rounding", "against float");
    for (double w : distortion_weights) std::printf("    rate-aware, %4.2f", w);
    std::printf("\n");
    for (const ValidationPoint& f : validate(model, optimiser, blocks, torch::kCPU)) {
        const double quality = 1 + 99 * f.quality;
        InProcessAnalysis analysis(exported, int(std::lround(quality * 100)));
        const auto plain = round_trip(prepared.value(), analysis, quality, 0, pixels, kSize);
        if (!plain.ok()) return plain.status().message();
        std::printf("%8.1f  %7.4f %7.3f dB  %7.4f %7.3f dB  %+6.2f %% %+8.3f dB", quality, f.bpp, f.psnr,
                    plain.value().bpp, plain.value().psnr, 100 * (plain.value().bpp / f.bpp - 1),
                    plain.value().psnr - f.psnr);
        for (double w : distortion_weights) {
            const auto better = round_trip(prepared.value(), analysis, quality, w, pixels, kSize);
            if (!better.ok()) return better.status().message();
            std::printf("  %7.4f %7.3f dB", better.value().bpp, better.value().psnr);
        }
        std::printf("\n");
        std::fflush(stdout);
    }
    return {};
}

}  // namespace nae::training
