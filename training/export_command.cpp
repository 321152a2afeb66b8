#include "training/export_command.h"

#include "training/checkpoint.h"
#include "training/fit_restoration.h"
#include "training/fit_tables.h"
#include "training/read_model.h"

namespace nae::training {
namespace {

// Fits what is fitted to the encoder's symbols, tables first.
std::string fit(Model& model, const CropSampler& sampler, int fit_crops, int rounds, int filter_crops) {
    if (fit_crops > 0)
        if (std::string e = fit_tables(model, sampler.calibration_pixels(fit_crops, 256), 256, rounds);
            !e.empty())
            return e;
    if (filter_crops > 0) return fit_restoration(model, sampler.calibration_pixels(filter_crops, 256), 256);
    return {};
}

std::string save_and_say(const Model& model, const std::string& out) {
    if (Status s = save_model(model, out); !s.ok()) return s.message();
    const auto id = model_id(model);
    if (!id.ok()) return id.status().message();
    std::printf("%s: model %s, ID %s, %.2f kMAC/px to decode\n", out.c_str(), model.name.c_str(),
                model_id_string(id.value()).c_str(), decoder_macs_per_pixel(model) / 1000);
    return {};
}

}  // namespace

std::string run_export(const ExportCommand& c) try {
    PackedPictures pictures;
    if (std::string e = pictures.open(c.data); !e.empty()) return e;
    CropSampler sampler(pictures, 128, 0.08, 1);
    FlatAdam optimiser(torch::kCPU, torch::kFloat);
    const PhotoModel model(c.model, shapes_only(c.model.latent_channels), optimiser);
    optimiser.seal();
    CheckpointInfo info;
    if (std::string e = load_checkpoint(c.checkpoint, c.model, optimiser, info); !e.empty()) return e;
    ExportOptions options = c.options;
    char line[200];
    std::snprintf(line, sizeof line, "%s%lld steps, %.2f hours, %.0f megapixels of crops.",
                  options.text.empty() ? "" : " ", static_cast<long long>(info.steps), info.hours,
                  info.megapixels);
    options.text += line;
    Model exported = export_model(model, optimiser, sampler, options);
    if (c.trellis) add_trellis(exported);
    if (std::string e = fit(exported, sampler, c.fit_crops, 0, c.filter_crops); !e.empty()) return e;
    if (std::string e = save_and_say(exported, c.out); !e.empty()) return e;
    if (!c.squeezed.empty())
        if (std::string e = save_checkpoint(c.squeezed, optimiser, info, false); !e.empty()) return e;
    return c.check ? check_export(exported, model, optimiser, sampler, c.distortion_weights) : std::string();
} catch (const std::exception& e) {
    return c.out + ": " + e.what();
}

std::string run_refit(const RefitCommand& c) try {
    PackedPictures pictures;
    if (std::string e = pictures.open(c.data); !e.empty()) return e;
    const CropSampler sampler(pictures, 128, 0.08, 1);
    auto parsed = read_model(c.model);
    if (!parsed.ok()) return parsed.status().message();
    Model model = std::move(parsed).value();
    if (!model.has_analysis()) return c.model + ": this model cannot encode";
    if (c.trellis && !model.has_trellis()) add_trellis(model);
    if (std::string e = fit(model, sampler, c.fit_crops, c.rounds, c.filter_crops); !e.empty()) return e;
    return save_and_say(model, c.out);
} catch (const std::exception& e) {
    return c.out + ": " + e.what();
}

}  // namespace nae::training
