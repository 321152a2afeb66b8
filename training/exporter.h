// From a trained model to a model file: integer decoder, gains, entropy tables, float encoder.
#pragma once

#include <string>

#include "codec/model.h"
#include "training/crop_sampler.h"
#include "training/photo_model.h"

namespace nae::training {

struct ExportOptions {
    std::string name = "photo";
    std::string text;            // model card in a few lines, stored in the file
    int calibration_crops = 24;  // 256×256 training crops that show the range of activations
    int output_frac_bits = 5;    // fraction bits of the pixels before the final rounding
    bool averaged = true;        // averaged weights, or the latest
    double largest_scale = 512;
    // Zeroes half of the latents at ordinary quality, for 0.003 dB at 32 dB and 0.015 dB at 40.
    int mean_dead_zone = 2;
};

// Builds and validates the model. Bounds are proved by nae::validate(). Throws std::runtime_error with a reason.
Model export_model(const PhotoModel& model, const FlatAdam& optimiser, CropSampler& sampler,
                   const ExportOptions& options);

// Encodes and decodes held-out crops with the exported model (real bytes, integer decoder) and prints them beside the
// float model's estimates: plain rounding, then rate-aware quantisation with each of these distortion weights
// (EncoderOptions::distortion_weight). Returns an error text or an empty string.
std::string check_export(const Model& exported, const PhotoModel& model, FlatAdam& optimiser,
                         CropSampler& sampler, const std::vector<double>& distortion_weights);

}  // namespace nae::training
