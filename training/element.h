// Functions that are part of a loop over many values, on a CPU or, compiled as CUDA, on a GPU.
#pragma once

#include "training/clones.h"

#ifdef __CUDACC__
#define NAE_ELEMENT __host__ __device__ __forceinline__
#else
#define NAE_ELEMENT NAE_INLINE
#endif
