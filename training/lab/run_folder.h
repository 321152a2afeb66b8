// A run of the laboratory is a folder: settings.txt, log.csv, checkpoint.bin, plots (*.svg), pictures (*.png), model.nam.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/torch/libtorch.h"
#include "format/status.h"

namespace nae::training {

// What a run is made from; the same settings on the same machine with one thread give the same weights.
struct LabSettings {
    std::string model = "mnist-ae";
    std::vector<std::string> data;  // MNIST's folder, or folders of pictures
    int epochs = 10;
    int batch = 32;
    double lr = 1e-3;    // falls to a hundredth by a cosine
    int muon = 0;        // 1: hidden convolutions are updated by Muon, everything else by Adam as always
    double average = 0;  // decay a step of the averaged weights that are kept; 0: those of the last step
    uint64_t seed = 1;
    int threads = 1;   // of LibTorch; more than one: not reproducible to the last bit
    int crops = 4000;  // pictures: how many of 128x128 are cut, once; an epoch sees each of them
    int window = 128;  // side of the part of a crop that a step sees, at random
    // Loss of autoencoders: ssim (1 - SSIM) + perceptual * VGG16 difference + mse * MSE + rate * bits per pixel.
    // The first three sum to 1. Variational ones have cross-entropy + KL divergence instead.
    double ssim = 0, perceptual = 0, mse = 1;
    double rate = 0.01;
    double target_ssim = 0;  // > 0: `rate` is adapted until the training crops have this SSIM
    std::string vgg16;       // weights for the perceptual term
    std::string start;       // checkpoint of another run of the same model to start from
};

// Reads and writes settings.txt: lines "key = value". Errors: io; corrupt (a line is no setting, or its value no number).
Result<LabSettings> read_settings(const std::string& path);
Status write_settings(const LabSettings& settings, const std::string& path);
std::string settings_text(const LabSettings& settings);
// Sets one by its name in the file. Error: invalid_argument.
Status set_setting(LabSettings& settings, const std::string& key, const std::string& value);
// All ranges. Error: invalid_argument, in words for a person.
Status check_settings(const LabSettings& settings);

// What training has reached.
struct LabProgress {
    int epochs = 0;
    double seconds = 0;
    double rate = 0;
    int64_t steps = 0;
    std::vector<torch::Tensor> state;  // FlatAdam::state(): values, both moments, averaged values
};
// The numbers as they lie in memory: nothing but sizes is interpreted, and those are compared with what is there.
Status save_progress(const LabProgress& progress, const std::string& path);
// The tensors must have their sizes already; they are replaced. Errors: io, truncated, corrupt.
Status load_progress(const std::string& path, LabProgress& progress);

// One row of log.csv.
struct LogRow {
    int epoch = 0;
    double seconds = 0, lr = 0, rate = 0;
    double loss = 0, mse = 0, ssim = 0, bpp = 0, kl = 0;              // means over the epoch
    double v_loss = 0, v_mse = 0, v_psnr = 0, v_ssim = 0, v_bpp = 0;  // of what is held out, without noise
};
Status append_log(const LogRow& row, const std::string& path);
Result<std::vector<LogRow>> read_log(const std::string& path);

}  // namespace nae::training
