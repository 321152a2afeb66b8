#include "training/cuda/kernels.h"

#include <cuda_runtime.h>

#include "training/rate_element.h"

namespace nae::training {
namespace {

constexpr int kThreads = 256;

unsigned blocks_for(int64_t n) { return static_cast<unsigned>((n + kThreads - 1) / kThreads); }

cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }

__global__ void gaussian_bits_each(int64_t n, const float* v, const float* s, float least, float* bits,
                                   float* dv, float* ds) {
    const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (i >= n) return;
    const GaussianBitsElement e = gaussian_bits_element(v[i], s[i], least);
    bits[i] = e.bits;
    dv[i] = e.dv;
    ds[i] = e.ds;
}

__global__ void rate_aware_round_each(int64_t n, const float* v, const float* s, const float* weight,
                                      float least_scale, float least, float* symbols) {
    const int64_t i = int64_t(blockIdx.x) * kThreads + threadIdx.x;
    if (i < n) symbols[i] = rate_aware_round_element(v[i], s[i], weight[i], least_scale, least);
}

__global__ void unpack_each(RestorationBatch b, int32_t n, const float* in) {
    const int32_t i = int32_t(blockIdx.x) * kThreads + int32_t(threadIdx.x);
    if (i < n) unpack_pixel(b, i, in);
}

__global__ void classify_each(RestorationBatch b, int32_t n) {
    const int32_t i = int32_t(blockIdx.x) * kThreads + int32_t(threadIdx.x);
    if (i < n) classify_block(b, i);
}

__global__ void filter_each(RestorationBatch b, int32_t n, float* out) {
    const int32_t i = int32_t(blockIdx.x) * kThreads + int32_t(threadIdx.x);
    if (i < n) filter_pixel(b, i, out);
}

__global__ void gradient_each(RestorationBatch b, int32_t n, const float* gradient, float* out) {
    const int32_t i = int32_t(blockIdx.x) * kThreads + int32_t(threadIdx.x);
    if (i < n) filter_gradient_pixel(b, i, gradient, out);
}

}  // namespace

void gaussian_bits_cuda(void* stream, int64_t n, const float* v, const float* s, float least, float* bits,
                        float* dv, float* ds) {
    gaussian_bits_each<<<blocks_for(n), kThreads, 0, stream_of(stream)>>>(n, v, s, least, bits, dv, ds);
}

void rate_aware_round_cuda(void* stream, int64_t n, const float* v, const float* s, const float* weight,
                           float least_scale, float least, float* symbols) {
    rate_aware_round_each<<<blocks_for(n), kThreads, 0, stream_of(stream)>>>(n, v, s, weight, least_scale,
                                                                            least, symbols);
}

void restore_forward_cuda(void* stream, const RestorationBatch& b, const float* in, float* out) {
    const int32_t pixels = b.count * b.height * b.width, blocks = pixels / 16;
    unpack_each<<<blocks_for(pixels), kThreads, 0, stream_of(stream)>>>(b, pixels, in);
    classify_each<<<blocks_for(blocks), kThreads, 0, stream_of(stream)>>>(b, blocks);
    filter_each<<<blocks_for(pixels), kThreads, 0, stream_of(stream)>>>(b, pixels, out);
}

void restore_backward_cuda(void* stream, const RestorationBatch& b, const float* gradient, float* out) {
    const int32_t pixels = b.count * b.height * b.width;
    gradient_each<<<blocks_for(pixels), kThreads, 0, stream_of(stream)>>>(b, pixels, gradient, out);
}

}  // namespace nae::training
