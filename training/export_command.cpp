#include "training/export_command.h"

#include "training/checkpoint.h"
#include "training/fit_restoration.h"
#include "training/fit_tables.h"

namespace nae::training {

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
    if (c.fit_crops > 0)
        if (std::string e = fit_tables(exported, sampler.calibration_pixels(c.fit_crops, 256), 256);
            !e.empty())
            return e;
    if (c.filter_crops > 0)
        if (std::string e = fit_restoration(exported, sampler.calibration_pixels(c.filter_crops, 256), 256);
            !e.empty())
            return e;
    if (Status s = save_model(exported, c.out); !s.ok()) return s.message();
    const auto id = model_id(exported);
    if (!id.ok()) return id.status().message();
    std::printf("%s: model %s, ID %s, %.2f kMAC/px to decode\n", c.out.c_str(), exported.name.c_str(),
                model_id_string(id.value()).c_str(), decoder_macs_per_pixel(exported) / 1000);
    if (!c.squeezed.empty())
        if (std::string e = save_checkpoint(c.squeezed, optimiser, info, false); !e.empty()) return e;
    return c.check ? check_export(exported, model, optimiser, sampler, c.distortion_weights) : std::string();
} catch (const std::exception& e) {
    return c.out + ": " + e.what();
}

}  // namespace nae::training
