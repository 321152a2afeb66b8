#include "training/post_filter_begin.h"

#ifdef NAE_WITH_GDAL
#include "training/lab/tensor_file.h"
#endif

namespace nae::training {

#ifdef NAE_WITH_GDAL
namespace {

// Channel (dy, dx, colour) of ours is channel (colour, dy, dx) of theirs.
torch::Tensor our_order() {
    return torch::arange(kPostFilterChannels, torch::kLong)
        .view({3, kPostFilterBlock * kPostFilterBlock})
        .t()
        .reshape({kPostFilterChannels});
}

}  // namespace

Status begin_post_filter(const std::string& path, PostFilterNet& net) {
    NAE_ASSIGN_OR_RETURN(auto arrays, read_tensor_file(path));
    const auto take = [&](const std::string& name, const torch::Tensor& like) -> Result<torch::Tensor> {
        const auto found = arrays.find(name);
        if (found == arrays.end())
            return Status(ErrorCode::invalid_argument, path + ": holds no array \"" + name + "\"");
        if (found->second.numel() != like.numel() || found->second.size(0) != like.size(0))
            return Status(ErrorCode::invalid_argument, path + ": \"" + name + "\" has another shape");
        return found->second.reshape(like.sizes()).clone();
    };
    for (const auto& [name, tensor] : net.parameters()) {
        NAE_ASSIGN_OR_RETURN(torch::Tensor values, take(name, *tensor));
        // The output's channels; the input's come out of the whitening, which sorts them.
        *tensor = name.rfind("out.", 0) == 0 ? values.index_select(0, our_order()) : values;
    }
    NAE_ASSIGN_OR_RETURN(const torch::Tensor white, take("white", net.tensors[kPostFilterWhiteNode].weight));
    net.set_whitening(white.index_select(1, our_order()));
    return Status();
}
#else
Status begin_post_filter(const std::string& path, PostFilterNet&) {
    return Status(ErrorCode::unsupported, path + ": this build reads no files of PyTorch");
}
#endif

}  // namespace nae::training
