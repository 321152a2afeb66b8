// The perceptual term: how differently the first layers of VGG16 see two pictures.
#pragma once

#include <string>
#include <vector>

#include "codec/torch/libtorch.h"
#include "format/status.h"

namespace nae::training {

class Vgg16 {
  public:
    // Weights in torchvision's layout: "features.0.weight", "features.0.bias", then 2, 5, 7, 10, 12, 14, 17, 19, 21.
    // Layer widths are those of the file. Errors: those of read_tensor_file(), corrupt (an array is missing or does not
    // fit the one before it; named).
    static Result<Vgg16> load(const std::string& path);

    // Mean squared difference of the features after relu1_2, relu2_2, relu3_3 and relu4_3 (those of Johnson, Alahi and
    // Fei-Fei 2016), averaged over the four, [N]. Pictures are [N, 3, h, w] in 0..1, h and w at least 8.
    torch::Tensor difference(const torch::Tensor& a, const torch::Tensor& b) const;

  private:
    std::vector<torch::Tensor> features(const torch::Tensor& x) const;
    std::vector<torch::Tensor> weights_, biases_;
};

}  // namespace nae::training
