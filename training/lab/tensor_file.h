// Named arrays of floats out of files of others: NumPy's .npz, and PyTorch's .pt or .pth (its zip format, since 1.6).
//
// A .pt file names its arrays in a pickle, which is a program. It is not run: of its instructions only those that a
// state dict of plain tensors consists of are understood, and they build names and numbers, nothing else. LibTorch's
// own loader is not used for it.
#pragma once

#include <map>
#include <string>

#include "codec/torch/libtorch.h"
#include "format/status.h"

namespace nae::training {

// float32 and float64 arrays, as float32; the others are left out. The ending decides: .npz, else .pt.
// Errors, which name the file: io, truncated, corrupt, unsupported (a pickle with more in it than tensors; big-endian
// or Fortran-ordered arrays), limit_exceeded (an array of more than 1 GiB).
Result<std::map<std::string, torch::Tensor>> read_tensor_file(const std::string& path);

}  // namespace nae::training
