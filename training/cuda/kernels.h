// What the trainer computes on a GPU with kernels of its own; everything else there is LibTorch's. All pointers are to the
// device's memory; stream: a cudaStream_t. The calls return at once; errors show when LibTorch next waits for the device.
#pragma once

#include <cstdint>

#include "training/restoration_pixel.h"

namespace nae::training {

// Those of rate_kernels.h.
void gaussian_bits_cuda(void* stream, int64_t n, const float* v, const float* s, float least, float* bits,
                        float* dv, float* ds);
void rate_aware_round_cuda(void* stream, int64_t n, const float* v, const float* s, const float* weight,
                           float least_scale, float least, float* symbols);

// Planes and classes of a batch, and what the filter makes of it.
void restore_forward_cuda(void* stream, const RestorationBatch& batch, const float* in, float* out);
// Planes and classes as restore_forward_cuda() has left them.
void restore_backward_cuda(void* stream, const RestorationBatch& batch, const float* gradient, float* out);

}  // namespace nae::training
