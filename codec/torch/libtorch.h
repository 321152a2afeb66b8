// The part of LibTorch's headers that tensors and gradients need. <torch/torch.h> brings layers, optimisers and data loaders
// besides, whose templates cost every file that includes them several seconds, precompiled or not.
#ifndef NAE_CODEC_TORCH_LIBTORCH_H_
#define NAE_CODEC_TORCH_LIBTORCH_H_

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#endif  // NAE_CODEC_TORCH_LIBTORCH_H_
