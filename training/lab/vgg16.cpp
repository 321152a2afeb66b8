#include "training/lab/vgg16.h"

#include "format/text.h"
#include "training/lab/tensor_file.h"

namespace nae::training {
namespace {

using torch::Tensor;

// Convolutions of each block, by their number in torchvision's `features`; a block ends where features are compared,
// and the next begins with a maximum over 2x2.
const std::vector<std::vector<int>> kBlocks = {{0, 2}, {5, 7}, {10, 12, 14}, {17, 19, 21}};

}  // namespace

Result<Vgg16> Vgg16::load(const std::string& path) {
    NAE_ASSIGN_OR_RETURN(const auto arrays, read_tensor_file(path));
    Vgg16 out;
    int64_t channels = 3;
    for (const auto& block : kBlocks)
        for (int number : block) {
            const std::string name = cat("features.", number);
            const auto weight = arrays.find(name + ".weight"), bias = arrays.find(name + ".bias");
            for (const auto* found : {&weight, &bias})
                if (*found == arrays.end())
                    return Status(ErrorCode::corrupt, path + ": has no array \"" + name +
                                                          (found == &weight ? ".weight\"" : ".bias\"") +
                                                          "; are these torchvision's weights of VGG16?");
            const Tensor w = weight->second, b = bias->second;
            if (w.dim() != 4 || w.size(1) != channels || w.size(2) != 3 || w.size(3) != 3 || b.dim() != 1 ||
                b.size(0) != w.size(0))
                return Status(ErrorCode::corrupt,
                              path + ": the shape of \"" + name + "\" does not fit the layer before it");
            channels = w.size(0);
            out.weights_.push_back(w);
            out.biases_.push_back(b);
        }
    return out;
}

std::vector<Tensor> Vgg16::features(const Tensor& x) const {
    // What ImageNet's training normalised by.
    static const Tensor mean = torch::tensor({0.485f, 0.456f, 0.406f}).reshape({1, 3, 1, 1});
    static const Tensor deviation = torch::tensor({0.229f, 0.224f, 0.225f}).reshape({1, 3, 1, 1});
    std::vector<Tensor> out;
    Tensor y = (x - mean) / deviation;
    size_t layer = 0;
    for (size_t block = 0; block < kBlocks.size(); ++block) {
        if (block > 0) y = torch::max_pool2d(y, 2);
        for (size_t i = 0; i < kBlocks[block].size(); ++i, ++layer)
            y = torch::relu(torch::conv2d(y, weights_[layer], biases_[layer], 1, 1));
        out.push_back(y);
    }
    return out;
}

Tensor Vgg16::difference(const Tensor& a, const Tensor& b) const {
    const std::vector<Tensor> fa = features(a), fb = features(b);
    Tensor sum = torch::zeros({a.size(0)});
    for (size_t i = 0; i < fa.size(); ++i) sum = sum + (fa[i] - fb[i]).square().mean({1, 2, 3});
    return sum / double(fa.size());
}

}  // namespace nae::training
