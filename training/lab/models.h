// The laboratory's models by name, and what is common to training them.
//
//   mnist-ae        study 1: convolutions down, transposed convolutions up; 28x28 gray
//   mnist-vae       study 1: the same with two fully connected heads, mean and log-variance
//   mnist-cvae      the same, given the digit's label
//   ae-3 … ae-10    study 2: so many convolutions (ReLU), as many transposed ones back, sigmoid; colour
//   factorized-N    Ballé, Laparra, Simoncelli 2017: generalised divisive normalisation, factorised prior; N = 1, 2, 3
//                   stand for more and more bits
#pragma once

#include <string>
#include <vector>

#include "codec/research_model.h"
#include "codec/torch/libtorch.h"
#include "format/status.h"
#include "training/lab/network.h"

namespace nae::training {

struct LabModel {
    std::string name;
    bool variational = false;
    bool digits = false;  // trained on MNIST; else on crops of colour pictures
    bool noise = false;  // the synthesis sees additive noise in training (Ballé et al.); else rounded latents
    int latent_channels = 0;  // without the class
    int classes = 0;
    int stride = 0;
    int picture_channels = 0;
    Network analysis;   // variational: means, class, log-variances
    int drop_last = 0;  // operators of the analysis that the file does without
    Network synthesis;
    // Factorised prior of each latent channel: a mixture of logistic distributions of one centre.
    torch::Tensor centre, log_scale, mix;  // [C], [C, K], [C, K]
    torch::Tensor step;                    // [C]; 1 unless variational: from the posterior's deviations

    // Everything that is trained, always in the same order.
    std::vector<torch::Tensor> parameters() const;
    std::vector<bool> hidden() const;  // as Network::hidden()
    // Computes with these from now on, which have the order and the shapes of parameters().
    void use(const std::vector<torch::Tensor>& parameters);

    // Bits of each value of y [N, C, h, w], which carries noise of one step.
    torch::Tensor bits(const torch::Tensor& y) const;
    // Nearest value that a symbol can express; gradients pass straight through.
    torch::Tensor quantise(const torch::Tensor& y) const;
    // The encoder's analysis of pictures in 0..1; y without classes.
    torch::Tensor latent(const torch::Tensor& x, const torch::Tensor& labels) const;
    // Pictures in 0..1.
    torch::Tensor decode(const torch::Tensor& y, const torch::Tensor& labels) const;
    // Scales 0..1 to the analysis' input and appends the class plane.
    torch::Tensor analysis_input(const torch::Tensor& x, const torch::Tensor& labels) const;
};

std::vector<std::string> lab_model_names();
// Draws initial values from torch's random numbers: seed first. Error: invalid_argument, with the names there are.
Result<LabModel> make_lab_model(const std::string& name);

// The model as a file: frequency tables counted on `pictures` ([N, c, h, w] in 0..1) and their labels, which may be
// undefined. Rounds the parameters to what the file stores.
Result<ResearchModel> export_lab_model(LabModel& model, const torch::Tensor& pictures,
                                       const torch::Tensor& labels, const std::string& text);

}  // namespace nae::training
